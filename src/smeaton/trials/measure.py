"""What a program costs to run: single calls in a fresh process that holds nothing but the runtime.

`python -m smeaton.trials.measure FOLDER ROWS.json` runs the program in FOLDER on the rows of the file and prints the
measurements as JSON. It imports no training library.
"""

import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from smeaton.errors import OutOfMoney, SmeatonError
from smeaton.runtime.files import open_program
from smeaton.runtime.program import PROGRAM_FILE, Program
from smeaton.task.table import USAGE, Array, Table, rows_in
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.trials.process import command, environment
from smeaton.trials.record import Cost

#: Dollars for one CPU core for one hour: what the large clouds ask for a general-purpose core on demand.
CPU_HOUR = 0.05
MOST_ROWS = 200  #: rows that are called in turn
#: Of wide tables fewer: writing and reading them would take longer than the calls.
_LEAST_ROWS, _MOST_CELLS = 20, 200_000
WARM_CALLS = 20
MOST_CALLS = 2_000
EXTERNAL_CALLS = 20  #: calls of a program that asks others: they are paid for
CASCADE_CALLS = 60  #: the same where only some rows go there
_LEAST_CALLS = 5  #: made whatever the clock says
_HERE_SECONDS, _HERE_CALLS = 0.02, 50  # in a process that has other things to do


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the measuring process is asked: request rows, the inputs' types, how long, and what it may reach."""

    rows: list[dict[str, Any]]
    types: dict[str, Type]
    seconds: float
    scratch: str
    most: int = MOST_CALLS
    hosts: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    ledger: str = ""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What it answers: seconds of single calls, CPU seconds and dollars a call, peak bytes of memory; `served` are the
    seconds of a call that a model server on this machine worked (dollars are NaN where a price is unknown)."""

    p50: float
    p95: float
    calls: int
    cpu: float
    money: float
    memory: int
    served: float = 0.0


def measure(
    folder: Path,
    task: Task,
    rows: Table,
    *,
    seconds: float = 0.5,
    ledger: Path | None = None,
    money: float | None = None,
) -> Cost:
    """Measure the program in `folder` on some typed rows, called one by one for at most `seconds`.

    `ledger` pays for programs that ask other machines or a model server: a few calls only, all made anew, for a reply
    kept from before says nothing about the time. `money` is what a row is known to cost in dollars from more answers
    than that (NaN = the price is unknown). The seconds a model server on this machine works are paid as all its cores.

    Raises:
        OutOfMoney: the program calls other machines and there is no ledger.
        SmeatonError: the program failed on the rows.
    """
    from smeaton.runtime.check import externals

    program = open_program(folder)
    outside = externals(program)
    if outside and ledger is None:
        raise OutOfMoney("the program talks to other machines and no money was set aside", fix="set budget.money")
    # Beside the program: there is room on the build's own disk, or nothing could be measured.
    with tempfile.TemporaryDirectory(prefix="smeaton-measure-", dir=folder.parent) as scratch:
        question = Question(
            rows=request_rows(rows, program.inputs, _most_rows(program)),
            types=task.input_types,
            seconds=seconds,
            scratch=scratch,
            hosts=tuple(external.host for external in outside if external.local or task.privacy.external),
            most=_most_calls(program),
            trust=program.files() if task.solutions.add else (),
            ledger=str(ledger or ""),
        )
        path = Path(scratch, "rows.json")
        path.write_bytes(msgspec.json.encode(question))
        found = _ask(folder, path, seconds)
    paid = found.money if money is None else money
    served = found.served * (os.cpu_count() or 1)  # a model server keeps all cores busy
    cost = 1000 * ((found.cpu + served) * CPU_HOUR / 3600 + paid)
    return Cost(
        p50=found.p50,
        p95=found.p95,
        cost_per_1k=cost if math.isfinite(cost) else None,
        size=program_size(program, folder),
        memory=found.memory,
    )


class Measure(Protocol):
    """How a program is measured: `measure`, or `measure_here` where no process may be started."""

    def __call__(
        self,
        folder: Path,
        task: Task,
        rows: Table,
        *,
        seconds: float = 0.5,
        ledger: Path | None = None,
        money: float | None = None,
    ) -> Cost:
        """See `measure`."""
        ...


def measure_here(
    folder: Path,
    task: Task,
    rows: Table,
    *,
    seconds: float = 0.02,
    ledger: Path | None = None,
    money: float | None = None,
) -> Cost:
    """The same for a program that asks nobody, in this process and for a moment: `seconds` at most 0.02. What it holds
    in memory cannot be told apart from what is here already, and stays unknown.

    Raises:
        SmeatonError: the program failed on the rows, or asks others.
    """
    program = open_program(folder)
    question = Question(
        rows=request_rows(rows, program.inputs, _most_rows(program)),
        types=task.input_types,
        seconds=min(seconds, _HERE_SECONDS),
        scratch="",
        most=_HERE_CALLS,
        trust=program.files() if task.solutions.add else (),
    )
    found = _measure_here(folder, question)
    return Cost(
        p50=found.p50,
        p95=found.p95,
        cost_per_1k=1000 * found.cpu * CPU_HOUR / 3600,
        size=program_size(program, folder),
    )


def _most_calls(program: Program) -> int:
    """How often a program is called at most."""
    from smeaton.runtime.check import effect_of

    if effect_of(program) != "external":
        return MOST_CALLS
    return CASCADE_CALLS if any(step.when for step in program.steps) else EXTERNAL_CALLS


def _most_rows(program: Program) -> int:
    return min(MOST_ROWS, max(_LEAST_ROWS, _MOST_CELLS // max(1, len(program.inputs))))


def program_size(program: Program, folder: Path) -> int:
    """Bytes of a program's files, `program.json` included."""
    return sum((folder / name).stat().st_size for name in {PROGRAM_FILE, *program.files()})


def request_rows(table: Table, names: Sequence[str], most: int = MOST_ROWS) -> list[dict[str, Any]]:
    """Up to `most` rows of a typed table, evenly chosen, as a client would send them in JSON."""
    size = rows_in(table)
    count = min(size, most)
    chosen = [number * size // count for number in range(count)]
    columns = [_plain(table[name], chosen) for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _plain(column: Array, chosen: Sequence[int]) -> list[Any]:
    values = column[list(chosen)].tolist()
    if column.dtype.kind == "M":
        return [None if value is None else value.isoformat() + "Z" for value in values]
    plain = [value.item() if hasattr(value, "item") else value for value in values]  # numpy scalars in object columns
    return [_number(value) if isinstance(value, float) else value for value in plain]


def _number(value: float) -> float | int | None:
    """A float as JSON has it: null for NaN. Whole numbers lose their point, since an integer column with nulls is
    stored as floats."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _ask(folder: Path, path: Path, seconds: float) -> Measured:
    try:
        done = subprocess.run(
            command("smeaton.trials.measure", str(folder), str(path)),
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60 + 10 * seconds,
            check=False,
            start_new_session=True,  # a Ctrl-C in the terminal is for the build to answer
        )
    except subprocess.TimeoutExpired as error:
        raise SmeatonError(
            "the program could not be measured: it does not come to an end", where=str(folder)
        ) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
        raise SmeatonError(f"the program could not be measured: {lines[-1]}", where=str(folder))
    return msgspec.json.decode(done.stdout, type=Measured)


def main() -> None:
    """The measuring process."""
    question = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Question)
    found = _measure_here(Path(sys.argv[1]), question)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


def _measure_here(folder: Path, question: Question) -> Measured:
    from smeaton.llm.ledger import Ledger
    from smeaton.runtime.call import Call
    from smeaton.runtime.check import externals
    from smeaton.runtime.engine import Engine
    from smeaton.trials.purse import Fresh, Meter

    program = open_program(folder)
    purse = Fresh(Meter(Ledger(Path(question.ledger)))) if question.ledger else None
    call = Call(purse=purse)
    with Engine(
        program,
        folder,
        Path(question.scratch, "state"),
        types=question.types,
        allow_external=question.hosts,
        trust=question.trust,
    ) as engine:
        asks = engine.effect == "external"
        rows = [[row] for row in question.rows]
        warm_end = time.perf_counter() + question.seconds / 4
        for number in range(1 if asks else WARM_CALLS):
            engine.rows(rows[number % len(rows)], call)
            if time.perf_counter() > warm_end:
                break
        before, cpu, served = purse.spent if purse else 0.0, time.process_time(), 0.0
        took: list[float] = []
        end = time.perf_counter() + question.seconds
        while len(took) < question.most:
            start = time.perf_counter()
            answers = engine.rows(rows[len(took) % len(rows)], call)
            stop = time.perf_counter()
            took.append(stop - start)
            served += _served(answers) if asks else 0.0
            if stop > end and (not asks or len(took) >= _LEAST_CALLS):
                break
        cpu = (time.process_time() - cpu) / len(took)
        money = (purse.spent - before) / len(took) if purse else 0.0
    took.sort()
    here = all(external.local for external in externals(program))
    return Measured(
        p50=_quantile(took, 0.5),
        p95=_quantile(took, 0.95),
        calls=len(took),
        cpu=cpu,
        money=money,
        memory=_peak(),
        served=served / len(took) if here else 0.0,
    )


def _served(answers: Table) -> float:
    """The seconds that models worked for these rows."""
    return sum(float(one["seconds"]) for one in answers.get(USAGE, ()) if one is not None)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of the sorted ones do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _peak() -> int:
    """Peak memory of this process in bytes; Linux counts in KiB, macOS in bytes.

    On Linux `ru_maxrss` begins with the memory of the process that started this one, which may be a build with a large
    table; what /proc counts begins anew with the program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        if found is not None:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()

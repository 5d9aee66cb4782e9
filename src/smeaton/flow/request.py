"""From what the user gave (a task, a file, a table) to a Task, the table if it is in memory, and the working folder."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from smeaton.data._room import room
from smeaton.data.read import Raw, read, read_chunks
from smeaton.data.sources._address import address
from smeaton.errors import InputError, TaskError
from smeaton.task.grammar import slug
from smeaton.task.infer import infer_output
from smeaton.task.task import Budget, Data, Source, Task, TestShare
from smeaton.task.types import Type
from smeaton.task.units import dollars, seconds

TASK_FILE = "smeaton.yaml"
_ENDINGS = (
    r"(\.(csv|tsv|tab|psv|txt|dat|jsonl?|ndjson|parquet|pq|arrows?|feather|ipc|xls[xmb]?|ods|zip|gz|zst|bz2|xz))+$"
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be built, where. `raw` holds rows that were read already, `new` says that the task has no file yet:
    it is written once the data is accepted, so that a wrong target leaves nothing behind."""

    task: Task
    folder: Path
    raw: Raw | None = None
    new: bool = False

    def forget(self) -> None:
        """Let go of the rows as they were read: texts take several times the memory of what is made of them."""
        object.__setattr__(self, "raw", None)


def resolve(
    what: object,
    target: str | None,
    budget: object,
    out: str | Path | None,
    *,
    external: bool = False,
    test_share: float | None = None,
) -> Request:
    """Understand the first argument of `build`. `test_share` is the share of a data file's or table's rows to seal.

    Raises:
        InputError: it is nothing that can be built from; says what can.
        TaskError: the task file is wrong, or a different one stands where this one would be written.
    """
    if isinstance(what, Task):
        request = Request(what, Path(out or what.folder))
    elif isinstance(what, str | os.PathLike):
        request = _from_path(Path(what), target, out, test_share)
    elif isinstance(what, Mapping) and "smeaton" in what:
        from smeaton.task.yaml import task_from

        folder = Path(out or ".")
        request = Request(task_from(what, folder), folder)
    elif what is None:
        raise InputError("nothing to build from", fix="give a task file, a data file with a target, or a table")
    else:
        request = _from_table(what, target, out, _sealed(test_share))
    task = request.task
    if budget is not None:
        task = task.with_(budget=_budgets(task.budget, budget))
    if external:
        task = task.with_(privacy=msgspec.structs.replace(task.privacy, external=True))
    return Request(task, *_rest(request))


def _rest(request: Request) -> tuple[Path, Raw | None, bool]:
    return request.folder, request.raw, request.new


def _budgets(budget: Budget, given: object) -> Budget:
    """A wall clock, or a mapping with `time` and `money`."""
    if isinstance(given, str | int | float):
        return _budget(budget, given)
    if not isinstance(given, Mapping) or not set(given) <= {"time", "money"}:
        raise InputError(f"{given!r} is no budget", fix='write "60s", or {"time": "60s", "money": "$1"}')
    if given.get("time") is not None:
        budget = _budget(budget, given["time"])
    if given.get("money") is not None:
        budget = Budget(time=budget.time, money=_money(given["money"]))
    return budget


def _money(given: object) -> float:
    """Dollars as `$1`, `1` or a number."""
    try:
        found = float(given) if isinstance(given, int | float) else dollars(f"${str(given).removeprefix('$')}")
    except ValueError as error:
        raise InputError(f"budget.money {given!r}: {error}", fix="write dollars, such as 0.50 or $2") from error
    if not 0 <= found < float("inf"):
        raise InputError(f"budget.money {given!r} is no amount to spend", fix="write dollars, such as 0.50 or $2")
    return found


def _budget(budget: Budget, given: str | float) -> Budget:
    try:
        time = float(given) if isinstance(given, int | float) else seconds(given)
    except ValueError as error:
        raise InputError(f"budget {given!r}: {error}", fix="write a time such as 60s or 4m") from error
    if not 1 <= time < float("inf"):
        raise InputError(f"a budget of {given} is too short", fix="give at least 1s; 30s and more is sensible")
    return Budget(time=time, money=budget.money)


def _sealed(share: float | None) -> TestShare:
    """What a share of rows to seal means.

    Raises:
        InputError: it is none.
    """
    if share is None:
        return TestShare()
    if not 0 <= share < 1:
        raise InputError(f"a test of {share:g} of the rows", fix="give a share such as 0.2, or 0 to seal none")
    return TestShare(share=share)


def _from_path(path: Path, target: str | None, out: str | Path | None, test_share: float | None) -> Request:
    from smeaton.task.yaml import check_files, read_task

    if path.is_dir() and (path / TASK_FILE).is_file():
        path = path / TASK_FILE
    if path.suffix in (".yaml", ".yml"):
        if target is not None:
            raise InputError(f"{path} names its own output", fix="leave --target out, or give the data file instead")
        if test_share is not None:
            raise InputError(
                f"{path} says itself what is tested on", fix=f"write test: {{share: {test_share:g}}} in it"
            )
        task = read_task(path)
        check_files(task)
        return Request(task, Path(out) if out else path.parent)
    if path.is_dir() and target is None:
        raise InputError(
            f"the folder {path} holds no {TASK_FILE}", fix="give a data file with --target, or a task file"
        )
    if not address(path).file.exists() and not any(mark in str(path) for mark in "*?["):
        raise InputError(f"there is no file {path}", fix="check the path" + _nearest_file(path))
    if target is None:
        raise _which_target(path)
    return _from_data(path, target, Path(out or "."), _sealed(test_share))


def _nearest_file(path: Path) -> str:
    import difflib

    folder = path.parent if path.parent.is_dir() else Path(".")
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.iterdir()], 1)
    return f"; did you mean {folder / near[0]}?" if near else ""


def _from_data(path: Path, target: str, folder: Path, test: TestShare) -> Request:
    """The task that `DATA --target COL` means; refused where a different one stands in its place."""
    from smeaton.task.yaml import read_task

    raw = read(path, Path("."), most=room())
    task = task_of_data(path, target, folder, raw, test)
    file = folder / TASK_FILE
    if file.exists():
        there = read_task(file).with_(folder=str(folder))
        if there.with_(budget=task.budget) != task:  # the same command again, with another budget perhaps
            raise TaskError(
                f"{file} describes a different task than {path} --target {target}",
                fix=f"build it with: smeaton build {_quoted(str(file))}   or write elsewhere with --out DIR",
                where=str(file),
            )
        return Request(there, folder, raw)
    return Request(task, folder, raw, new=True)


def task_of_data(path: Path, target: str, folder: Path, raw: Raw, test: TestShare | None = None) -> Task:
    """The task of predicting a column of a data file, as its file in `folder` says it.

    Raises:
        InputError: there is no such column.
    """
    data = os.path.relpath(path.resolve(), folder.resolve())
    name = slug(re.sub(_ENDINGS, "", address(path).file.name, flags=re.IGNORECASE))
    output = {target: _output_type(raw, target)}
    source = Data(examples=Source(files=(data,)))
    return Task(name=name, data=source, output=output, test=test or TestShare(), folder=str(folder))


def _output_type(raw: Raw, target: str) -> Type:
    if target not in raw.table:
        raise _no_column(raw.where, target, list(raw.table))
    return infer_output(raw.table[target], target)


def _no_column(where: str, target: str, columns: list[str]) -> InputError:
    import difflib

    near = difflib.get_close_matches(target, columns, 1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"the columns are: {', '.join(columns[:20])}"
    return InputError(f"there is no column {target!r}", fix=hint, where=where)


def _which_target(path: Path) -> InputError:
    """Name the likeliest targets and the exact command; nothing is guessed in silence."""
    from smeaton.flow._new_target import candidates

    table = next(read_chunks(path, rows=1_000)).table
    picks = [one.name for one in candidates(table)[:3]] or list(table)[-1:]
    return InputError(
        f"which column of {path} is to be predicted? Likely: {', '.join(repr(name) for name in picks)}",
        fix=f"smeaton build {_quoted(str(path))} --target {_quoted(picks[0])}",
    )


def _quoted(name: str) -> str:
    import shlex

    return shlex.quote(name)


def _from_table(table: Any, target: str | None, out: str | Path | None, test: TestShare) -> Request:
    if target is None:
        raise InputError("a table needs a target", fix='name the column to predict: build(table, target="churned")')
    raw = read(table, Path("."))
    output = {target: _output_type(raw, target)}
    folder = Path(out or ".")
    data = Data(examples=Source(files=("memory",)))
    task = Task(name=slug(target), data=data, output=output, test=test, folder=str(folder))
    return Request(task, folder, raw)

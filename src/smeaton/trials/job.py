"""One job of a worker: fit a candidate on a fold, export it, prove the program, answer the rows, write the result."""

import os
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton import plugins
from smeaton.compile.merge import mergeable
from smeaton.compile.proof import adversarial, compare
from smeaton.data.dataset import Dataset
from smeaton.data.fold import Fold
from smeaton.data.split import FoldIndex, all_rows, fold, open_folds, some_held
from smeaton.errors import OutOfMoney, ProgramError, SmeatonError, Unshippable
from smeaton.families import Family, Fitted, Run
from smeaton.families._own import own_family
from smeaton.families._vectors import FOLDER as VECTORS
from smeaton.families._vectors import VectorStore
from smeaton.llm.ledger import Ledger
from smeaton.runtime.call import Call
from smeaton.runtime.check import effect_of, externals, is_slow, tolerance_of
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import durable_write, flush, save_program
from smeaton.runtime.memory import let_go
from smeaton.runtime.ops._embed_memory import remembering
from smeaton.runtime.program import Program
from smeaton.task.arrays import save_table
from smeaton.task.table import Array, Table, rows_in, take
from smeaton.task.task import Task
from smeaton.trials.executors import Job
from smeaton.trials.pool import open_finished
from smeaton.trials.purse import Meter
from smeaton.trials.results import HELD, PROGRAM, RESULT_FILE, STOP, FitResult, check_answers, in_scale, usual_size
from smeaton.trials.seal import seal
from smeaton.trials.ship import MERGED_ROWS
from smeaton.trials.verdict import kin_words, models_of, salt_of, verdicts

Report = Callable[[int, float], None]
PROOF_ROWS = 1_000  #: held-out rows of the proof, which the adversarial ones are made from
HARD_ROWS, LEAST_HARD_ROWS = 20_000, 1_000  #: adversarial ones at most, and at most for the largest programs
HARD_BYTES = 1e10  #: of a program's size times these rows: proving a large one may not take longer than fitting it
PROOF_ROWS_SLOW = 24  #: the same for a program that takes long: these are computed, the others may be looked up


@dataclass(slots=True)
class Work:
    """A job with what it needs, and the facts that gather while it runs."""

    job: Job
    dataset: Dataset
    fold: Fold
    folder: Path  #: of the unfinished result
    meter: Meter | None
    facts: dict[str, Any]

    @property
    def task(self) -> Task:
        """The pinned task."""
        return self.dataset.task

    def timed(self, name: str, start: float) -> None:
        """Note the seconds since `start` under a name."""
        self.facts[name] = time.monotonic() - start


def run_job(job: Job, report: Report) -> FitResult:
    """Do a job; its folder `out` appears whole at the end. A job whose folder is already there is not done again.

    Raises:
        SmeatonError: the program does not answer what was fitted, or may not run; whatever the family raises.
    """
    out = Path(job.out)
    if (out / RESULT_FILE).exists():
        return msgspec.json.decode((out / RESULT_FILE).read_bytes(), type=FitResult)
    start = time.monotonic()
    # Opened first: of a build whose folder was removed nothing is made again.
    dataset, folds = _opened(job.data, tuple(path.stat().st_mtime_ns for path in sorted(Path(job.data).iterdir())))
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in (out, *out.parent.glob(f"{out.name}.tmp-*")):
        shutil.rmtree(left, ignore_errors=True)  # of a worker that was killed; a job is never done twice at a time
    folder = out.with_name(f"{out.name}.tmp-{os.getpid()}")
    folder.mkdir()
    meter = Meter(Ledger(Path(job.ledger))) if job.ledger else None
    try:
        index = some_held(folds[job.fold], job.fold, job.asked)
        one = fold(dataset, all_rows(index) if job.all_rows else index, job.fold)
        let_go(dataset.table)  # the fold holds its own rows
        work = Work(job, dataset, one, folder, meter, {"rows": len(one.train)})
        _fit_and_answer(work, folds, report)
        work.timed("seconds", start)
        work.facts["money"] = meter.spent if meter else 0.0
        result = FitResult(job=job, **work.facts)
        shutil.rmtree(folder / "scratch", ignore_errors=True)
        durable_write(folder / RESULT_FILE, msgspec.json.format(msgspec.json.encode(result), indent=2))
        seal(folder)
        folder.rename(out)
        flush(out.parent)
        return result
    finally:
        if meter:
            meter.close()
        shutil.rmtree(folder, ignore_errors=True)


def _fit_and_answer(work: Work, folds: list[FoldIndex], report: Report) -> None:
    job, facts = work.job, work.facts
    start = time.monotonic()
    fitted = _family(job.family, work.task).fit(work.task, job.config, work.fold, _run(work, folds, report))
    work.timed("fit_seconds", start)
    facts["steps"], facts["note"] = int(getattr(fitted, "steps", 0)), str(getattr(fitted, "note", ""))
    facts["refit"] = getattr(fitted, "refit", None)
    facts["shared"] = float(getattr(fitted, "shared", 0.0))
    facts["barred"] = str(getattr(fitted, "barred", ""))
    if job.export:
        try:
            _answer_as_program(work, fitted)
        except Unshippable as error:
            facts["barred"] = error.message
            shutil.rmtree(work.folder / PROGRAM, ignore_errors=True)
        else:
            return
    _answer_as_fitted(work, fitted)


def _answer_as_fitted(work: Work, fitted: Fitted) -> None:
    """Keep the answers of the fitted model itself: of a cheaper try, and of what no program can carry."""
    start = time.monotonic()
    held, stop = work.fold.held, work.fold.stop.x
    answers = fitted.predict(held)
    _save(work, answers, held, HELD)
    _save(work, fitted.predict(stop) if len(work.fold.stop) else none_of(answers), stop, STOP)
    work.timed("predict_seconds", start)


def _answer_as_program(work: Work, fitted: Fitted) -> None:
    """Export; then what is stored are the program's answers, and for a pure program the proof that they are the
    model's."""
    start = time.monotonic()
    folder = work.folder / PROGRAM
    folder.mkdir()
    program = fitted.export(folder)
    save_program(program, folder)
    work.timed("export_seconds", start)
    effect = effect_of(program)
    work.facts["effect"] = effect
    work.facts["mergeable"] = effect == "pure" and mergeable(program)
    work.facts["size"] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    held, stop = work.fold.held, work.fold.stop.x
    start = time.monotonic()
    if getattr(fitted, "merged", False):
        _answer_as_merged(work, fitted, program, folder)
        return
    with open_engine(program, folder, work) as engine:
        call = Call(purse=work.meter, seed=work.job.seed)
        with remembering(_store(work.job)):
            answers = engine.run(held, call)
        _save(work, _judged(work, program, answers, held), held, HELD)
        for repeat in range(1, work.job.repeats if effect != "pure" else 1):
            again = Call(purse=work.meter, seed=work.job.seed + repeat)
            _save(work, _judged(work, program, engine.run(held, again), held), held, f"{HELD}-{repeat}")
        if effect == "external" or not len(work.fold.stop):
            stop = none_of(stop)  # nothing reads these answers: do not pay for them
            _save(work, none_of(answers), stop, STOP)
        else:
            with remembering(_store(work.job)):
                _save(work, engine.run(stop, call), stop, STOP)
        work.timed("predict_seconds", start)
        if is_slow(program):  # every row is held out once, and its vectors are kept
            work.facts["shared"] += time.monotonic() - start
        if effect == "pure":
            start = time.monotonic()
            _prove(work, fitted, engine)
            work.timed("proof_seconds", start)


def _answer_as_merged(work: Work, fitted: Any, program: Program, folder: Path) -> None:
    """Keep the answers that follow from those of the parts; the proof asks the program some of the same rows."""
    start = time.monotonic()
    held, stop = fitted.known()
    _save(work, held, work.fold.held, HELD)
    _save(work, stop, work.fold.stop.x, STOP)
    work.timed("predict_seconds", start)
    start = time.monotonic()
    with open_engine(program, folder, work) as engine:
        size = rows_in(work.fold.held)
        some = np.unique(np.linspace(0, size - 1, min(size, MERGED_ROWS)).astype(np.int64))
        rows = take(work.fold.held, some)
        hard = adversarial(program, folder, rows, work.task, work.job.seed, MERGED_ROWS)
        _compare(work, engine, [("held-out", rows, take(held, some)), ("adversarial", hard, fitted.predict(hard))])
    work.timed("proof_seconds", start)


def _judged(work: Work, program: Program, answers: Table, held: Table) -> Table:
    """The answers with the verdicts of the task's checks and judge, where it has any."""
    task = work.task
    if not task.checks and task.judge is None:
        return answers
    # The candidate has answered: whoever judges may see what is known to be right.
    rows = {**held, task.target: work.dataset.target[work.fold.held_index]} if task.answer == "text" else held
    models = models_of(program)
    kin = kin_words(task, models)
    if kin and kin not in work.facts["note"]:
        work.facts["note"] = "; ".join(filter(None, (work.facts["note"], kin)))
    return verdicts(task, rows, answers, purse=work.meter, reference=models, salt=salt_of(program))


def _store(job: Job) -> VectorStore | None:
    """Where slow steps look up what they computed for the same rows in another fold."""
    return VectorStore(Path(job.cache) / VECTORS) if job.cache else None


def open_engine(program: Program, folder: Path, work: Work) -> Engine:
    """The engine of a program as this job may run it.

    Raises:
        OutOfMoney: it talks to other machines and there is no ledger.
        ProgramError: the task does not let rows leave this machine.
    """
    outside = externals(program)
    hosts = {external.host for external in outside}
    if hosts and work.meter is None:
        raise OutOfMoney(
            f"the program talks to {', '.join(sorted(hosts))} and no money was set aside for it",
            fix="give the task a budget: budget.money",
        )
    away = {external.host for external in outside if not external.local}
    if away and not work.task.privacy.external:
        raise ProgramError(
            f"the program sends rows to {', '.join(sorted(away))}, and the task does not allow that",
            fix="set privacy.external to true, or leave this family out",
        )
    state = work.folder / "scratch" / "state" if any(step.state for step in program.steps) else None
    own = ":" in work.job.family  # the user's code, named in the task
    trust: Collection[str] = program.files() if own else ()
    return Engine(program, folder, state, types=work.task.input_types, allow_external=hosts, trust=trust)


def _prove(work: Work, fitted: Fitted, engine: Engine) -> None:
    """Compare model and program on held-out rows and on adversarial ones; numbers relative to their size. Of a user's
    code, which may refuse what no row of the data is like, on held-out rows alone.

    Raises:
        SmeatonError: they differ by more than the tolerance.
    """
    held, slow = work.fold.held, is_slow(engine.program)
    some = take(held, np.arange(min(rows_in(held), PROOF_ROWS if not slow else PROOF_ROWS_SLOW)))
    most = int(np.clip(HARD_BYTES / max(1, work.facts["size"]), LEAST_HARD_ROWS, HARD_ROWS))
    asked = [("held-out", some)]
    if all(step.op != "code" for step in engine.program.steps):
        hard = adversarial(engine.program, engine.folder, some, work.task, work.job.seed, most)
        asked.append(("adversarial", hard))
    with remembering(_store(work.job)):
        _compare(work, engine, [(name, rows, fitted.predict(rows)) for name, rows in asked])


def _compare(work: Work, engine: Engine, asked: Sequence[tuple[str, Table, Table]]) -> None:
    """Ask a program rows whose answers (of the model) are known.

    Raises:
        SmeatonError: it answers otherwise.
    """
    worst, usual, tolerance = 0.0, None, tolerance_of(engine.program)
    for name, rows, expected in asked:
        size = rows_in(rows)
        with remembering(_store(work.job)):
            found = engine.run(rows)
        usual = usual_size(found) if usual is None else usual
        model, program = (check_answers(given, size, work.task) for given in (expected, found))
        off = compare(in_scale(model, program, usual), in_scale(program, program, usual), tolerance)
        if not off <= tolerance:
            raise SmeatonError(
                f"the exported program differs from the fitted model by {off:.3g} on {name} rows",
                fix="report this with the task: the program was thrown away, nothing wrong was shipped",
            )
        worst = max(worst, off)
    work.facts["parity"], work.facts["parity_rows"] = worst, sum(rows_in(rows) for _, rows, _ in asked)
    work.facts["parity_held"] = rows_in(asked[0][1])


def none_of(table: Table) -> dict[str, Array]:
    """The columns without a row."""
    return take(table, np.arange(0))


def _save(work: Work, answers: Table, rows: Table, side: str) -> None:
    save_table(check_answers(answers, rows_in(rows), work.task), work.folder / side)


def _family(name: str, task: Task) -> Family:
    """A part by name, or the user's own from the task's folder."""
    own = ":" in name or name in task.solutions.add
    family: Family = own_family(name, task) if own else plugins.load("families", name)
    return family


def _run(work: Work, folds: list[FoldIndex], report: Report) -> Run:
    job, target = work.job, work.dataset.target
    scratch = work.folder / "scratch"
    scratch.mkdir()
    asked = [(index, some_held(index, number, job.asked)) for number, index in enumerate(folds)]
    others: dict[int, Array] = {
        number: target[some.held] for number, (_, some) in enumerate(asked) if number != job.fold
    }
    return Run(
        seed=job.seed,
        fidelity=job.fidelity,
        seconds=job.seconds,
        scratch=scratch,
        threads=job.threads,
        purse=work.meter,
        pool=[open_finished(Path(folder), work.task, job.fold, asked) for folder in job.pool],
        report=report,
        cache=Path(job.cache) if job.cache else None,
        other_folds=others,
    )


@lru_cache(maxsize=1)
def _opened(data: str, stamp: tuple[int, ...]) -> tuple[Dataset, list[FoldIndex]]:
    """The prepared rows, memory-mapped, kept open between jobs for as long as nobody writes them anew."""
    folder = Path(data)
    return Dataset.open(folder, ids=False), list(open_folds(folder))

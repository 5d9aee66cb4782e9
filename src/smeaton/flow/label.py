"""`label`: from a task with unlabelled rows to more labelled ones, on a page or through a CSV file."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.bundle.read import open_bundle
from smeaton.errors import TaskError
from smeaton.flow._shipped import bundle_path
from smeaton.flow.request import TASK_FILE
from smeaton.labelling.ask import Model, choose, gain
from smeaton.labelling.desk import Desk
from smeaton.labelling.exchange import Taken, take_answers, write_questions
from smeaton.labelling.gain import Gain
from smeaton.labelling.shares import Share, shares
from smeaton.labelling.work import Work, open_work
from smeaton.runtime.call import Call
from smeaton.task.task import Task

_FINISH_SECONDS = 7.0  # what is in flight when the page ends


@dataclass(frozen=True, slots=True)
class Options:
    """How to label: where answers go, how many rows to ask, and the seed of the choice."""

    to: str | None = None
    into: bool = False
    count: int = 100
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What is known so far: rows with an answer, rows waiting, what more would bring, how often each label occurs."""

    labelled: int
    waiting: int
    gain: Gain
    shares: tuple[Share, ...]


def task_of(where: str | Path) -> Task:
    """The task of a file, or of a folder with a `smeaton.yaml`. Its files need not be there yet.

    Raises:
        TaskError: there is none, or it is wrong.
    """
    from smeaton.task.yaml import read_task

    path = Path(where)
    path = path / TASK_FILE if path.is_dir() else path
    if path.suffix not in (".yaml", ".yml"):
        raise TaskError(
            f"{path} is no task file",
            fix="write a smeaton.yaml with data: {examples: labels.csv, unlabelled: FILE} and an output",
            where=str(path),
        )
    return read_task(path)


@contextlib.contextmanager
def opened(task: Task, options: Options, *, write: bool = False) -> Iterator[tuple[Work, Model | None]]:
    """The work of a task and, where it was built, its model. Raises as `open_work` does."""
    path = bundle_path(Path(task.folder), task)
    if not path.is_dir():
        yield open_work(task, options.to, into=options.into, write=write), None
        return
    bundle = open_bundle(path)
    engine = bundle.engine()
    try:
        yield (
            open_work(task, options.to, into=options.into, known=bundle.manifest.task, write=write),
            lambda table: engine.run({name: table[name] for name in engine.program.inputs}, Call()),
        )
    finally:
        engine.close()


def to_csv(where: str | Path, path: str | Path, options: Options) -> dict[str, Any]:
    """Write the next rows to label as CSV; what was written, in words and numbers. Raises as `write_questions` does."""
    with opened(task_of(where), options) as (work, model):
        batch = choose(work, options.count, model, options.seed)
        write_questions(work, batch.questions, Path(path))
    drawn = sum(question.random for question in batch.questions)
    return {
        "rows": len(batch.questions),
        "random": drawn,
        "waiting": batch.waiting,
        "how": batch.how,
        "output": str(path),
        "notes": work.notes,
    }


def take_csv(where: str | Path, path: str | Path, options: Options, *, new_labels: bool = False) -> tuple[Taken, Work]:
    """Append the answers of a filled-in file. Raises as `take_answers` does."""
    task = task_of(where)
    known = bundle_path(Path(task.folder), task)
    pinned = open_bundle(known).manifest.task if known.is_dir() else None
    work = open_work(task, options.to, into=options.into, known=pinned, write=True)
    return take_answers(work, Path(path), new_labels=new_labels), work


def status(where: str | Path, options: Options) -> Status:
    """What is labelled, what waits, and what the next hundred would bring."""
    with opened(task_of(where), options) as (work, _):
        found = gain(work, options.seed)
        waiting = len(set(work.pool_keys) - work.answered)
        return Status(len(work.answered), waiting, found, shares(work))


def serve_desk(where: str | Path, options: Options, port: int, announce: Callable[[str, Desk], None]) -> Desk:
    """Ask on a page until told to stop; `announce` gets the address. Answers are on the disk one by one.

    Raises:
        InputError: the port is taken; as `open_work`.
    """
    from smeaton.labelling.page import create_page
    from smeaton.service.http import UsualLimits
    from smeaton.service.listening import address, listen
    from smeaton.service.server import Serving, run_here

    task = task_of(where)
    with contextlib.ExitStack() as held:
        listening = held.enter_context(listen("127.0.0.1", port))
        work, model = held.enter_context(opened(task, options, write=True))
        desk = Desk(work, choose(work, options.count, model, options.seed), lambda: _said(task, options))
        desk.start()
        serving = Serving(UsualLimits(), finish=_FINISH_SECONDS)
        run_here(create_page(desk), [listening], serving, lambda: announce(address(listening), desk))
    return desk


def _said(task: Task, options: Options) -> str:
    """The expected gain as the file of answers now stands."""
    now = open_work(task, options.to, into=options.into)
    return gain(now, options.seed).text()


def use_line(work: Work) -> str:
    """How the answers come into the task; "" where they are in its examples already."""
    source = work.task.data.examples
    folder = Path(work.task.folder).resolve()
    path = work.answers.path.resolve()
    files = () if source is None else source.files
    if any((folder / name).resolve() == path for name in files):
        return ""
    with contextlib.suppress(ValueError):
        path = path.relative_to(folder)
    listed = ", ".join([*files, str(path)])
    pool = work.task.data.unlabelled
    named = "..." if pool is None or not pool.files else ", ".join(pool.files)
    named = f"{{files: [{named}]}}" if pool is not None and len(pool.files) > 1 else named
    return f"data: {{examples: {{files: [{listed}]}}, unlabelled: {named}}}"

"""What there is to label: the pool, what was answered already and in which words, and the file for new answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.read import Raw, files_of, read
from smeaton.data.sources._columns import nearest
from smeaton.errors import DataError, InputError, TaskError
from smeaton.labelling.answers import ENDINGS, AnswerFile
from smeaton.labelling.marks import Marks
from smeaton.labelling.rows import keys
from smeaton.task.infer import infer_type, pin_type
from smeaton.task.table import Array, Table, object_column
from smeaton.task.task import Task
from smeaton.task.types import Label, Type
from smeaton.task.values import parse_column

MARKS = "labelling.jsonl"


@dataclass(slots=True)
class Work:
    """A task's unlabelled rows and what is known about them.

    `types` are those of the inputs. `kind` is the output's type with all labels known so far; `open_labels` says that
    the task does not name them, so that new ones may turn up. `labelled` are the tables with answers, as read, `sealed`
    those that only count as answered (`data.test`).
    """

    task: Task
    pool: Raw
    types: dict[str, Type]
    kind: Type
    open_labels: bool
    answers: AnswerFile
    marks: Marks
    labelled: Sequence[Table]
    pool_keys: list[str]
    answered: set[str]
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names of the inputs."""
        return list(self.types)

    @property
    def labels(self) -> tuple[Label, ...]:
        """All labels known so far."""
        return (self.kind.labels if self.kind.of is None else self.kind.of.labels) or ()


def open_work(
    task: Task, to: str | None = None, *, into: bool = False, known: Task | None = None, write: bool = False
) -> Work:
    """Read the pool and the answers there are.

    Args:
        task: with `data.unlabelled`. Files of `data.examples` that do not exist yet mean that nothing is labelled.
        to: the file for answers; default `labels.csv` (`.jsonl` where the examples are) in the task's folder.
        into: append to the one file of the examples instead.
        known: the pinned task of a bundle, whose types and labels are taken.
        write: answers will be appended, so a line of theirs that a crash cut off is removed.

    Raises:
        TaskError: no unlabelled rows are named, or an output that is not labelled here.
        DataError: a source that cannot be read, or lacks an input.
        InputError: `into` where the examples are not one plain file.
    """
    _check(task)
    folder = Path(task.folder)
    assert task.data.unlabelled is not None
    pool = read(task.data.unlabelled, folder)
    files, missing = _example_files(task, folder)
    examples = None if missing or task.data.examples is None else read(task.data.examples, folder)
    path = _answer_path(folder, files, to, into=into, missing=bool(missing))
    columns = _columns(task, pool, examples)
    answers = AnswerFile(path, columns, mend=write)
    tables = [] if examples is None else [dict(examples.table)]
    apart = path.exists() and path.stat().st_size and not (not missing and any(path.samefile(file) for file in files))
    if apart:
        tables.append(dict(read(path, Path(".")).table))
    tables = [table for table in tables if task.target in table]
    types = _types(task, pool, tables, known)
    open_labels = not task.labels and task.output_type.type != "boolean"
    kind = _output(known.output_type if known else task.output_type, task.target, tables, open_labels=open_labels)
    sealed = [] if task.data.test is None else [read(task.data.test, folder).table]
    work = Work(
        task=task,
        pool=pool,
        types=types,
        kind=kind,
        open_labels=open_labels and task.answer != "number",
        answers=answers,
        marks=Marks(folder / ".smeaton" / MARKS),
        labelled=tables,
        pool_keys=keys(pool.table, list(types)),
        answered=set(),
    )
    for table in tables:
        work.answered.update(_answered(table, work))
    for tested in sealed:
        if all(name in tested for name in types):
            work.answered.update(keys(tested, list(types)))
    work.notes += [note for note in (answers.note, *pool.notes) if note]
    if missing:
        work.notes.append(f"{missing[0]} does not exist yet or is empty: no row is labelled")
    return work


def _check(task: Task) -> None:
    if task.data.unlabelled is None:
        raise TaskError(
            "the task names no unlabelled rows",
            where="data",
            fix="write data: {examples: labels.csv, unlabelled: FILE}; labels.csv need not exist yet",
        )
    if task.answer == "structure":
        raise TaskError(
            "spans and fields are not asked row by row: an answer is a place in the text, which one key cannot say",
            where=f"output.{task.target}",
            fix="mark them in a tool for spans, and give the examples as JSON lines",
        )
    if task.answer in ("text", "other"):
        raise TaskError(
            f"an output of type {task.output_type.type} is not labelled here",
            where=f"output.{task.target}",
            fix="choose boolean, category, a list of categories, number or integer",
        )


def _example_files(task: Task, folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of the examples, and those of them that do not exist. Some but not all missing is a mistake."""
    source = task.data.examples
    if source is None or not source.files:
        return [], []
    files = files_of(source, folder)
    missing = [file for file in files if not file.exists()]
    if len(files) == 1 and not missing and not files[0].stat().st_size:
        missing = files  # made for the first answer, which a crash came before
    if missing and len(missing) < len(files):
        raise DataError(
            "there is no such file among the examples", where=str(missing[0]), fix="correct the path, or remove it"
        )
    return files, missing


def _answer_path(folder: Path, files: Sequence[Path], to: str | None, *, into: bool, missing: bool) -> Path:
    if into:
        if len(files) != 1 or files[0].suffix not in ENDINGS:
            raise InputError(
                "the examples are not one plain .csv, .tsv or .jsonl file that rows could be appended to",
                fix="leave --into out: the answers get a file of their own",
            )
        return files[0]
    if to is not None:
        return Path(to)
    if missing and len(files) == 1 and files[0].suffix in ENDINGS:
        return files[0]
    lines = any(".jsonl" in file.name or ".ndjson" in file.name for file in files)
    return folder / ("labels.jsonl" if lines else "labels.csv")


def _columns(task: Task, pool: Raw, examples: Raw | None) -> list[str]:
    """Columns of the answers: those of the examples, so that both can stand in one list of files."""
    names = list(examples.table) if examples is not None else list(pool.table)
    return names if task.target in names else [*names, task.target]


def _types(task: Task, pool: Raw, tables: Sequence[Table], known: Task | None) -> dict[str, Type]:
    if known is not None and known.inputs is not None:
        places = {name: place for place, name in enumerate(pool.table)}
        types = dict(sorted(known.inputs.items(), key=lambda item: places.get(item[0], len(places))))
    elif task.inputs is not None:
        types = {
            name: pin_type(pool.table[name], kind, name) if name in pool.table else kind
            for name, kind in task.inputs.items()
        }
    else:
        rows = task.rows
        taken = {task.target, rows.id, rows.time, rows.group, rows.weight, *rows.ignore}
        names = [name for name in pool.table if name not in taken and all(name in table for table in tables)]
        types = {name: infer_type(pool.table[name], name) for name in names}
    for name in types:
        for place, table in [(pool.where, pool.table), *(("the labelled rows", table) for table in tables)]:
            if name not in table:
                raise DataError(
                    f"there is no column {name!r}; {nearest(name, table)}",
                    where=place,
                    fix="give every input of the task in both files",
                )
    if not types:
        raise DataError("the pool shares no input column with the labelled rows", where=pool.where, fix="name `inputs`")
    return types


def _output(kind: Type, target: str, tables: Sequence[Table], *, open_labels: bool) -> Type:
    """The output's type with its text form, and its labels: those known before first, then any others that occur.

    Raises:
        DataError: an answer that cannot be read, or that is none of the labels the task states.
    """
    column = object_column([value for table in tables for value in _plain(table[target]) if value not in (None, "")])
    if len(column):
        kind = pin_type(column, kind, target)
    if kind.answer == "number":
        return kind
    if kind.type == "boolean":
        return msgspec.structs.replace(kind, labels=(False, True))
    part = kind.of if kind.answer == "many" and kind.of is not None else kind
    labels = part.labels or ()
    read_as = with_labels(kind, ()) if open_labels else kind
    parsed, faults = parse_column(column, read_as, target)
    if faults:
        raise DataError(
            f"an answer in {target!r} cannot be read: {faults[0].reason}",
            where="the labelled rows",
            fix="correct it, or the type of the output",
        )
    found = {label for value in parsed.tolist() for label in (value if isinstance(value, list) else [value])}
    return with_labels(kind, (*labels, *sorted(found - set(labels))))


def with_labels(kind: Type, labels: Sequence[Label]) -> Type:
    """A type of labels with these; none where there are none."""
    known = tuple(labels) or None
    if kind.answer == "many" and kind.of is not None:
        return msgspec.structs.replace(kind, of=msgspec.structs.replace(kind.of, labels=known))
    return msgspec.structs.replace(kind, labels=known)


def _answered(table: Table, work: Work) -> list[str]:
    """Keys of the rows that have an answer; [] is one."""
    given = [value is not None and value != "" for value in _plain(table[work.task.target])]
    return [key for key, has in zip(keys(table, work.names), given, strict=True) if has]


def _plain(column: Array) -> list[Any]:
    if column.dtype.kind == "f":
        return [None if np.isnan(value) else value for value in column.tolist()]
    return list(column.tolist())

"""Questions as a CSV file to fill in, and the filled-in file taken back: all of it, or nothing."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.read import Raw, read
from smeaton.data.sources._columns import nearest
from smeaton.errors import DataError, InputError
from smeaton.labelling.ask import Question
from smeaton.labelling.rows import row_of
from smeaton.labelling.work import Work
from smeaton.runtime.files import durable_write
from smeaton.task.forms import boolean_texts
from smeaton.task.infer import pin_type
from smeaton.task.readers import value_reader
from smeaton.task.table import object_column
from smeaton.task.types import Type, label_text

ROW, SUGGESTION, PROBABILITY, PICKED = "smeaton_row", "smeaton_suggestion", "smeaton_probability", "smeaton_picked"
_SHOWN = 5  # faults that are told


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file: rows appended, rows left without an answer, rows that had one already."""

    taken: int
    empty: int
    before: int


def write_questions(work: Work, questions: Sequence[Question], path: Path) -> None:
    """Write questions as CSV: the row's key, its columns, an empty column of the target, and what the model says.

    Raises:
        InputError: another ending than `.csv`, or a file that stands there already.
    """
    if path.suffix != ".csv":
        raise InputError(f"questions are written as .csv, not {path.suffix!r}", fix="name a .csv file")
    if path.exists():
        raise InputError(f"{path} stands there already and may hold answers", fix="name another file, or remove it")
    names = [name for name in work.answers.columns if name != work.task.target]
    head = [ROW, *names, work.task.target, SUGGESTION, PROBABILITY, PICKED]
    clash = sorted({name for name in head if head.count(name) > 1})
    if clash:
        raise InputError(f"the data has a column {clash[0]!r}, which this file needs", fix="rename the column")
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    for question in questions:
        chance = "" if question.probability is None else f"{question.probability:.3f}"
        said = "" if question.suggestion is None else shown(question.suggestion)
        picked = "random" if question.random else "guided"
        cells = [_cell(question.row[name]) for name in names]
        writer.writerow([question.key, *cells, "", said, chance, picked])
    durable_write(path, stream.getvalue().encode("utf-8"))
    mark_picked(work, questions)


def mark_picked(work: Work, questions: Sequence[Question]) -> None:
    """Remember which rows were drawn at random: only they say how often a label occurs."""
    work.marks.add([question.key for question in questions if question.random], "random")
    work.marks.add([question.key for question in questions if not question.random], "guided")


def take_answers(work: Work, path: Path, *, new_labels: bool = False) -> Taken:
    """Append the answers of a filled-in file. The rows are taken from the pool by their keys, so that what a
    spreadsheet program did to the other columns does no harm.

    Raises:
        DataError: not a file of questions, or answers that cannot be taken: each with its line, the nearest label and
            nothing written.
    """
    raw = read(path, Path("."))
    for name in (ROW, work.task.target):
        if name not in raw.table:
            raise DataError(
                f"there is no column {name!r}; {nearest(name, raw.table)}",
                where=str(path),
                fix="fill in a file that `smeaton label TASK --csv FILE` wrote",
            )
    places = {key: place for place, key in enumerate(work.pool_keys)}
    given = [cell for cell in raw.table[work.task.target].tolist() if cell not in (None, "")]
    if given:
        # The first answers of all say how a boolean or a number is written, unless the task does.
        work.kind = pin_type(object_column(given), work.kind, work.task.target)
    reader = value_reader(_readable(work, new_labels))
    faults: list[str] = []
    rows: list[dict[str, Any]] = []
    empty = before = 0
    names = [name for name in work.answers.columns if name != work.task.target]
    seen: set[str] = set()
    for line, (key, cell) in enumerate(zip(raw.table[ROW].tolist(), raw.table[work.task.target].tolist(), strict=True)):
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            empty += 1
            continue
        if key in work.answered:
            before += 1
            continue
        fault, value = _read(work, reader, cell)
        if key not in places:
            fault = "its key is that of no row of data.unlabelled"
        elif key in seen:
            fault = "this row stands in the file twice"
        if fault:
            faults.append(f"{raw.place(line)}: {fault}")
            continue
        seen.add(key)
        rows.append(row_of(work.pool.table, places[key], names) | {work.task.target: written(work, value)})
    _refuse(path, faults, raw, open_labels=work.open_labels and not new_labels)
    if rows:
        work.answers.extend(rows)
        work.answered.update(seen)
    return Taken(len(rows), empty, before)


def _refuse(path: Path, faults: Sequence[str], raw: Raw, *, open_labels: bool) -> None:
    if not faults:
        return
    more = f"\n  and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    listed = "".join(f"\n  {fault}" for fault in faults[:_SHOWN])
    raise DataError(
        f"{len(faults)} of {len(raw)} rows cannot be taken; nothing was written:{listed}{more}",
        where=str(path),
        fix="correct these answers" + (", or give --new-labels if a new label is meant" if open_labels else ""),
    )


def _readable(work: Work, new_labels: bool) -> Type:
    from smeaton.labelling.work import with_labels

    kind = msgspec.structs.replace(work.kind, optional=False)
    free = work.open_labels and (new_labels or not work.labels)
    return with_labels(kind, ()) if free else kind


def _read(work: Work, reader: Any, cell: Any) -> tuple[str, Any]:
    """The fault of an answer ("" for none), and its value."""
    if isinstance(cell, str) and work.kind.answer != "many":
        cell = cell.strip()
    try:
        return "", reader(cell)
    except ValueError as error:
        texts = [label_text(label) for label in work.labels]
        if not texts or work.kind.answer == "many":
            return str(error), None
        if work.kind.type == "boolean":
            texts = list(boolean_texts(work.kind))
        return f"{cell!r} is no label; {nearest(str(cell), texts)}", None


def written(work: Work, value: Any) -> Any:
    """An answer as the file of answers holds it: a boolean in the words of the column, where the file is text."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool) and work.answers.path.suffix != ".jsonl":
        return next(text for text, meant in boolean_texts(work.kind).items() if meant is value)
    return value


def shown(value: Any) -> str:
    """An answer as people read it; a list as JSON, which is how it may be written."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:g}" if isinstance(value, float) else label_text(value)


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else label_text(value) if isinstance(value, bool) else value

"""Answer a whole file: one row out for each row in, in order; an unreadable row keeps its place and says why.

Rows stream, so memory does not grow with them, and what was killed goes on where it stopped (`_resume.py`).
"""

import csv
import io
import json
import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.bundle.read import Bundle, open_bundle
from smeaton.data.read import Raw, read_chunks
from smeaton.errors import InputError, OutOfMoney, RowFault, RowsError
from smeaton.flow._judge import Judge
from smeaton.flow._resume import Unfinished, disk_error, identity, unfinished
from smeaton.flow.local import asks, served
from smeaton.llm.purse import MemoryPurse
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops._embed_memory import on_threads
from smeaton.task.table import ERROR, HIGH, LOW, PREDICTION, PROBABILITY, Array, Table, object_column, rows_in, take
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.task.values import parse_column

#: Rows answered at once; fewer of wide tables, so that a chunk holds about so many values.
CHUNK_ROWS = 50_000
CHUNK_CELLS = 2_000_000


@dataclass(slots=True)
class Predicted:
    """What came of it: rows written, rows that could not be read, and the metric where the target was present.

    `resumed` of the rows were answered by an earlier run that did not end.
    """

    rows: int = 0
    unreadable: int = 0
    metric: str = ""
    value: float | None = None
    judged: int = 0
    output: str = ""
    note: str = ""
    first_errors: list[str] = field(default_factory=list)
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """What a bundle may do beyond computing: keep state in a folder, talk to hosts, spend dollars (None = nothing), run
    code that is trusted by name."""

    state: Path | None = None
    allow_external: tuple[str, ...] = ()
    spend: float | None = None
    trust: tuple[str, ...] = ()


def predict_file(
    bundle: str | Path, source: str | Path, output: str | Path, *, strict: bool = False, leave: Leave | None = None
) -> Predicted:
    """Answer every row of a file into another (`.csv`, `.tsv` or `.jsonl`), which appears whole or not at all.

    A run that was killed left its rows in `OUTPUT.part`; the same call goes on there.

    Columns: the id column if there is one, `prediction`, for numbers the ends `low` and `high` of its interval, for
    labels `probability_<label>`, and `error` where a row could not be read. A list or object is written as JSON text
    into `.csv` and `.tsv`, as it is into `.jsonl`. With the target among the columns the task's metric is computed too.

    Raises:
        InputError: the input lacks a column the program reads, the output cannot be written, or the money ran out.
        RowsError: `strict` and a row cannot be read.
    """
    target = _output(Path(output), Path(source))
    opened = open_bundle(Path(bundle))
    with served(asks(opened.manifest.program), logging.getLogger("smeaton").info):
        wanted = identity(opened.hash, Path(source), target.suffix, "strict" if strict else "")
        try:
            with unfinished(target, wanted) as partial:
                return _predicted(opened, Path(source), partial, strict, leave or Leave())
        except OSError as error:
            said = disk_error(error, target)
            raise said from (error if said is not error else None)


def _predicted(opened: Bundle, source: Path, partial: Unfinished, strict: bool, leave: Leave) -> Predicted:
    progress, task = partial.progress, opened.manifest.task
    result = Predicted(
        progress.rows,
        progress.unreadable,
        metric=opened.manifest.metric,
        output=str(partial.target),
        resumed=progress.rows,
        first_errors=progress.first_errors,
    )
    judge = Judge(opened, partial.folder, progress.judged)
    engine = opened.engine(state_dir=leave.state, allow_external=leave.allow_external, trust=leave.trust)
    call = Call(purse=None if leave.spend is None else MemoryPurse(leave.spend))
    rows = max(1, min(CHUNK_ROWS, CHUNK_CELLS // max(len(task.input_types), 1)))
    try:
        with partial.stream() as stream:
            writer = _Writer(partial.target.suffix, task, engine.program.outputs, begun=progress.written > 0)
            for raw in read_chunks(source, rows=rows):
                if raw.first_row < progress.rows:
                    continue  # answered before; pieces are as they were, for rows and bundle are
                answers = _answer(engine, task, raw, strict, call)
                stream.write(writer.lines(raw.table, answers).encode("utf-8", "surrogatepass"))
                judge.add(raw.table, answers)
                _count(result, answers)
                progress.rows, progress.unreadable = result.rows, result.unreadable
                partial.note(stream)
        result.value, result.judged, result.note = judge.value()
        partial.finish()
    except InputError:
        partial.drop()  # nothing that is half written is of use: the same row would stop it again
        raise
    except OutOfMoney as error:
        raise InputError(
            f"{error.message}; nothing was written to {partial.target.name}, {progress.rows:,} rows are kept",
            fix="allow more with --spend and run it again: it goes on where it stopped",
        ) from error
    finally:
        engine.close()
    return result


def _output(target: Path, source: Path) -> Path:
    """Where the answers go, checked before any work is done."""
    if target.suffix not in (".csv", ".tsv", ".jsonl"):
        raise InputError(f"cannot write {target}: unknown ending {target.suffix!r}", fix="use .csv, .tsv or .jsonl")
    if not target.parent.is_dir():
        raise InputError(f"there is no folder {target.parent} to write {target.name} into", fix="make it first")
    if target.is_dir():
        raise InputError(f"{target} is a folder", fix="name a file for the answers")
    if target.exists() and source.exists() and target.samefile(source):
        raise InputError(f"{target} is the input itself", fix="write the answers to another file")
    return target


def _count(result: Predicted, answers: Table) -> None:
    errors = answers[ERROR]
    for row in np.flatnonzero(np.array([error is not None for error in errors], dtype=bool)):
        result.unreadable += 1
        if len(result.first_errors) < 5:
            result.first_errors.append(f"row {result.rows + int(row) + 1}: {errors[row]}")
    result.rows += len(errors)


def _answer(engine: Engine, task: Task, chunk: Raw, strict: bool, call: Call) -> dict[str, Array]:
    """Answers for one chunk; rows with a faulty value get nulls and the reason under `error`."""
    raw = chunk.table
    missing = [name for name in engine.program.inputs if name not in raw]
    if missing:
        raise InputError(
            f"the input has no column {missing[0]!r}" + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
            fix="give every input column of the task; its names are in the bundle's card.md",
            where=chunk.where,
        )
    typed, reasons = _typed(raw, {name: task.input_types[name] for name in engine.program.inputs})
    if strict and reasons:
        first = min(reasons)
        faults = [RowFault(chunk.first_row + row, "", reason) for row, reason in sorted(reasons.items())]
        raise RowsError(
            faults,
            where=chunk.place(first),
            fix="correct the values, or leave --strict out: such rows then get their reason in `error`",
        )
    count = rows_in(raw)
    good = np.array([row for row in range(count) if row not in reasons], dtype=np.int64)
    errors = object_column([reasons.get(row) for row in range(count)])
    if len(good) == 0:
        return {ERROR: errors}
    with on_threads(os.cpu_count() or 1):
        answers = dict(engine.run(typed if len(good) == count else take(typed, good), call))
    if ERROR in answers:
        failed = answers.pop(ERROR)
        errors[good] = failed
        answered = np.array([error is None for error in failed.tolist()], dtype=bool)
        good, answers = good[answered], take(answers, answered)
    return {name: _spread(column, good, count) for name, column in answers.items()} | {ERROR: errors}


def _typed(raw: Table, types: Mapping[str, Type]) -> tuple[dict[str, Array], dict[int, str]]:
    typed: dict[str, Array] = {}
    reasons: dict[int, str] = {}
    for name, type_ in types.items():
        typed[name], faults = parse_column(raw[name], type_, name)
        for fault in faults:
            reasons.setdefault(fault.row, f"{name}: {fault.reason}")
    return typed, reasons


def _spread(column: Array, rows: Array, count: int) -> Array:
    """Put the answers of some rows back among all; the other rows are null."""
    if len(rows) == count:
        return column
    empty: Any = np.nan if column.dtype.kind == "f" else None
    dtype = column.dtype if column.dtype.kind == "f" else object
    full = np.full((count, *column.shape[1:]), empty, dtype=dtype)
    full[rows] = column
    return full


class _Writer:
    """Chunks as CSV, TSV or JSON lines. `begun`: the column names are written already."""

    def __init__(self, suffix: str, task: Task, outputs: Sequence[str], *, begun: bool) -> None:
        self.suffix = suffix
        self.labels = task.output_type.text_labels()
        self.ends = [name for name in (LOW, HIGH) if name in outputs]
        self.id = task.rows.id
        self.begun = begun

    def lines(self, raw: Table, answers: Table) -> str:
        """The text of one chunk."""
        rows = self._rows(raw, answers)
        if self.suffix == ".jsonl":
            names = self._names(raw)
            return "".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter="\t" if self.suffix == ".tsv" else ",", lineterminator="\n")
        if not self.begun:
            writer.writerow(self._names(raw))
            self.begun = True
        writer.writerows([_cell(value) for value in row] for row in rows)
        return text.getvalue()

    def _names(self, raw: Table) -> list[str]:
        ids = [self.id] if self.id and self.id in raw else []
        return [*ids, PREDICTION, *self.ends, *(f"probability_{label}" for label in self.labels), ERROR]

    def _rows(self, raw: Table, answers: Table) -> Iterator[Sequence[Any]]:
        columns: list[Sequence[Any]] = [raw[self.id].tolist()] if self.id and self.id in raw else []
        empty = [None] * rows_in(answers)
        columns.append([_plain(value) for value in answers[PREDICTION].tolist()] if PREDICTION in answers else empty)
        ends = (answers[name].tolist() if name in answers else empty for name in self.ends)
        columns.extend([_plain(value) for value in end] for end in ends)
        if self.labels:
            probability = answers.get(PROBABILITY)
            shares = [empty] * len(self.labels) if probability is None else probability.T.tolist()
            columns.extend([_plain(value) for value in share] for share in shares)
        columns.append(answers[ERROR].tolist())
        return zip(*columns, strict=True)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else value

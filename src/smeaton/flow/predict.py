"""Answer a whole file: one row out for each row in, in order; an unreadable row keeps its place and says why."""

import csv
import json
import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import msgspec
import numpy as np

from smeaton.bundle.read import Bundle, open_bundle
from smeaton.data.read import Raw, read_chunks
from smeaton.errors import InputError, OutOfMoney, RowFault, RowsError
from smeaton.flow.local import asks, served
from smeaton.llm.purse import MemoryPurse
from smeaton.metrics._defaults import load_metric, needs_verdicts
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops._embed_memory import on_threads
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table, concat, object_column, rows_in, take
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.task.values import parse_column

CHUNK_ROWS = 50_000


@dataclass(slots=True)
class Predicted:
    """What came of it: rows written, rows that could not be read, and the metric where the target was present."""

    rows: int = 0
    unreadable: int = 0
    metric: str = ""
    value: float | None = None
    judged: int = 0
    output: str = ""
    note: str = ""
    first_errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Leave:
    """What a bundle may do beyond computing: keep state in a folder, talk to hosts, spend dollars (None = nothing)."""

    state: Path | None = None
    allow_external: tuple[str, ...] = ()
    spend: float | None = None


def predict_file(
    bundle: str | Path, source: str | Path, output: str | Path, *, strict: bool = False, leave: Leave | None = None
) -> Predicted:
    """Answer every row of a file into another (`.csv`, `.tsv` or `.jsonl`), which appears whole or not at all.

    Columns: the id column if there is one, `prediction`, for labels `probability_<label>`, and `error` where a row
    could not be read. A list or object is written as JSON text into `.csv` and `.tsv`, as it is into `.jsonl`. With the
    target among the columns the task's metric is computed too.

    Raises:
        InputError: the input lacks a column the program reads, the output cannot be written, or the money ran out.
        RowsError: `strict` and a row cannot be read.
    """
    target = _output(Path(output), Path(source))
    opened = open_bundle(Path(bundle))
    with served(asks(opened.manifest.program), logging.getLogger("smeaton").info):
        return _predicted(opened, Path(source), target, strict, leave or Leave())


def _predicted(opened: Bundle, source: Path, target: Path, strict: bool, leave: Leave) -> Predicted:
    result = Predicted(metric=opened.manifest.metric, output=str(target))
    judge = _Judge(opened)
    partial = target.with_name(f"{target.name}.part-{os.getpid()}")
    engine = opened.engine(state_dir=leave.state, allow_external=leave.allow_external)
    call = Call(purse=None if leave.spend is None else MemoryPurse(leave.spend))
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            writer = _Writer(stream, target.suffix, opened.manifest.task)
            for raw in read_chunks(source, rows=CHUNK_ROWS):
                answers = _answer(engine, opened.manifest.task, raw, strict, call)
                writer.write(raw.table, answers)
                judge.add(raw.table, answers)
                _count(result, answers)
        partial.replace(target)
    except OutOfMoney as error:
        raise InputError(f"{error.message}; nothing was written", fix="allow more with --spend") from error
    finally:
        engine.close()
        partial.unlink(missing_ok=True)
    result.value, result.judged, result.note = judge.value()
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
    """Writes chunks as CSV, TSV or JSON lines."""

    def __init__(self, stream: TextIO, suffix: str, task: Task) -> None:
        self.stream = stream
        self.suffix = suffix
        self.labels = task.output_type.text_labels()
        self.id = task.rows.id
        self.header: list[str] | None = None

    def write(self, raw: Table, answers: Table) -> None:
        rows = self._rows(raw, answers)
        if self.suffix == ".jsonl":
            names = self._names(raw)
            for row in rows:
                self.stream.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")
            return
        writer = csv.writer(self.stream, delimiter="\t" if self.suffix == ".tsv" else ",", lineterminator="\n")
        if self.header is None:
            self.header = self._names(raw)
            writer.writerow(self.header)
        writer.writerows([_cell(value) for value in row] for row in rows)

    def _names(self, raw: Table) -> list[str]:
        ids = [self.id] if self.id and self.id in raw else []
        return [*ids, PREDICTION, *(f"probability_{label}" for label in self.labels), ERROR]

    def _rows(self, raw: Table, answers: Table) -> Iterator[Sequence[Any]]:
        columns: list[Sequence[Any]] = [raw[self.id].tolist()] if self.id and self.id in raw else []
        empty = [None] * rows_in(answers)
        columns.append([_plain(value) for value in answers[PREDICTION].tolist()] if PREDICTION in answers else empty)
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


class _Judge:
    """Gathers answers and truth while rows go by, if the input holds the target.

    A metric may need the whole table (a rank, a user's function), so all is kept until the end: a few numbers a row.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.task = bundle.manifest.task
        self.name = bundle.manifest.metric
        self.answers: list[Table] = []
        self.truth: list[Array] = []
        self.unknown = 0

    def add(self, raw: Table, answers: Table) -> None:
        """Take a chunk. A row that could not be answered counts as wrong; one without a known target is left out."""
        if self.task.target not in raw:
            return
        truth, faults = parse_column(raw[self.task.target], _lenient(self.task.output_type), self.task.target)
        given = np.array([not _null(value) for value in truth.tolist()], dtype=bool)
        self.unknown += len(faults)
        if self.task.is_class:
            codes = {label: code for code, label in enumerate(self.task.labels)}
            truth = np.array([codes.get(value, -1) if value is not None else -1 for value in truth.tolist()])
            self.unknown += int((given & (truth < 0)).sum())
            given &= truth >= 0
        if self.task.answer == "many":
            places = {label: code for code, label in enumerate(self.task.labels)}
            held = np.zeros((len(truth), len(places)), dtype=np.int8)
            for row in np.flatnonzero(given).tolist():
                held[row, [places[label] for label in truth[row]]] = 1
            truth = held
        whole = _spread_out(answers, self.task)
        self.answers.append(take(whole, given))
        self.truth.append(truth[given])

    def value(self) -> tuple[float | None, int, str]:
        """The metric, the rows it was computed on, and what has to be said of it."""
        rows = sum(map(len, self.truth))
        if not rows:
            return None, 0, ""
        if ":" in self.name:
            return None, 0, f"{self.name} is the task's own metric; its code is no part of the bundle: not computed"
        if needs_verdicts(self.name):
            return (
                None,
                0,
                f"{self.name} needs the task's own checks or judge, which run while it is built: not computed",
            )
        note = f"{self.unknown:,} rows with a target the bundle does not know are left out" if self.unknown else ""
        metric = load_metric(self.name, self.task)
        statistics = metric.rows(concat(self.answers), np.concatenate(self.truth), self.task.labels)
        return float(metric.value(statistics.astype(np.float64).mean(axis=0))), rows, note


def _lenient(type_: Type) -> Type:
    """The output's type, where a row may have no target."""
    return msgspec.structs.replace(type_, optional=True)


def _spread_out(answers: Table, task: Task) -> Table:
    """A chunk's answers with all columns, also where no row of it could be answered."""
    if PREDICTION in answers:
        return answers
    rows = len(answers[ERROR])
    if task.answer in ("structure", "text"):
        return {PREDICTION: object_column([None] * rows), ERROR: answers[ERROR]}
    if not task.labels:
        return {PREDICTION: np.full(rows, np.nan), ERROR: answers[ERROR]}
    chance = np.full((rows, len(task.labels)), np.nan)
    return {PREDICTION: object_column([None] * rows), PROBABILITY: chance, ERROR: answers[ERROR]}


def _null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))

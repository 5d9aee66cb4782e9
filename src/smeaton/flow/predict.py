"""Answer a whole file: one row out for each row in, in order; an unreadable row keeps its place and says why."""

import csv
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from smeaton.bundle.read import Bundle, open_bundle
from smeaton.errors import InputError, RowsError
from smeaton.runtime.engine import Engine
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table, object_column, rows_in, take
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
    first_errors: list[str] = field(default_factory=list)


def predict_file(
    bundle: str | Path, source: str | Path, output: str | Path, *, strict: bool = False, state: str | Path | None = None
) -> Predicted:
    """Answer every row of a file into another (`.csv`, `.tsv` or `.jsonl`), which appears whole or not at all.

    Columns: the id column if there is one, `prediction`, for classes `probability_<label>`, and `error` where a row
    could not be read. With the target among the columns the task's metric is computed too.

    Raises:
        InputError: the input lacks a column the program reads, or the output's ending is unknown.
        RowsError: `strict` and a row cannot be read.
    """
    from smeaton.data.read import read_chunks

    opened = open_bundle(Path(bundle))
    target = Path(output)
    if target.suffix not in (".csv", ".tsv", ".jsonl"):
        raise InputError(f"cannot write {target}: unknown ending {target.suffix!r}", fix="use .csv, .tsv or .jsonl")
    result = Predicted(metric=opened.manifest.metric, output=str(target))
    judge = _Judge(opened)
    partial = target.with_name(f"{target.name}.part-{os.getpid()}")
    engine = opened.engine(state_dir=Path(state) if state else None)
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            writer = _Writer(stream, target.suffix, opened.manifest.task)
            for raw in read_chunks(Path(source), rows=CHUNK_ROWS):
                answers = _answer(
                    engine, opened.manifest.task, raw.table, strict, raw.where, raw.first_row + result.rows
                )
                writer.write(raw.table, answers)
                judge.add(raw.table, answers)
                _count(result, answers)
        partial.replace(target)
    finally:
        engine.close()
        partial.unlink(missing_ok=True)
    result.value, result.judged = judge.value()
    return result


def _count(result: Predicted, answers: Table) -> None:
    errors = answers[ERROR]
    for row in np.flatnonzero(np.array([error is not None for error in errors], dtype=bool)):
        result.unreadable += 1
        if len(result.first_errors) < 5:
            result.first_errors.append(f"row {result.rows + int(row) + 1}: {errors[row]}")
    result.rows += len(errors)


def _answer(engine: Engine, task: Task, raw: Table, strict: bool, where: str, first: int) -> dict[str, Array]:
    """Answers for one chunk; rows with a faulty value get nulls and the reason under `error`."""
    missing = [name for name in engine.program.inputs if name not in raw]
    if missing:
        raise InputError(
            f"the input has no column {missing[0]!r}" + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
            fix="give every input column of the task; its names are in the bundle's card.md",
            where=where,
        )
    typed, reasons = _typed(raw, {name: task.input_types[name] for name in engine.program.inputs})
    if strict and reasons:
        from smeaton.errors import RowFault

        raise RowsError([RowFault(first + row, "", reason) for row, reason in sorted(reasons.items())], where=where)
    count = rows_in(raw)
    good = np.array([row for row in range(count) if row not in reasons], dtype=np.int64)
    errors = object_column([reasons.get(row) for row in range(count)])
    if len(good) == 0:
        return {ERROR: errors}
    answers = dict(engine.predict(typed if len(good) == count else take(typed, good)))
    if ERROR in answers:
        errors[good] = answers.pop(ERROR)
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
    return str(value).lower() if isinstance(value, bool) else value


class _Judge:
    """Gathers the metric's statistics while rows go by, if the input holds the target."""

    def __init__(self, bundle: Bundle) -> None:
        from smeaton import plugins

        self.task = bundle.manifest.task
        self.metric = plugins.load("metrics", bundle.manifest.metric) if "/" not in bundle.manifest.metric else None
        self.sum: Array | None = None
        self.rows = 0

    def add(self, raw: Table, answers: Table) -> None:
        if self.metric is None or getattr(self.metric, "whole", None) or self.task.target not in raw:
            return
        truth, faults = parse_column(raw[self.task.target], self.task.output_type, self.task.target)
        bad = {fault.row for fault in faults}
        known = np.array([row not in bad and not _null(value) for row, value in enumerate(truth)], dtype=bool)
        if not known.any() or PREDICTION not in answers:
            return
        codes = {label: code for code, label in enumerate(self.task.labels)}
        kept = truth[known]
        target = np.array([codes[value] for value in kept]) if self.task.is_class else kept.astype(np.float64)
        statistics = self.metric.rows(take(answers, known), target, self.task.labels)
        self.sum = statistics.sum(axis=0) if self.sum is None else self.sum + statistics.sum(axis=0)
        self.rows += len(target)

    def value(self) -> tuple[float | None, int]:
        if self.sum is None or self.metric is None:
            return None, 0
        return float(self.metric.value(self.sum / self.rows)), self.rows


def _null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))

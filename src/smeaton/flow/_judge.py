"""The metric of answers that go by in pieces, where the input holds the target."""

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.bundle.read import Bundle
from smeaton.metrics._defaults import load_metric, needs_verdicts
from smeaton.task.arrays import open_table, save_table
from smeaton.task.table import ERROR, HIGH, LOW, PREDICTION, PROBABILITY, Array, Table, concat, object_column, take
from smeaton.task.types import Type
from smeaton.task.values import parse_column

#: Metrics whose statistics of a row come from that row alone: their sums are kept, not the rows. (Those of numbers
#: judge an invalid answer by the range of all targets.)
_OF_ROWS = frozenset({"accuracy", "brier", "exact_match", "hamming", "log_loss"})
_OF_ENDS = frozenset({"coverage", "interval_width", "interval_score"})
_TRUTH = "truth"


class Sums(msgspec.Struct):
    """What is kept between pieces. `sums` of the statistics; `pieces` on disk; rows judged, and with unknown targets"""

    sums: list[float] = []
    pieces: int = 0
    rows: int = 0
    unknown: int = 0


class Judge:
    """Gathers answers and truth while rows go by.

    A metric may need the whole table (a rank, a user's function): then a few numbers a row are kept, in `folder`.
    """

    def __init__(self, bundle: Bundle, folder: Path, kept: Sums) -> None:
        self.task = bundle.manifest.task
        self.outputs = bundle.manifest.program.outputs
        self.name = bundle.manifest.metric
        self.folder = folder
        self.kept = kept

    def add(self, raw: Table, answers: Table) -> None:
        """Take a chunk. A row that could not be answered counts as wrong; one without a known target is left out."""
        if self.task.target not in raw:
            return
        truth, given = self._truth(raw[self.task.target])
        whole, truth = take(self._spread_out(answers), given), truth[given]
        if not len(truth):
            return
        if self.name not in _OF_ENDS:
            whole = {name: column for name, column in whole.items() if name not in (LOW, HIGH)}
        if self._why_not():
            pass  # said at the end; only the rows are counted
        elif self.name in _OF_ROWS:
            sums = self._statistics(whole, truth).sum(axis=0)
            self.kept.sums = (sums + (np.array(self.kept.sums) if self.kept.sums else 0.0)).tolist()
        else:
            save_table({**whole, _TRUTH: truth}, self.folder / f"judged-{self.kept.pieces}")
            self.kept.pieces += 1
        self.kept.rows += len(truth)

    def value(self) -> tuple[float | None, int, str]:
        """The metric, the rows it was computed on, and what has to be said of it."""
        rows, unknown = self.kept.rows, self.kept.unknown
        if not rows:
            return None, 0, ""
        if why := self._why_not():
            return None, 0, why
        note = f"{unknown:,} rows with a target the bundle does not know are left out" if unknown else ""
        if self.name in _OF_ROWS:
            means = np.array(self.kept.sums) / rows
        else:
            pieces = [open_table(self.folder / f"judged-{number}") for number in range(self.kept.pieces)]
            truth = np.concatenate([piece.pop(_TRUTH) for piece in pieces])
            means = self._statistics(concat(pieces), truth).mean(axis=0)
        return float(load_metric(self.name, self.task).value(means)), rows, note

    def _why_not(self) -> str:
        if ":" in self.name:
            return f"{self.name} is the task's own metric; its code is no part of the bundle: not computed"
        if needs_verdicts(self.name):
            return f"{self.name} needs the task's own checks or judge, which run while it is built: not computed"
        return ""

    def _statistics(self, answers: Table, truth: Array) -> Array:
        found = load_metric(self.name, self.task).rows(answers, truth, self.task.labels)
        return found.astype(np.float64)

    def _truth(self, column: Array) -> tuple[Array, Array]:
        """The targets as metrics take them, and which rows have a known one."""
        truth, faults = parse_column(column, _lenient(self.task.output_type), self.task.target)
        given = np.array([not _null(value) for value in truth.tolist()], dtype=bool)
        self.kept.unknown += len(faults)
        if self.task.is_class:
            codes = {label: code for code, label in enumerate(self.task.labels)}
            truth = np.array([codes.get(value, -1) if value is not None else -1 for value in truth.tolist()])
            self.kept.unknown += int((given & (truth < 0)).sum())
            given &= truth >= 0
        if self.task.answer == "many":
            places = {label: code for code, label in enumerate(self.task.labels)}
            held = np.zeros((len(truth), len(places)), dtype=np.int8)
            for row in np.flatnonzero(given).tolist():
                held[row, [places[label] for label in truth[row]]] = 1
            truth = held
        return truth, given

    def _spread_out(self, answers: Table) -> Table:
        """A chunk's answers with all columns, also where no row of it could be answered."""
        if PREDICTION in answers:
            return answers
        rows, task = len(answers[ERROR]), self.task
        if task.answer in ("structure", "text"):
            return {PREDICTION: object_column([None] * rows), ERROR: answers[ERROR]}
        if not task.labels:
            ends = [name for name in (PREDICTION, LOW, HIGH) if name in (PREDICTION, *self.outputs)]
            return {**{name: np.full(rows, np.nan) for name in ends}, ERROR: answers[ERROR]}
        chance = np.full((rows, len(task.labels)), np.nan)
        return {PREDICTION: object_column([None] * rows), PROBABILITY: chance, ERROR: answers[ERROR]}


def _lenient(type_: Type) -> Type:
    """The output's type, where a row may have no target."""
    return msgspec.structs.replace(type_, optional=True)


def _null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))

"""Blends of stored answers, put together again from any of the trials: what a blend would be without some of them.

Weights are learnt as a blend learns them: for a fold from the other folds' answers, with one fold or rows in time order
from the rows its fits stopped on. Every answer goes through the calibration of the fold it is used for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smeaton.compile.calibrate import Calibration, apply
from smeaton.data.split import open_folds
from smeaton.families._losses import row_loss
from smeaton.families._parts import answer_table
from smeaton.families.blend import select
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.trials.results import HELD, STOP, read_answers, read_calibrations, read_fit

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset

MOST_MEMBERS = 24
_MOST_CELLS = 2_000_000  # rows x labels of a member's answers that are judged, evenly chosen
_MOST_EVIDENCE = 4_000  # rows that weights are learnt from


@dataclass(slots=True)
class Reblend:
    """What blends are made of. `rows` are the held-out rows judged, as positions in the dataset, in fold order.

    `evidence` has for each fold a matrix (rows, members) of answers to learn weights from (the probability of the true
    label, or the number), with targets and weights; `held` the members' answers to the fold's rows.
    """

    dataset: "Dataset"
    metric: str
    keys: tuple[str, ...]
    rows: Array
    held: list[list[Array]]
    evidence: list[tuple[Array, Array, Array]]
    _known: dict[tuple[str, ...], Table] = field(default_factory=dict)

    def answers(self, keys: Sequence[str]) -> Table:
        """What the blend of these members answers to `rows`; one member alone answers for itself.

        Raises:
            ValueError: none of them is a member.
        """
        chosen = tuple(key for key in self.keys if key in keys)
        if not chosen:
            raise ValueError("a blend needs a member")
        if chosen not in self._known:
            places = [self.keys.index(key) for key in chosen]
            self._known[chosen] = answer_table(self.dataset.task, np.concatenate(self._means(places)))
        return self._known[chosen]

    def _means(self, places: Sequence[int]) -> list[Array]:
        found = []
        for (answers, target, weight), held in zip(self.evidence, self.held, strict=True):
            counts = select(answers[:, places], target, weight, self._loss)
            total = counts.sum()
            found.append(np.sum([held[i] * (n / total) for i, n in zip(places, counts, strict=True) if n], axis=0))
        return found

    def _loss(self, answers: Array, target: Array, weight: Array) -> float:
        if self.dataset.task.is_class:
            return float(weight @ -np.log(np.maximum(answers, 1e-15)))
        loss = row_loss(self.metric, self.dataset.task.output_type.quantile)
        return float(weight @ loss(answers, target))


def open_reblend(root: Path, dataset: "Dataset", metric: str, keys: Sequence[str]) -> Reblend:
    """The stored answers of full trials of the build in `root`, all over the same folds and all of their rows.

    Raises:
        SmeatonError: a trial's answers are damaged.
    """
    steps = {key: read_calibrations(root / "trials" / key) for key in keys}
    count = min(len(found) for found in steps.values())
    folds = open_folds(root / "data")[:count]
    per_label = max(1, len(dataset.task.labels)) * sum(len(fold.held) for fold in folds)
    share = min(1.0, _MOST_CELLS / max(1, per_label))
    some = [_even(len(fold.held), max(1, int(share * len(fold.held)))) for fold in folds]
    raw = {key: [_answers(dataset, root / "trials" / key, number, HELD) for number in range(count)] for key in keys}
    held = [[_step(raw[key][f][some[f]], steps[key][f]) for key in keys] for f in range(count)]
    alone = count == 1 or dataset.time is not None
    evidence = []
    for number, fold in enumerate(folds):
        if alone:
            parts = [(fold.stop, [_answers(dataset, root / "trials" / key, number, STOP) for key in keys])]
        else:
            others = [other for other in range(count) if other != number]
            parts = [(folds[other].held, [raw[key][other] for key in keys]) for other in others]
        evidence.append(_evidence(dataset, parts, [steps[key][number] for key in keys]))
    rows = np.concatenate([fold.held[chosen] for fold, chosen in zip(folds, some, strict=True)])
    return Reblend(dataset, metric, tuple(keys), rows, held, evidence)


def blendable(root: Path, key: str) -> bool:
    """Whether a full trial left answers to every held-out row, from programs that can be averaged."""
    folder = root / "trials" / key
    fits = [read_fit(folder, number) for number in range(len(read_calibrations(folder)))]
    return bool(fits) and all(fit.mergeable and not fit.job.asked and not fit.job.all_rows for fit in fits)


def _answers(dataset: "Dataset", folder: Path, fold: int, side: str) -> Array:
    table = read_answers(folder, fold, side)[0]
    return np.asarray(table[PROBABILITY if dataset.task.is_class else PREDICTION], dtype=np.float64)


def _evidence(
    dataset: "Dataset", parts: Sequence[tuple[Array, Sequence[Array]]], steps: Sequence[Calibration | None]
) -> tuple[Array, Array, Array]:
    columns: list[list[Array]] = [[] for _ in steps]
    rows = []
    for positions, members in parts:
        some = _even(len(positions), max(1, _MOST_EVIDENCE // len(parts)))
        target = dataset.target[positions[some]]
        rows.append(positions[some])
        for column, answers, step in zip(columns, members, steps, strict=True):
            found = _step(answers[some], step)
            column.append(found[np.arange(len(some)), target] if dataset.task.is_class else found)
    chosen = np.concatenate(rows)
    weight = np.ones(len(chosen)) if dataset.weight is None else dataset.weight[chosen].astype(np.float64)
    matrix = np.column_stack([np.concatenate(column) for column in columns])
    return matrix, np.asarray(dataset.target[chosen]), weight / max(float(weight.sum()), 1e-300)


def _step(answers: Array, step: Calibration | None) -> Array:
    return answers if step is None else apply(step, answers)


def _even(size: int, most: int) -> Array:
    """At most so many positions, evenly chosen."""
    return np.arange(size) if size <= most else np.linspace(0, size - 1, most).astype(np.int64)

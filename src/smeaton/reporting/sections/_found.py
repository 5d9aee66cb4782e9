"""`Found`: for each label which rows have it, and which were answered with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.metrics._read import codes, label_sets
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import Units, shares
from smeaton.task.table import Array

_MOST_PAIRED = 200  # labels


@dataclass(frozen=True, slots=True)
class Found:
    """Of a task with labels. `true` and `said` are codes (rows,), -1 for what is no label; for any number of labels a
    row bool (rows, labels)."""

    true: Array
    said: Array
    labels: int
    units: Units

    @property
    def many(self) -> bool:
        """Whether a row may have any number of labels."""
        return self.true.ndim == 2

    def columns(self, chosen: Sequence[int] | Array) -> tuple[Array, Array]:
        """Which rows have each of some labels, and which were answered with it: bool (rows, chosen)."""
        places = np.asarray(chosen, dtype=np.int64)
        if self.many:
            return self.true[:, places], self.said[:, places]
        return self.true[:, None] == places, self.said[:, None] == places

    def rows(self) -> tuple[Array, Array, Array]:
        """How many rows have each label, were answered with it, and both: (labels,) each."""
        if self.many:
            return self.true.sum(axis=0), self.said.sum(axis=0), (self.true & self.said).sum(axis=0)
        right = self.true[self.true == self.said]
        valid = self.said[self.said >= 0]
        true, said, both = (np.bincount(one, minlength=self.labels) for one in (self.true, valid, right))
        return true, said, both

    def scores(self, chosen: Sequence[int] | Array) -> dict[str, Array]:
        """Recall, precision and F1 of some labels, each with its 95 % interval: (chosen, 3); NaN where no row has the
        label, or none was answered with it."""
        true, said = self.columns(chosen)
        both = true & said
        return {
            "recall": shares(both, true, self.units),
            "precision": shares(both, said, self.units),
            "F1": shares(2.0 * both, true.astype(np.float64) + said, self.units),
        }

    def confusion(self) -> Array:
        """How many rows of each label (down) were answered with each (across), and with none that is valid (last):
        (labels, labels + 1). With any number of labels a row: rows that lack the one and have the other instead."""
        if self.many:
            return self._instead()
        return self._cells(np.ones(len(self.true))).astype(np.int64)

    def mass(self) -> Array:
        """The same of a task with one label a row, by weight."""
        return self._cells(self.units.weight)

    def _instead(self) -> Array:
        """Of very many labels only those with the most mistakes are paired."""
        missed, extra = self.true & ~self.said, self.said & ~self.true
        some = np.argsort(-(missed.sum(axis=0) + extra.sum(axis=0)), kind="stable")[:_MOST_PAIRED]
        pairs = np.zeros((self.labels, self.labels + 1), dtype=np.int64)
        pairs[np.ix_(some, some)] = missed[:, some].T.astype(np.float32) @ extra[:, some].astype(np.float32)
        return pairs

    def _cells(self, weight: Array) -> Array:
        wide = self.labels + 1
        code = self.true * wide + np.where(self.said < 0, self.labels, self.said)
        return np.bincount(code, weights=weight, minlength=self.labels * wide).reshape(self.labels, wide)


def found(judged: Judged) -> Found:
    """What was found of the labels of a class task, or of one with any number of labels a row."""
    evidence = judged.evidence
    task, target = evidence.task, np.asarray(evidence.target)
    if task.answer == "many":
        said = label_sets(judged.answers, target, task.labels)
        return Found(target.astype(bool), said, len(task.labels), judged.units)
    said = codes(judged.answers, task.labels, len(target))
    return Found(target.astype(np.int64), said, len(task.labels), judged.units)

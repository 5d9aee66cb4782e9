"""What the target was like where a category value was seen: smoothed means (Micci-Barreca 2001), for training rows of
other rows alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.extras import needs
from smeaton.families._ending import ClassEnding, NumberEnding
from smeaton.task.table import Array

_LEAST_PRIOR, _MOST_PRIOR = 1.0, 1e4  # rows the mean of all counts for
#: Rows below which the pooled mean of rare values is not kept.
_LEAST_POOLED = 5


@dataclass(frozen=True, slots=True)
class Targets:
    """What means are taken of: `values` (rows, targets) float64, weights with mean 1, and what is said where there are
    no rows to learn from."""

    values: Array
    weight: Array
    nothing: Array

    @property
    def width(self) -> int:
        """Number of means."""
        return int(self.values.shape[1])


def targets_of(rows: Rows, ending: ClassEnding | NumberEnding, most: int) -> Targets:
    """Scores of numbers; whether a row has the second of two labels, or each of the `most` commonest ones."""
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight / rows.weight.mean()
    if isinstance(ending, NumberEnding):
        return Targets(ending.start(rows.y)[:, None], weight, np.zeros(1))
    labels = len(ending.prior)
    chosen = np.array([1])
    if labels > 2:
        common = np.argsort(-np.bincount(rows.y, minlength=labels), kind="stable")
        chosen = np.sort(common[:most])
    values = (rows.y[:, None] == chosen).astype(np.float64)
    return Targets(values, weight, np.full(len(chosen), 1.0 / labels))


@dataclass(frozen=True, slots=True)
class Means:
    """Tables for serving, one a column: (values + 1, targets), the last row for unseen values; and for each training
    row what other rows say, (rows, columns x targets)."""

    tables: tuple[Array, ...]
    apart: Array


def learn_means(codes: Array, sizes: Sequence[int], targets: Targets, splits: Sequence[tuple[Array, Array]]) -> Means:
    """Means of the targets for each value of each column.

    Args:
        codes: (rows, columns) int64; -1 where a value is too rare to be kept.
        sizes: values of each column.
        targets: what to average.
        splits: pairs (rows to learn from, rows to answer); rows that none answers get what is said of nothing.
    """
    cells = _cells(codes, sizes)
    whole = _Sums.of(targets, np.ones(len(codes), dtype=bool))
    tables = tuple(whole.table(one, targets, keep=True) for one in cells)
    apart = np.tile(targets.nothing, (len(codes), len(sizes)))
    for learnt, answered in splits:
        mask = np.zeros(len(codes), dtype=bool)
        mask[learnt] = True
        part = _Sums.of(targets, mask)
        found = [part.table(one, targets)[codes[answered, i]] for i, one in enumerate(cells)]
        apart[answered] = np.hstack(found)
    return Means(tables, apart)


def _cells(codes: Array, sizes: Sequence[int]) -> list[Any]:
    """Each column as scipy CSR (rows, values + 1): a 1 where the value is; the last column is for -1."""
    with needs("build"):
        from scipy import sparse
    ones, ends = np.ones(len(codes)), np.arange(len(codes) + 1)
    found = []
    for column, size in enumerate(sizes):
        values = np.where(codes[:, column] < 0, size, codes[:, column])
        found.append(sparse.csr_matrix((ones, values, ends), shape=(len(codes), size + 1)))
    return found


@dataclass(frozen=True, slots=True)
class _Sums:
    """For each row its weight, its weighted targets and their squares, side by side; zeros where it is left out."""

    rows: Array
    total: Array

    @classmethod
    def of(cls, targets: Targets, mask: Array) -> "_Sums":
        weighted = targets.values * targets.weight[:, None]
        rows = np.hstack([targets.weight[:, None], weighted, weighted * targets.values]) * mask[:, None]
        return cls(rows, rows.sum(axis=0))

    def table(self, cells: Any, targets: Targets, keep: bool = False) -> Array:
        """The smoothed mean of each value, the pooled mean of the rare ones in the last row. `keep`: the table is
        kept, so the last row speaks for no less than `_LEAST_POOLED` rows."""
        width = targets.width
        count = float(self.total[0])
        if count <= 0:
            return np.tile(targets.nothing, (cells.shape[1], 1))
        sums = cells.T @ self.rows
        held, means = sums[:, :1], sums[:, 1 : 1 + width]
        mean = self.total[1 : 1 + width] / count
        prior = _prior_rows(sums[:-1], mean, width)
        table: Array = (means + prior * mean) / (held + prior)
        if keep and cells[:, -1].nnz < _LEAST_POOLED:
            table[-1] = mean
        return table


def _prior_rows(sums: Array, mean: Array, width: int) -> Array:
    """Empirical Bayes: how many rows the mean of all counts for, (targets,), the variance within values over the
    variance between them (by moments)."""
    held = sums[:, 0]
    sums, held = sums[held > 0], held[held > 0]
    count, values = float(held.sum()), len(held)
    if values < 2 or count <= values:
        return np.full(width, _MOST_PRIOR)
    means = sums[:, 1 : 1 + width] / held[:, None]
    within = (sums[:, 1 + width :] - held[:, None] * means**2).sum(axis=0) / (count - values)
    spread = (held[:, None] * (means - mean) ** 2).sum(axis=0) / (values - 1)
    size = (count - float((held**2).sum()) / count) / (values - 1)
    between = (spread - within) / max(size, 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        prior = np.where(between > 0, within / between, _MOST_PRIOR)
    clipped: Array = np.clip(np.nan_to_num(prior, nan=_MOST_PRIOR), _LEAST_PRIOR, _MOST_PRIOR)
    return clipped

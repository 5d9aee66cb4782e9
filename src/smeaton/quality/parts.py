"""The parts of a build's rows that are compared: training and test, the first and last third by time, each fold and the
others."""

from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex
from smeaton.metrics._intervals import run_length
from smeaton.quality.drift import ROWS, bins_of, discoveries, shifts
from smeaton.quality.forms import Drift, Shift
from smeaton.quality.two_samples import told_apart
from smeaton.task.table import Array


def split_of(dataset: Dataset, folds: Sequence[FoldIndex]) -> tuple[Array, Array]:
    """Positions of the training and of the test rows of a build, from its folds."""
    seen = np.zeros(len(dataset), dtype=bool)
    for one in folds:
        for part in (one.train, one.stop, one.held):
            seen[part] = True
    train, rest = np.flatnonzero(seen), np.flatnonzero(~seen)
    if dataset.sealed is not None:
        return train, np.asarray(dataset.sealed)
    if dataset.time is not None:  # rows of groups that reach into the test were left out
        rest = rest[dataset.time[rest] > dataset.time[train].max()]
    return train, rest


def drifts(dataset: Dataset, folds: Sequence[FoldIndex], seed: int = 0) -> list[Drift]:
    """How the parts differ; those between which nothing was found too."""
    train, test = split_of(dataset, folds)
    units = units_of(dataset)
    found = []
    for first, second, one, two in _compared(dataset, train, test):
        found.append(_drift(dataset, (first, second), (one, two), units, seed))
    across = _folds(dataset, folds, units, seed)
    return [*found, *([across] if across is not None else [])]


def units_of(dataset: Dataset) -> Array | None:
    """Codes of what belongs together: groups, else runs of moments as long as the root of their number; None for rows
    by themselves."""
    if dataset.group is not None:
        return np.asarray(dataset.group)
    if dataset.time is None:
        return None
    moments, codes = np.unique(dataset.time, return_inverse=True)
    return np.asarray(codes // run_length(len(moments)))


def _compared(dataset: Dataset, train: Array, test: Array) -> Iterator[tuple[str, str, Array, Array]]:
    if len(test):
        yield "the training rows", "the sealed test", train, test
    if dataset.time is not None:
        order = train[np.argsort(dataset.time[train], kind="stable")]
        third = len(order) // 3
        if third:
            yield "the first third of the training rows by time", "the last third", order[:third], order[-third:]


def _drift(
    dataset: Dataset, names: tuple[str, str], parts: tuple[Array, Array], units: Array | None, seed: int
) -> Drift:
    draw = np.random.default_rng([seed, 5])
    some = [np.sort(draw.permutation(part)[:ROWS]) for part in parts]
    rows = np.concatenate(some)
    second = np.repeat([False, True], [len(part) for part in some])
    named, tested, slight = shifts(bins_of(dataset.table, rows), second, None if units is None else units[rows], seed)
    told = told_apart(dataset.table, *parts, units, seed)
    plain = Drift(
        first=names[0],
        second=names[1],
        rows=(len(parts[0]), len(parts[1])),
        shifts=tuple(named),
        tested=tested,
        slight=slight,
    )
    if told is None:
        return plain
    return Drift(
        first=plain.first, second=plain.second, rows=plain.rows, shifts=plain.shifts, tested=tested, slight=slight,
        auc=told.auc, low=told.low, high=told.high, p=told.p, told_by=told.columns,
    )  # fmt: skip


def _folds(dataset: Dataset, folds: Sequence[FoldIndex], units: Array | None, seed: int) -> Drift | None:
    """Each fold's held-out rows against those of the others, all comparisons together."""
    if len(folds) < 2 or dataset.time is not None:  # folds by time are the thirds by time over again
        return None
    rows = np.concatenate([one.held for one in folds])
    number = np.repeat(np.arange(len(folds)), [len(one.held) for one in folds])
    some = np.sort(np.random.default_rng([seed, 6]).permutation(len(rows))[: 2 * ROWS])
    rows, number = rows[some], number[some]
    columns = bins_of(dataset.table, rows)
    named: dict[tuple[str, str], Shift] = {}
    chances: list[Shift] = []
    tested = 0
    for fold in range(len(folds)):
        found, count, _ = shifts(columns, number == fold, None if units is None else units[rows], seed + fold)
        tested += count
        chances += found
    # Each fold kept its own share of false findings; together they must keep it too.
    p = np.array([one.p for one in chances] + [1.0] * (tested - len(chances)))
    for one, keep in zip(chances, discoveries(p.tolist())[: len(chances)], strict=True):
        key = (one.column, one.what)
        if keep and (key not in named or named[key].distance < one.distance):
            named[key] = one
    size = len(rows) // len(folds)
    shown = tuple(sorted(named.values(), key=lambda one: -one.distance))
    return Drift(
        first="the other folds", second=f"one of the {len(folds)} folds", rows=(len(rows) - size, size), shifts=shown,
        tested=tested,
    )  # fmt: skip

"""What many columns of numbers tell of classes, side by side: the figures of `_tells.py` to the last bit.

A wide table has thousands of columns of few rows, and numpy's calls for one of them take longer than the work. Here a
row of a matrix is a column of the table. Exact, not near: which columns are suspected hangs on these figures.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.quality.leaks import halves
from smeaton.quality.leaks._tells import BINS, ROWS_A_BIN, Told, plain
from smeaton.task.table import Array, Table

_CELLS = 500_000


def batches(table: Table, names: Sequence[str], rows: Array, weight: int = 1) -> Iterator[tuple[Sequence[str], Array]]:
    """Columns of numbers and moments, some at a time: their names, and (columns, rows) as `plain` gives them. `weight`
    numbers are made of each cell."""
    size = max(1, _CELLS // max(1, len(rows) * weight))
    for start in range(0, len(names), size):
        some = names[start : start + size]
        yield some, np.stack([plain(np.asarray(table[name][rows])) for name in some])


def codes_abreast(matrix: Array) -> tuple[Array, Array, Array]:
    """Of each row the codes of its values in order (null last, as one value), the value of each code (NaN for null and
    behind the last), and how many codes there are."""
    order = np.argsort(matrix, axis=1)
    ordered = np.take_along_axis(matrix, order, axis=1)
    new = np.ones(matrix.shape, dtype=bool)
    new[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]) & ~np.isnan(ordered[:, :-1])
    places = np.cumsum(new, axis=1) - 1
    codes = np.empty_like(places)
    np.put_along_axis(codes, order, places, axis=1)
    curve = np.full(matrix.shape, np.nan)
    row, _ = np.nonzero(new)
    curve[row, places[new]] = ordered[new]
    return codes, curve, places[:, -1] + 1


def tell_abreast(codes: Array, curve: Array | None, y: Array, labels: int) -> list[Told]:
    """What each row of codes tells of classes; `curve` as `codes_abreast` gives it, None for tables."""
    half = halves(len(y))
    size = int(codes.max()) + 1
    table = _counts(codes[:, half], y[half], size, labels)
    prior = np.bincount(y[half], minlength=labels) + 0.0
    common = int(prior.argmax())
    seen = table.sum(axis=2) > 0
    guess = np.where(seen, table.argmax(axis=2), common)
    if curve is not None:
        guess = np.take_along_axis(guess, _nearest(curve[:, :size], seen), axis=1)
    held = y[~half]
    wrong = (np.take_along_axis(guess, codes[:, ~half], axis=1) != held).sum(axis=1) / len(held)
    left = wrong / max(np.mean(held != common), 1 / len(held))
    if labels != 2:
        return [Told(one) for one in left.tolist()]
    if curve is not None:
        codes = _binned(codes, size, min(BINS, 1 + codes.shape[1] // ROWS_A_BIN))
        table = _counts(codes[:, half], y[half], int(codes.max()) + 1, labels)
    rate = (table[:, :, 1] + prior[1] / prior.sum()) / (table.sum(axis=2) + 1)
    auc = _aucs(np.take_along_axis(rate, codes[:, ~half], axis=1), held)
    return list(map(Told, left.tolist(), auc.tolist()))


def _shifted(codes: Array, size: int) -> Array:
    """Codes of each row apart from those of the others."""
    shifted: Array = codes + size * np.arange(len(codes))[:, None]
    return shifted


def _counts(codes: Array, y: Array, size: int, labels: int) -> Array:
    flat = (_shifted(codes, size) * labels + y).ravel()
    return np.bincount(flat, minlength=len(codes) * size * labels).reshape(len(codes), size, labels)


def _nearest(curve: Array, seen: Array) -> Array:
    """For each value the place of the nearest seen one; null is near to null alone."""
    places = np.broadcast_to(np.arange(curve.shape[1]), curve.shape)
    value = ~np.isnan(curve)
    known = seen & value
    low = np.maximum.accumulate(np.where(known, places, -1), axis=1)
    high = np.minimum.accumulate(np.where(known, places, curve.shape[1])[:, ::-1], axis=1)[:, ::-1]
    none_below, none_above = low < 0, high == curve.shape[1]
    below = curve - np.take_along_axis(curve, low.clip(0), axis=1)
    above = np.take_along_axis(curve, high.clip(max=curve.shape[1] - 1), axis=1) - curve
    nearest = np.where(none_above | (~none_below & (below <= above)), low, high)
    found: Array = np.where(value & ~seen & ~(none_below & none_above), nearest, places)
    return found


def _binned(codes: Array, size: int, bins: int) -> Array:
    counts = np.bincount(_shifted(codes, size).ravel(), minlength=len(codes) * size).reshape(len(codes), size)
    below = np.cumsum(counts, axis=1) - counts
    return np.take_along_axis(below * bins // codes.shape[1], codes, axis=1)


def _aucs(score: Array, y: Array) -> Array:
    positive = int(y.sum())
    if positive in (0, len(y)):
        return np.full(len(score), 0.5)
    codes, _, _ = codes_abreast(score)
    counts = np.bincount(_shifted(codes, score.shape[1]).ravel(), minlength=score.size).reshape(score.shape)
    rank = np.take_along_axis(np.cumsum(counts, axis=1) - (counts - 1) / 2, codes, axis=1)
    above: Array = rank[:, y == 1].sum(axis=1) - positive * (positive + 1) / 2
    return above / (positive * (len(y) - positive))

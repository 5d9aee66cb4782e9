"""How much of the target one view of the rows tells: learnt on one half, judged on the other.

A view is a code for each row, and for numbers the value of each code: a table of the codes, or a curve through the
values. The answer is the share of a constant answer's error that is left: 1 for noise, 0 for the target itself. For
classes wrong answers count, for numbers squared errors of the rank.
"""

from dataclasses import dataclass

import numpy as np

from smeaton.quality.leaks import halves
from smeaton.task.table import Array

BINS = 256
ROWS_A_BIN = 20
_NEIGHBOURS = 7
_LARGEST = 1e100
_SCALARS = {str, int, float, bool, type(None)}


@dataclass(frozen=True, slots=True)
class Told:
    """`left` is the share of the error that is left; `auc` that of two classes (else 0.5)."""

    left: float
    auc: float = 0.5


def tells(codes: Array, curve: Array | None, y: Array, labels: int) -> Told:
    """What a view of shuffled rows tells. `curve` holds the value of each code (NaN: null), None for a table."""
    half = halves(len(y))
    if labels:
        return _classes(codes, curve, y, half, labels)
    return Told(_number_left(codes, curve, y, half))


def codes_of(column: Array) -> tuple[Array, Array | None]:
    """Codes of the values (null is a value), and for numbers the value of each code (NaN for null)."""
    if column.dtype == object:
        keys = column.tolist()
        if not set(map(type, keys)) <= _SCALARS:
            keys = [value if isinstance(value, str | int | float | None) else repr(value) for value in keys]
        known = {key: code for code, key in enumerate(dict.fromkeys(keys))}
        return np.fromiter(map(known.__getitem__, keys), np.int64, len(keys)), None
    values, codes = np.unique(plain(column), return_inverse=True)
    return codes, values


def plain(column: Array) -> Array:
    """Numbers and moments as float64, null as NaN; those beyond 1e100 end there, those within 1e-100 of 0 are 0, so
    that squares and quotients of them are numbers."""
    found: Array = column.astype(np.float64)
    if column.dtype.kind == "M":
        found[np.isnat(column)] = np.nan
    found = np.clip(found, -_LARGEST, _LARGEST)
    found[np.abs(found) < 1 / _LARGEST] = 0.0
    return found


def _classes(codes: Array, curve: Array | None, y: Array, half: Array, labels: int) -> Told:
    table = _counts(codes[half], y[half], int(codes.max()) + 1, labels)
    prior = np.bincount(y[half], minlength=labels) + 0.0
    common = int(prior.argmax())
    seen = table.sum(axis=1) > 0
    guess = np.where(seen, table.argmax(axis=1), common)
    if curve is not None:
        guess = guess[_nearest(curve, seen)]
    held = y[~half]
    left = float(np.mean(guess[codes[~half]] != held) / max(np.mean(held != common), 1 / len(held)))
    if labels != 2:
        return Told(left)
    if curve is not None:
        codes = _binned(codes, min(BINS, 1 + len(codes) // ROWS_A_BIN))
        table = _counts(codes[half], y[half], int(codes.max()) + 1, labels)
    rate = (table[:, 1] + prior[1] / prior.sum()) / (table.sum(axis=1) + 1)
    return Told(left, _auc(rate[codes[~half]], held))


def _counts(codes: Array, y: Array, values: int, labels: int) -> Array:
    return np.bincount(codes * labels + y, minlength=values * labels).reshape(values, labels)


def _nearest(curve: Array, seen: Array) -> Array:
    """For each value the place of the nearest seen one; null is near to null alone."""
    places = np.arange(len(curve))
    known = places[seen & ~np.isnan(curve)]
    gaps = places[~seen & ~np.isnan(curve)]
    if len(known):
        right = np.searchsorted(known, gaps).clip(1, max(len(known) - 1, 1))
        low, high = known[right - 1], known[np.minimum(right, len(known) - 1)]
        places[gaps] = np.where(curve[gaps] - curve[low] <= curve[high] - curve[gaps], low, high)
    return places


def _auc(score: Array, y: Array) -> float:
    _, codes, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    positive = int(y.sum())
    if positive in (0, len(y)):
        return 0.5
    return float((rank[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def _binned(codes: Array, bins: int) -> Array:
    """Ordered codes in bins of about equal size; equal values stay together."""
    counts = np.bincount(codes)
    below = np.cumsum(counts) - counts
    binned: Array = (below * bins // len(codes))[codes]
    return binned


def _number_left(codes: Array, curve: Array | None, y: Array, half: Array) -> float:
    """1 - R2 on the held half: for a number a curve through its values, or through the means of neighbouring ones,
    whichever is nearer; for a category the mean of each value."""
    count = np.bincount(codes[half], minlength=int(codes.max()) + 1)
    total = np.bincount(codes[half], weights=y[half], minlength=len(count))
    level = np.where(count > 0, total / np.maximum(count, 1), float(y[half].mean()))
    held = y[~half]
    spread = float(np.mean((held - held.mean()) ** 2))
    if spread <= 0:
        return 1.0
    levels = [level]
    if curve is not None:
        seen = np.flatnonzero((count > 0) & ~np.isnan(curve))
        levels = [_through(curve, level, seen)]
        if len(seen) > 4 * _NEIGHBOURS:
            levels.append(_through(curve, _smoothed(level, count, seen), seen))
    return min(float(np.mean((one[codes[~half]] - held) ** 2)) / spread for one in levels)


def _through(curve: Array, level: Array, seen: Array) -> Array:
    """The levels with those of values that were not seen between those that were."""
    found = level.copy()
    gaps = ~np.isnan(curve)
    gaps[seen] = False
    if len(seen):
        found[gaps] = np.interp(curve[gaps], curve[seen], level[seen])
    return found


def _smoothed(level: Array, count: Array, seen: Array) -> Array:
    """Each level the mean over the rows of its neighbours."""
    window = np.ones(_NEIGHBOURS)
    found = level.copy()
    total = np.convolve(level[seen] * count[seen], window, "same")
    found[seen] = total / np.convolve(count[seen].astype(np.float64), window, "same")
    return found

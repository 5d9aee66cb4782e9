"""Numbers that stand for "missing": -999 among ages, 9999 among hours, 1900-01-01 among dates.

A value is one *for certain* if it is written as people write such values (all nines, sevens or eights, or -1), stands
in at least three rows, and lies further from all other values than these lie apart. It is *doubtful* if it is such a
value beyond one end of the others without being that far, or any other value in at least 1 % of the rows (and ten of
them) that lies three times further from the rest than the rest lies apart. A column of fewer than five other values
holds codes, and of codes nothing is said.
"""

from typing import NamedTuple

import numpy as np

from smeaton.task.table import Array

_NINES = tuple(float(digit * size) for digit in "789" for size in range(2, 10) if digit == "9" or size >= 3)
#: Values written to say that there is none.
KNOWN = np.array(
    sorted(
        {sign * value for value in _NINES for sign in (1, -1)}
        | {-1.0, -9.0, 9.0, -9.9, -9.99, -99.9, 99.99, -99.99, 999.9, -999.9, 999.99, -999.25, 9999.9, -9999.9, 99999.9}
        | {1e20, -1e20, 1e30, -1e30, 1e36, -1e36}
    )
)
#: Moments that do: what programs write for none, and what people type.
KNOWN_MOMENTS = np.array(
    ["0001-01-01", "1753-01-01", "1900-01-01", "1899-12-30", "1970-01-01", "2099-12-31", "2100-01-01", "2999-12-31",
     "9999-12-31", "9999-01-01"], dtype="datetime64[us]",
)  # fmt: skip
_FEWEST_OTHERS, _FEWEST_ROWS = 5, 3
_SHARE, _ROWS = 0.01, 10


class Sentinels(NamedTuple):
    """Values with the rows they stand in."""

    certain: dict[float, int]
    doubtful: dict[float, int]


def find_sentinels(values: Array, known: Array = KNOWN) -> Sentinels:
    """The stand-ins for missing in a column of numbers (float64; NaN is null)."""
    held = values[~np.isnan(values)]
    if len(held) <= _FEWEST_OTHERS:
        return Sentinels({}, {})
    low, high = held.min(), held.max()
    if low not in known and high not in known:  # all but every column: no need to sort it
        return Sentinels({}, _outlying(held, float(low), float(high)))
    distinct, counts = np.unique(held, return_counts=True)
    suspect = np.isin(distinct, known) & (counts >= _FEWEST_ROWS)
    rest = distinct[~suspect]
    if len(rest) < _FEWEST_OTHERS:
        return Sentinels({}, {})
    certain, doubtful = dict[float, int](), dict[float, int]()
    for value, count in zip(distinct[suspect].tolist(), counts[suspect].tolist(), strict=True):
        gap = max(rest[0] - value, value - rest[-1])
        if gap > rest[-1] - rest[0]:
            certain[value] = count
        elif value < 0 <= rest[0] or gap > 0.2 * (rest[-1] - rest[0]):
            doubtful[value] = count
    return Sentinels(certain, doubtful)


def _outlying(held: Array, low: float, high: float) -> dict[float, int]:
    """A common value at one end, far from all the others."""
    found: dict[float, int] = {}
    for end in (low, high):
        there = held == end
        count = int(there.sum())
        if count < max(_ROWS, _SHARE * len(held)) or count == len(held):
            continue
        rest = held[~there]
        span = float(rest.max() - rest.min())
        near = float(np.abs(rest - end).min())
        if span > 0 and near > 3 * span and len(np.unique(rest[:1_000])) >= _FEWEST_OTHERS:
            found[end] = count
    return found

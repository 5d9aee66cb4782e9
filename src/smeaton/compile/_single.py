"""Comparisons that a trainer makes in single precision, as comparisons in double.

A trainer rounds x to float32 and compares. Rounding never changes the order of numbers, so there is one last double
that lands on the same side, and comparing with it needs no rounding in the graph.
"""

import numpy as np

from smeaton.task.table import Array

#: The largest float32. What lies beyond it, trainers are given as this number.
LARGEST = float(np.finfo(np.float32).max)


def last_at_most(limits: Array) -> Array:
    """For each float32 limit the last double x with float32(x) <= limit (ties to even); inf for the largest one.

    The largest is passed by nothing, because numbers beyond it are read as it (see `to_single`).
    """
    low = np.asarray(limits, dtype=np.float32)
    with np.errstate(over="ignore"):
        high = np.nextafter(low, np.float32(np.inf))
    middle = low.astype(np.float64) / 2 + high.astype(np.float64) / 2
    even = (low.view(np.uint32) & 1) == 0
    last: Array = np.where(even, middle, np.nextafter(middle, -np.inf))
    return np.where(low >= LARGEST, np.inf, last)


def last_below(limits: Array) -> Array:
    """For each float32 limit the last double x with float32(x) < limit; inf for a limit of inf."""
    with np.errstate(over="ignore"):
        below = np.nextafter(np.asarray(limits, dtype=np.float32), np.float32(-np.inf))
    return last_at_most(below)


def to_single(matrix: Array) -> Array:
    """A matrix as trainers read it: float32, numbers beyond it as the largest one of their sign, NaN kept."""
    single: Array = np.clip(matrix, -LARGEST, LARGEST).astype(np.float32)
    return single

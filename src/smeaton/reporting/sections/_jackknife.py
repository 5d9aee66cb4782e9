"""Intervals of metrics, and of differences between two answers to the same rows, that cost next to nothing.

The delete-one jackknife over clusters (Tukey 1958; Efron and Stein 1981) with Student's t. The board's own intervals
are bootstrapped (`metrics/_intervals.py`): they cost a hundred times as much, and a report asks for hundreds.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np

from smeaton.metrics import Metric
from smeaton.metrics._intervals import student
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import Array

_MOST_CLUSTERS = 1_000  # more are thrown together at random, so that a metric's value is not asked for too often

Bounds = tuple[float, float, float]


def difference(metric: Metric, after: Array, before: Array, units: Units) -> Bounds:
    """`value(after) - value(before)` on the same rows, (rows, k) each, with its 95 % interval.

    Where rows belong together in several ways, the widest of their intervals counts.
    """
    stats, width = np.concatenate([after, before], axis=1), after.shape[1]

    def value_of(means: Array) -> Array:
        return np.asarray(metric.value(means[..., :width]) - metric.value(means[..., width:]))

    every = np.random.default_rng(0).permutation(len(stats)) % _MOST_CLUSTERS
    ways: Sequence[Array] = units.clusters or (every if len(stats) > _MOST_CLUSTERS else np.arange(len(stats)),)
    found = []
    for code in ways:
        count = int(code.max()) + 1
        mass = np.bincount(code, weights=units.weight, minlength=count)
        sums = np.stack([np.bincount(code, units.weight * column, count) for column in stats.T], axis=1)
        used = mass > 0
        found.append((float(value_of(sums.sum(axis=0) / mass.sum())), _error(value_of, sums[used], mass[used])))
    value, half = found[0][0], max(half for _, half in found)
    return value, value - half, value + half


def mean(values: Array, units: Units, level: float = 0.95) -> Bounds:
    """The weighted mean of values (rows,) with an interval, clusters taken together; as wide as the values where one
    cluster tells nothing of how they differ. Linearised (Cochran 1977)."""
    weight = units.weight / units.weight.sum()
    value = float(weight @ values)
    pull, halves = weight * (values - value), list[float]()
    for code in units.clusters or (np.arange(len(values)),):
        parts = np.bincount(np.unique(code, return_inverse=True)[1], weights=pull)
        if len(parts) < 2:
            halves.append(float(np.ptp(values)))
            continue
        spread = float(np.square(parts).sum()) * len(parts) / (len(parts) - 1)
        halves.append(_wide(len(parts) - 1, level) * sqrt(spread))
    return value, value - max(halves), value + max(halves)


def _error(value_of: Callable[[Array], Array], sums: Array, mass: Array) -> float:
    """Half the width of the interval."""
    count = len(mass)
    if count < 2:
        return float("inf")
    rest = (sums.sum(axis=0) - sums) / (mass.sum() - mass)[:, None]
    values = value_of(rest)
    spread = (count - 1) / count * float(np.square(values - values.mean()).sum())
    return student(count - 1) * sqrt(spread)


def _wide(freedom: int, level: float) -> float:
    """How many standard errors an interval takes: Student's t where they are few."""
    normal = NormalDist()
    return normal.inv_cdf(0.5 + level / 2) * student(freedom) / normal.inv_cdf(0.975)

"""Where the score of a later period will probably lie: a 95 % prediction interval, not the interval of a mean.

What a service will see has its own luck: as many new groups, or as much new time, as the last period had. With groups
that is a resample of so many groups beside the uncertainty of what is known (Hahn and Meeker 1991, two samples).

Time has more than luck: the world drifts. The periods are cut into blocks, and the squared difference between two
blocks is followed over their distance (the variogram: Matheron 1963). What it is at once is noise; what it grows by is
drift, as of a level that takes random steps (Muth 1960). Both carried over to the next period give the width. Drift is
seen at long distances, and those are few, so Student's quantile has a quarter of the blocks' degrees of freedom. And
programs age: what they do worse at the end of a period than at its start goes on, so the worse end moves out by that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt

import numpy as np

from smeaton.metrics import Metric
from smeaton.metrics._intervals import Bounds, clusters, student
from smeaton.task.table import Array

BLOCKS = 8  # of the last period
LEAST_BLOCKS = 5  # of all: fewer show no drift
LEAST_GROUPS = 4
_DRAWS = 2000
_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Period:
    """Rows as a metric reads them: statistics (rows, k), weights, group codes and moments (rows,) or None."""

    stats: Array
    weight: Array | None = None
    group: Array | None = None
    time: Array | None = None

    def __len__(self) -> int:
        return len(self.stats)


def later(metric: Metric, periods: Sequence[Period], seed: int = 0) -> Bounds | None:
    """The value on a period like the last one, right after it: what is expected, low and high end (95 %).

    `periods` are in order of time, the last one answered by the program that ships. None where rows have neither group
    nor time, or there are too few groups or moments to tell. Deterministic in `seed`.
    """
    periods = [period for period in periods if len(period)]
    if not periods:
        return None
    if periods[-1].time is not None:
        found = _drifting(metric, periods)
    elif periods[-1].group is not None:
        found = _regrouped(metric, periods, seed)
    else:
        return None
    if found is not None and metric.unit == "share":
        return found[0], max(found[1], 0.0), min(found[2], 1.0)
    return found


def _drifting(metric: Metric, periods: Sequence[Period]) -> Bounds | None:
    last = _blocks(periods[-1], BLOCKS)
    size = len(periods[-1]) / len(last[0])
    parts = [_blocks(period, max(1, round(len(period) / size))) for period in periods[:-1]]
    sums, mass = (np.concatenate(found) for found in zip(*parts, last, strict=True))
    if len(sums) < LEAST_BLOCKS or (mass <= 0).any():
        return None
    means = sums / mass[:, None]
    centre = sums.sum(axis=0) / mass.sum()
    value = float(metric.value(last[0].sum(axis=0) / last[1].sum()))
    whole, mixed = float(metric.value(centre)), metric.value(centre + (means - centre) / len(means))
    ratio = _by_ratio(metric, min(value, whole, float(mixed.min())))
    effect = (np.log(mixed / whole) if ratio else mixed - whole) * len(means)
    half = student((len(means) - 1) / 4) * _spread(effect, len(last[0]))
    worse = 1.0 if metric.better == "lower" else -1.0
    aged = len(last[0]) * _ageing(worse * effect, [len(part[0]) for part in (*parts, last)])
    down, up = (half, half + aged) if worse > 0 else (half + aged, half)
    if ratio:
        return value, exp(log(value) - down), exp(log(value) + up)
    return value, value - down, value + up


def _ageing(effect: Array, sizes: Sequence[int]) -> float:
    """By how much blocks get worse, each than the one before, as the rows a program was fitted on get older.

    The slope within periods, for every period begins with a fresh program; never below 0: what got better is luck.
    """
    ends = np.cumsum([0, *sizes])
    places = np.concatenate([np.arange(size) - (size - 1) / 2 for size in sizes])
    off = np.concatenate([effect[start:end] - effect[start:end].mean() for start, end in pairwise(ends)])
    return max(0.0, float(places @ off) / max(float(places @ places), 1.0))


def _by_ratio(metric: Metric, least: float) -> bool:
    """Whether values are compared by their ratio: errors end at 0 and have no upper end."""
    return metric.better == "lower" and metric.unit != "share" and least > 0


def _spread(effect: Array, ahead: int) -> float:
    """Standard deviation of the mean of the next `ahead` blocks around that of the last so many."""
    count = len(effect)
    lags = np.arange(1.0, count)
    square = np.array([np.square(effect[lag:] - effect[:-lag]).mean() for lag in range(1, count)])
    pairs = count - lags
    middle, mean = np.average(lags, weights=pairs), np.average(square, weights=pairs)
    step = float(np.average((lags - middle) * (square - mean), weights=pairs))
    step /= float(np.average(np.square(lags - middle), weights=pairs))
    noise = float(mean - step * middle)
    if step < 0:
        step, noise = 0.0, float(mean)
    elif noise < 0:
        noise = 0.0
        step = float(np.average(lags * square, weights=pairs) / np.average(lags * lags, weights=pairs))
    return sqrt(step * (2 * ahead * ahead + 1) / (3 * ahead) + noise / ahead)


def _blocks(period: Period, most: int) -> tuple[Array, Array]:
    """Sums of statistics and weights over at most so many blocks of about as many rows, the oldest first; rows of one
    moment stay together."""
    assert period.time is not None
    moments, code = np.unique(period.time, return_inverse=True)
    before = np.cumsum(np.bincount(code)) - np.bincount(code) / 2  # rows up to the middle of a moment
    home = np.minimum((before * min(most, len(moments)) / len(period)).astype(np.int64), most - 1)
    return clusters(period.stats.astype(np.float64), period.weight, home[code], 0)


def _regrouped(metric: Metric, periods: Sequence[Period], seed: int) -> Bounds | None:
    group = np.concatenate([period.group for period in periods if period.group is not None])
    weight = np.concatenate([np.ones(len(one)) if one.weight is None else one.weight for one in periods])
    stats = np.concatenate([period.stats for period in periods]).astype(np.float64)
    sums, mass = clusters(stats, weight, group, seed)
    count, groups = len(sums), len(np.unique(group))
    if groups < LEAST_GROUPS or mass.sum() <= 0:
        return None
    ahead = max(1, round(count * len(np.unique(group[-len(periods[-1]) :])) / groups))
    value = float(metric.value(sums.sum(axis=0) / mass.sum()))
    generator = np.random.default_rng([seed, 3])
    drawn = [[_drawn(metric, sums, mass, size, generator) for size in (ahead, count)] for _ in range(_DRAWS // _CHUNK)]
    new, known = (np.concatenate(found) for found in zip(*drawn, strict=True))
    ratio = _by_ratio(metric, min(value, float(new.min()), float(known.min())))
    off = np.log(new / known) if ratio else new - known
    wide = sqrt(count / (count - 1)) * student(count - 1) / student(float("inf"))
    low, high = (wide * float(end) for end in np.quantile(off, [0.025, 0.975]))
    if ratio:
        return value, value * exp(min(0.0, low)), value * exp(max(0.0, high))
    return value, value + min(0.0, low), value + max(0.0, high)


def _drawn(metric: Metric, sums: Array, mass: Array, size: int, generator: np.random.Generator) -> Array:
    """Values of resamples of `size` clusters."""
    counts = generator.multinomial(size, np.full(len(sums), 1 / len(sums)), _CHUNK).astype(np.float64)
    weight = (counts @ mass)[:, None]
    centre = sums.sum(axis=0) / mass.sum()
    means = np.where(weight > 0, (counts @ sums) / np.where(weight > 0, weight, 1.0), centre)
    return np.asarray(metric.value(means))

"""A band around numbers, learnt from answers to rows that were not fitted on.

Conformal prediction with residuals of held-out folds (the cross-validation of Barber, Candes, Ramdas and Tibshirani
2021): of n rows the offset is the ceil((n + 1) * level)-th smallest residual, so that a further row lies within with at
least that chance if rows are exchangeable; rows of one group are one unit. Residuals are divided by how far answers of
that size are off (Papadopoulos, Gammerman and Vovk 2008; Lei et al. 2018), a line through the means of bins; that scale
comes from other rows than the residual it divides. Each side may have an offset of its own (Romano, Patterson and
Candes 2019). Which form: the one with the lowest interval score (Gneiting and Raftery 2007) on rows it was not learnt
from; the plainer one unless the other is clearly better.
"""

from dataclasses import dataclass
from itertools import product

import msgspec
import numpy as np

from smeaton.runtime.ops.interval import Band, scales
from smeaton.task.table import Array

MAX_ROWS = 10_000  # more rows move a quantile by less than its own uncertainty
_PARTS = 5
_BIN_ROWS, _BINS = 40, 12
_PRIOR_ROWS = 10.0  # the weight of the overall scale in that of a bin
_LEAST_SCALE = 0.05  # of the overall scale: no answer is that sure
_LEAST_SPREAD = 0.2  # the same for a scale that comes from elsewhere
_BETTER = 0.995  # of the plainer form's interval score


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the target can be: its bounds (None: none) and whether it is a whole number."""

    least: float | None = None
    most: float | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Residuals:
    """Answers (rows,) with targets and weights; `group` are codes of what belongs together, or None."""

    prediction: Array
    target: Array
    weight: Array
    group: Array | None = None

    def __len__(self) -> int:
        return len(self.target)

    @property
    def units(self) -> int:
        """How many rows, or groups, there are: what is exchangeable."""
        return len(self) if self.group is None else len(np.unique(self.group))

    def take(self, which: Array) -> "Residuals":
        """Those of some rows that can teach (finite, with a weight), thinned evenly to MAX_ROWS."""
        return self.taken(which)[0]

    def taken(self, which: Array) -> "tuple[Residuals, Array]":
        """The same, and their positions."""
        known = np.isfinite(self.prediction) & np.isfinite(self.target) & (self.weight > 0)
        index = np.flatnonzero(known & which)
        if len(index) > MAX_ROWS:
            index = index[np.linspace(0, len(index) - 1, MAX_ROWS).astype(np.int64)]
        return self._rows(index), index

    def _rows(self, index: Array) -> "Residuals":
        group = None if self.group is None else self.group[index]
        return Residuals(self.prediction[index], self.target[index], self.weight[index], group)

    def parts(self) -> Array:
        """One of five parts for each row; groups stay whole."""
        if self.group is not None:
            return np.asarray(np.unique(self.group, return_inverse=True)[1] % _PARTS)
        # Neighbours in answer are dealt to different parts, so that each part covers the whole range.
        part = np.empty(len(self), dtype=np.int64)
        part[np.argsort(self.prediction, kind="stable")] = np.arange(len(self)) % _PARTS
        return part


def fit(some: Residuals, level: float, bounds: Bounds | None = None) -> Band:
    """The band that holds a further target with the chance `level`; at least one row, from `Residuals.take`."""
    bounds = bounds or Bounds()
    shape = msgspec.structs.replace(Band(low=0.0, high=0.0), min=bounds.least, max=bounds.most, whole=bounds.whole)
    part = some.parts()
    best, lowest, score = shape, np.inf, np.inf
    for scaled, sided in product((False, True), repeat=2):
        if (scaled and not _varies(some)) or (sided and not enough(some.units, (1 + level) / 2)):
            continue
        own, normal, scale = _normalised(some, part, shape, scaled)
        score = _judged(some, part, (normal, scale), (level, sided))
        if score < lowest * _BETTER or not np.isfinite(lowest):
            low, high = _offsets(normal, some, (level, sided))
            best, lowest = msgspec.structs.replace(own, low=min(low, 0.0), high=max(high, 0.0)), score
    return best


def fit_scaled(some: Residuals, scale: Array, level: float, bounds: Bounds) -> Band:
    """The same where something else says how far answers are off, (rows,): `scale`, learnt without each row, at least
    `least` of the band."""
    shape = Band(
        low=0.0, high=0.0, least=least_scale(some), min=bounds.least, max=bounds.most, whole=bounds.whole
    )  # fmt: skip
    part, normal = some.parts(), (some.target - some.prediction) / np.maximum(scale, shape.least)
    best, lowest = shape, np.inf
    for sided in (False, True):
        if sided and not enough(some.units, (1 + level) / 2):
            continue
        score = _judged(some, part, (normal, np.maximum(scale, shape.least)), (level, sided))
        if score < lowest * _BETTER or not np.isfinite(lowest):
            low, high = _offsets(normal, some, (level, sided))
            best, lowest = msgspec.structs.replace(shape, low=min(low, 0.0), high=max(high, 0.0)), score
    return best


def least_scale(some: Residuals) -> float:
    """The least scale of rows like these: a model of errors that answers less is too sure."""
    off = np.abs(some.target - some.prediction)
    return max(_LEAST_SPREAD * float(np.average(off, weights=some.weight)), 1e-300)


def enough(units: int, level: float) -> bool:
    """Whether so many exchangeable rows can promise that level at all."""
    return bool(np.ceil((units + 1) * level) <= units)


def interval_score(low: Array, high: Array, target: Array, level: float) -> Array:
    """The width, and 2 / (1 - level) times what the target lies outside by; (rows,), lower is better."""
    outside = np.maximum(low - target, 0.0) + np.maximum(target - high, 0.0)
    return np.asarray(high - low + 2.0 / (1.0 - level) * outside)


def _varies(some: Residuals) -> bool:
    return len(some) >= 2 * _BIN_ROWS and float(np.ptp(some.prediction)) > 0


def _normalised(some: Residuals, part: Array, shape: Band, scaled: bool) -> tuple[Band, Array, Array]:
    """The band without offsets yet, the residuals (rows,) in units of its scale, and that scale (rows,); each row's
    scale comes from the other parts."""
    residual = some.target - some.prediction
    scale = np.ones(len(some))
    if not scaled:
        return shape, residual, scale
    for number in np.unique(part).tolist():
        mine = part == number
        rest = ~mine if not mine.all() else mine
        scale[mine] = scales(_with_scale(shape, some, rest), some.prediction[mine])
    return _with_scale(shape, some, np.ones(len(some), dtype=bool)), residual / scale, scale


def _with_scale(shape: Band, some: Residuals, which: Array) -> Band:
    """Mean absolute residuals in bins of equally many answers, drawn toward the mean of all."""
    prediction, weight = some.prediction[which], some.weight[which]
    off = np.abs(some.target[which] - prediction)
    overall = float(np.average(off, weights=weight))
    if not 0 < overall < np.inf:
        return shape
    bins = int(np.clip(len(off) // _BIN_ROWS, 1, _BINS))
    edges = np.unique(np.quantile(prediction, np.linspace(0, 1, bins + 1)[1:-1]))
    code = np.searchsorted(edges, prediction, side="right")
    prior = _PRIOR_ROWS * float(weight.mean())
    mass = np.bincount(code, weights=weight)
    held = mass > 0
    middle = np.bincount(code, weights=weight * prediction)[held] / mass[held]
    scale = (np.bincount(code, weights=weight * off)[held] + prior * overall) / (mass[held] + prior)
    points, first = np.unique(middle, return_index=True)
    least = _LEAST_SCALE * overall
    return msgspec.structs.replace(
        shape, points=tuple(points.tolist()), scales=tuple(np.maximum(scale[first], least).tolist())
    )


def _offsets(normal: Array, some: Residuals, form: tuple[float, bool]) -> tuple[float, float]:
    """The offsets that hold the level; `form` is the level, and whether each side has its own."""
    level, sided = form
    if not sided:
        high = _quantile(np.abs(normal), some.weight, level, some.units)
        return -high, high
    half = (1 + level) / 2
    return -_quantile(-normal, some.weight, half, some.units), _quantile(normal, some.weight, half, some.units)


def _quantile(values: Array, weight: Array, level: float, units: int) -> float:
    """The smallest value that holds `level * (1 + 1 / units)` of the weight, the largest of all where none does: of n
    rows that weigh alike the ceil((n + 1) * level)-th."""
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order])
    wanted = level * (1 + 1 / units) * mass[-1]
    place = int(np.searchsorted(mass, wanted * (1 - 1e-12)))
    return float(values[order[min(place, len(values) - 1)]])


def _judged(some: Residuals, part: Array, found: tuple[Array, Array], form: tuple[float, bool]) -> float:
    """The mean interval score, each part by offsets of the others. `found` are residuals in units of the scale, and
    the scale of each row, both from the other parts."""
    normal, scale = found
    numbers = np.unique(part).tolist()
    if len(numbers) < 2:
        return np.inf
    total = 0.0
    for number in numbers:
        mine = part == number
        low, high = _offsets(normal[~mine], some._rows(np.flatnonzero(~mine)), form)
        width = np.full(int(mine.sum()), 1.0)
        off = interval_score(low * width, high * width, normal[mine], form[0])
        total += float((some.weight[mine] * scale[mine]) @ off)
    return total / float(some.weight.sum())

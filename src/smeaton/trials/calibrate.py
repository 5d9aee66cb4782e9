"""Calibration of class probabilities: one temperature (many classes) or one Platt step (two), cross-fitted.

Platt scaling and its smoothed targets: Platt 1999; Newton with backtracking: Lin, Lin and Weng 2007; temperature:
Guo, Pleiss, Sun and Weinberger 2017. A step fitted for fold f sees no target of fold f, nor does the decision to keep
it: both come from the other folds alone. Halves that decide keep groups whole and moments in order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from smeaton.compile.calibrate import FLOOR, Calibration, apply
from smeaton.task.table import Array

MIN_ROWS = 30  # below this two numbers cannot be learnt from rows
MAX_ROWS = 20_000  # more rows move two numbers by less than a hundredth
MAX_STEPS = 50
SLOPES = (0.05, 20.0)  # outside lie probabilities that are noise, or rows that are all told apart
MIN_GAIN = 1e-6  # nats; less is rounding


@dataclass(frozen=True, slots=True)
class Scored:
    """Probabilities (rows, labels) with the label codes (rows,) and weights (rows,) they are judged by. `half` is 0 or
    1 for each row: rows that belong together are in the same half (None: any two halves will do)."""

    probability: Array
    y: Array
    weight: Array
    half: Array | None = None

    def __len__(self) -> int:
        return len(self.y)


def scored(probability: Array, y: Array, weight: Array | None, half: Array | None = None) -> Scored:
    """The rows that can teach: finite probabilities that sum to 1, weight above 0; thinned evenly to MAX_ROWS."""
    chance = np.asarray(probability, dtype=np.float64)
    mass = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        usable = (np.abs(chance.sum(axis=1) - 1) < 1e-3) & (chance.min(axis=1, initial=np.inf) >= 0) & (mass > 0)
    index = np.flatnonzero(usable)
    return _thinned(Scored(chance[index], np.asarray(y)[index], mass[index], None if half is None else half[index]))


def halves_of(group: Array | None, time: Array | None) -> Array | None:
    """The half of each row (rows,): the older and the newer ones, or every other group; None where neither is known."""
    if time is not None:
        return (time > np.sort(time)[(len(time) - 1) // 2]).astype(np.int64) if len(time) else time.astype(np.int64)
    return None if group is None else np.unique(group, return_inverse=True)[1] % 2


def cross_fit(parts: Sequence[Scored]) -> list[Calibration | None]:
    """For each fold the step fitted on the held-out rows of the others; None where it would not help those."""
    if len(parts) < 2:
        raise ValueError("cross-fitting needs at least two folds")
    if len(parts) == 2:
        return [fit_checked(parts[1]), fit_checked(parts[0])]
    without = {pair: fit(_join(parts, pair)) for pair in combinations(range(len(parts)), 2)}
    kept: list[Calibration | None] = []
    for fold in range(len(parts)):
        gain = mass = 0.0
        for other in range(len(parts)):
            if other != fold:
                step = without[min(fold, other), max(fold, other)]
                gain += _gain(step, parts[other])
                mass += float(parts[other].weight.sum())
        kept.append(fit(_join(parts, (fold,))) if gain > MIN_GAIN * mass else None)
    return kept


def fit_checked(part: Scored, forward: bool = False) -> Calibration | None:
    """The step fitted on these rows, None where each half of them would not gain from a step fitted on the other
    (`forward`: the second half from one fitted on the first, the older rows)."""
    half = np.arange(len(part)) % 2 if part.half is None else part.half
    halves = [_rows(part, half == number) for number in (0, 1)]
    judged = (1,) if forward else (0, 1)
    gain = sum(_gain(fit(halves[1 - number]), halves[number]) for number in judged)
    mass = sum(float(halves[number].weight.sum()) for number in judged)
    return fit(part) if gain > MIN_GAIN * mass else None


def fit(part: Scored) -> Calibration | None:
    """The step with the lowest weighted log-loss on these rows.

    None where it cannot be told: fewer than 30 rows or two labels among them, constant probabilities, or a slope that
    leaves the sane range (which also rules out turning the ranking around).
    """
    if len(part) < MIN_ROWS or len(np.unique(part.y)) < 2:
        return None
    weight = part.weight / part.weight.mean()
    log = np.log(np.clip(part.probability, FLOOR, 1.0))
    if part.probability.shape[1] == 2:
        return _platt(log[:, 1] - log[:, 0], part.y, weight)
    return _temperature(log, part.y, weight)


def log_loss(probability: Array, y: Array) -> Array:
    """Minus the logarithm of the probability given to the true label, (rows,) in nats."""
    loss: Array = -np.log(np.clip(probability[np.arange(len(y)), y], FLOOR, 1.0))
    return loss


def _gain(step: Calibration | None, part: Scored) -> float:
    """Weighted sum of what a step takes off the log-loss."""
    if step is None or not len(part):
        return 0.0
    off = log_loss(part.probability, part.y) - log_loss(apply(step, part.probability), part.y)
    return float(off @ part.weight)


def _platt(z: Array, y: Array, weight: Array) -> Calibration | None:
    positive = float(weight @ (y == 1))
    negative = float(weight @ (y == 0))
    goal = np.where(y == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    columns = np.stack([z, np.ones_like(z)], axis=1)
    if float(np.ptp(z)) <= 1e-12:
        return None

    def loss(at: Array) -> float:
        score = columns @ at
        return float(weight @ (np.logaddexp(0.0, score) - goal * score))

    def slopes(at: Array) -> tuple[Array, Array]:
        chance = 0.5 * (1.0 + np.tanh(0.5 * (columns @ at)))  # the logistic function without overflow
        spread = weight * chance * (1 - chance)
        return columns.T @ (weight * (chance - goal)), columns.T @ (columns * spread[:, None])

    found = _newton(loss, slopes, np.array([1.0, 0.0]))
    if found is None or not SLOPES[0] <= found[0] <= SLOPES[1]:
        return None
    return Calibration(kind="platt", a=float(found[0]), b=float(found[1]))


def _temperature(log: Array, y: Array, weight: Array) -> Calibration | None:
    true = log[np.arange(len(y)), y]

    def soft(at: Array) -> tuple[Array, Array]:
        score = log * at[0]
        top = score.max(axis=1, keepdims=True)
        raised = np.exp(score - top)
        total = raised.sum(axis=1, keepdims=True)
        return raised / total, (top + np.log(total))[:, 0]

    def loss(at: Array) -> float:
        return float(weight @ (soft(at)[1] - at[0] * true))

    def slopes(at: Array) -> tuple[Array, Array]:
        chance, _ = soft(at)
        mean = (chance * log).sum(axis=1)
        spread = (chance * np.square(log - mean[:, None])).sum(axis=1)
        return np.array([weight @ (mean - true)]), np.array([[weight @ spread]])

    found = _newton(loss, slopes, np.array([1.0]))
    if found is None or not SLOPES[0] <= found[0] <= SLOPES[1]:
        return None
    return Calibration(kind="temperature", a=float(found[0]))


def _newton(loss: Callable[[Array], float], slopes: Callable[[Array], tuple[Array, Array]], at: Array) -> Array | None:
    """The minimum of a convex function, None where its curvature vanishes or it has no finite minimum."""
    now = loss(at)
    for _ in range(MAX_STEPS):
        gradient, curvature = slopes(at)
        size = float(np.trace(curvature))
        if not np.isfinite(size) or size <= 1e-12:
            return None
        step = np.linalg.solve(curvature + 1e-12 * size * np.eye(len(at)), gradient)
        fall = float(gradient @ step)
        if fall <= 1e-12 * max(abs(now), 1.0):
            return at
        share = 1.0
        while (then := loss(at - share * step)) > now - 1e-4 * share * fall:
            share /= 2
            if share < 1e-10:
                return at  # no lower value can be told from rounding
        at, now = at - share * step, then
        if abs(float(at[0])) > 10 * SLOPES[1]:
            return None
    return at


def _join(parts: Sequence[Scored], left_out: tuple[int, ...]) -> Scored:
    """The rows of all folds but those left out."""
    taken = [part for fold, part in enumerate(parts) if fold not in left_out]
    joined = Scored(
        np.concatenate([part.probability for part in taken]),
        np.concatenate([part.y for part in taken]),
        np.concatenate([part.weight for part in taken]),
    )
    return _thinned(joined)


def _thinned(part: Scored) -> Scored:
    """At most MAX_ROWS rows, evenly chosen."""
    if len(part) <= MAX_ROWS:
        return part
    return _rows(part, np.linspace(0, len(part) - 1, MAX_ROWS).astype(np.int64))


def _rows(part: Scored, which: Array) -> Scored:
    half = None if part.half is None else part.half[which]
    return Scored(part.probability[which], part.y[which], part.weight[which], half)

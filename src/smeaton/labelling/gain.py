"""What the next hundred labels would bring: a learning curve of quick models, carried on by a power law.

Models are fitted on nested parts of the labelled rows and judged on rows kept apart. The error at n rows is taken as
a + b n^-c with a, b >= 0 (Hestness et al., "Deep learning scaling is predictable, empirically", 2017; Cortes et al.
1993), and the interval is that of the whole procedure over resampled rows and repeats.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.labelling.quick import Kind, Quick
from smeaton.task.table import Array

MORE = 100
FEWEST = 40  # labelled rows that a curve can be drawn from
_SIZES, _REPEATS, _HELD_OUT, _MOST_HELD_OUT, _MOST_ROWS = 5, 5, 0.3, 1000, 6000
_EXPONENTS = np.linspace(0.1, 1.0, 19)
_DRAWS = 400
#: The share of resampled curves that must fall before anything is foretold.
_SURE = 0.95


@dataclass(frozen=True, slots=True)
class Curve:
    """Errors by the number of rows fitted on: `errors[repeat][size]` are those of the repeat's held-out rows."""

    sizes: tuple[int, ...]
    errors: tuple[tuple[Array, ...], ...]


@dataclass(frozen=True, slots=True)
class Gain:
    """What `more` rows would do to the error of a quick model that has `rows`: shares from 0 to 1, `low` to `high`
    the 95 % interval of `then`. Where it cannot be told, `why` says so and the numbers are None.
    """

    rows: int
    more: int = MORE
    now: float | None = None
    then: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""

    def text(self) -> str:
        """One line for people."""
        if self.now is None or self.then is None or self.low is None or self.high is None:
            return f"what {self.more} more rows would bring cannot be told: {self.why}"
        interval = f"({100 * self.low:.1f} to {100 * self.high:.1f})"
        return f"{self.more} more rows: error {100 * self.now:.1f} % -> {100 * self.then:.1f} % {interval}"


def expected_gain(
    matrix: Any,
    target: Array,
    kind: Kind,
    labels: int,
    *,
    fair: Array | None = None,
    seed: int = 0,
    seconds: float = 15.0,
) -> Gain:
    """What the next hundred labels would bring.

    Args:
        matrix: features of the labelled rows (`quick.features`).
        target: their answers, as in `Rows.y`.
        kind: what kind of answer.
        labels: number of labels (0 for numbers).
        fair: rows that are a random sample and may judge; None means all. Rows that were picked only train.
        seed: the same rows and seed give the same answer, as far as time allows.
        seconds: soft limit on the fitting.
    """
    rows = len(target)
    may = np.flatnonzero(np.ones(rows, bool) if fair is None else fair)
    if rows < FEWEST:
        return Gain(rows, why=f"{rows} rows have a label, at least {FEWEST} are needed")
    if len(may) < FEWEST // 2:
        return Gain(rows, why=f"only {len(may)} labelled rows are a random sample, at least {FEWEST // 2} are needed")
    if len(np.unique(target, axis=0)) < 2:
        return Gain(rows, why="all answers are the same")
    found = curve(matrix, target, kind, labels, may, seed=seed, seconds=seconds)
    return from_curve(found, rows, seed)


def curve(
    matrix: Any, target: Array, kind: Kind, labels: int, fair: Array, *, seed: int = 0, seconds: float = 15.0
) -> Curve:
    """The learning curve of quick models. At least one repeat is made, however long it takes."""
    started = time.monotonic()
    rows = len(target)
    held = min(_MOST_HELD_OUT, max(1, round(_HELD_OUT * len(fair))))
    largest = min(_MOST_ROWS, rows - held)
    sizes = tuple(dict.fromkeys(np.geomspace(max(10, largest // 10), largest, _SIZES).astype(int).tolist()))
    repeats: list[tuple[Array, ...]] = []
    for repeat in range(_REPEATS):
        if repeats and (time.monotonic() - started) * (repeat + 1) / repeat > seconds:
            break
        draw = np.random.default_rng([seed, repeat])
        judge = draw.choice(fair, held, replace=False)
        train = draw.permutation(np.setdiff1d(np.arange(rows), judge))
        errors = []
        for size in sizes:
            model = Quick(kind, labels).fit(matrix[train[:size]], target[train[:size]])
            errors.append(model.errors(matrix[judge], target[judge]))
        repeats.append(tuple(errors))
    return Curve(sizes, tuple(repeats))


def from_curve(found: Curve, rows: int, seed: int = 0, more: int = MORE) -> Gain:
    """Carry a curve on to `rows` and `rows + more` labelled rows."""
    if len(found.sizes) < 3:
        return Gain(rows, more, why="the labelled rows are too few for a curve")
    draw = np.random.default_rng(seed)
    drawn = np.array([_resampled(found.errors, draw) for _ in range(_DRAWS)])
    falling = float((drawn[:, -1] < drawn[:, 0]).mean())
    if falling < _SURE:
        return Gain(rows, more, why="more rows have not lowered the error so far beyond chance")
    whole = np.array([np.mean([repeat[size].mean() for repeat in found.errors]) for size in range(len(found.sizes))])
    now, then = carried(found.sizes, whole[None, :], (rows, rows + more))[0]
    ahead = carried(found.sizes, drawn, (rows + more,))[:, 0]
    # The interval is moved so that it is about the curve that was seen.
    low, high = np.percentile(ahead, [2.5, 97.5]) + (then - np.median(ahead))
    return Gain(rows, more, float(now), float(then), float(max(min(low, then), 0.0)), float(max(high, then)))


def _resampled(errors: Sequence[Sequence[Array]], draw: np.random.Generator) -> Array:
    """Mean errors by size over resampled repeats, each over resampled rows (the same rows at each size)."""
    total = []
    for repeat in draw.integers(0, len(errors), len(errors)).tolist():
        rows = draw.integers(0, len(errors[repeat][0]), len(errors[repeat][0]))
        total.append([size[rows].mean() for size in errors[repeat]])
    return np.asarray(np.mean(total, axis=0))


def carried(sizes: Sequence[int], errors: Array, wanted: Sequence[int]) -> Array:
    """Fit a + b n^-c with a, b >= 0 to each row of `errors` (curves, sizes); its values at `wanted`.

    For each exponent of a grid the two coefficients follow by least squares, larger sizes weighing more (their errors
    vary less and they are nearer to what is asked); the best exponent is kept.
    """
    points, ahead = np.asarray(sizes, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    weights = points / points.sum()
    mean = errors @ weights
    best, values = np.full(len(errors), np.inf), np.zeros((len(errors), len(ahead)))
    for exponent in _EXPONENTS:
        x, new = points**-exponent, ahead**-exponent
        centre = float(x @ weights)
        slope = ((errors - mean[:, None]) @ (weights * (x - centre))) / float(weights @ (x - centre) ** 2)
        slope = np.maximum(slope, 0.0)
        # Where the floor would be below 0 it is 0, and the slope is fitted alone.
        floor = mean - slope * centre
        alone = np.maximum((errors @ (weights * x)) / float(weights @ x**2), 0.0)
        slope, floor = np.where(floor < 0, alone, slope), np.maximum(floor, 0.0)
        miss = ((errors - floor[:, None] - slope[:, None] * x) ** 2) @ weights
        better = miss < best
        best = np.where(better, miss, best)
        values[better] = (floor[:, None] + slope[:, None] * new)[better]
    return values

"""How far probabilities are what they say: bins of equally many rows, the error over them, and how large that error
would be by chance.

The expected calibration error (Naeini, Cooper and Hauskrecht 2015) is the mean distance, by weight, between what was
said in a bin and what came true. Bins hold equally many rows: of bins of equal width most would be nearly empty (Nguyen
and O'Connor 2015). With finite rows it is above 0 for perfect probabilities too, so it is held against what they would
show: outcomes drawn by the probabilities themselves (consistency resampling, Bröcker and Smith 2007).
"""

from dataclasses import dataclass

import numpy as np

from smeaton.reporting.sections._bins import starts
from smeaton.reporting.sections._shares import Units, shares
from smeaton.task.table import Array

MOST_BINS = 12  #: about: a probability of very many rows has a bin of its own
_BIN_ROWS = 50
_FEWEST_BINS = 3
_DRAWS = 200
_CHUNK = 25
_MOST_ROWS = 20_000  # that outcomes are drawn for


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of each bin what was said on average, (bins,), what came true with its interval, (bins, 3), and its rows. `error`
    is the expected calibration error; perfect probabilities would show `chance` on average, and at most `limit` in 95
    of 100 such tables."""

    said: Array
    true: Array
    rows: Array
    error: float
    chance: float
    limit: float

    @property
    def off(self) -> Array:
        """Bins whose interval misses what was said, (bins,) bool."""
        return np.asarray((self.said < self.true[:, 1]) | (self.said > self.true[:, 2]))

    @property
    def holds(self) -> bool:
        """Whether the error is no larger than perfect probabilities may show."""
        return self.error <= self.limit


def calibration(chance: Array, truth: Array, units: Units, seed: int = 0) -> Calibration | None:
    """The calibration of probabilities (rows,) of what came true or not (rows,); None without rows of any weight."""
    order = np.argsort(chance, kind="stable")
    order = order[units.weight[order] > 0]
    if not len(order):
        return None
    p, y, part = chance[order], truth[order].astype(np.float64), units.take(order)
    first = starts(p, int(np.clip(len(p) // _BIN_ROWS, _FEWEST_BINS, MOST_BINS)))
    code = np.repeat(np.arange(len(first)), np.diff([*first, len(p)]))
    mass = np.add.reduceat(part.weight, first)
    said = np.add.reduceat(part.weight * p, first) / mass
    member = code[:, None] == np.arange(len(first))
    true = shares(member * y[:, None], member, part)
    error = float(mass @ np.abs(said - true[:, 0]) / mass.sum())
    drawn = _drawn(p, part.weight, first, seed)
    rows = np.diff([*first, len(p)])
    return Calibration(said, true, rows, error, float(drawn.mean()), float(np.quantile(drawn, 0.95)))


def _drawn(p: Array, weight: Array, first: Array, seed: int) -> Array:
    """The error of outcomes drawn by the probabilities, (draws,). Of very many rows some are drawn for, and the error
    counted down to all: it falls with the root of their number."""
    smaller = 1.0
    if len(p) > _MOST_ROWS:
        some = np.linspace(0, len(p) - 1, _MOST_ROWS).astype(np.int64)
        smaller = float(np.sqrt(_MOST_ROWS / len(p)))
        first = np.unique(np.searchsorted(some, first))
        p, weight = p[some], weight[some]
    generator = np.random.default_rng(seed)
    mass = np.add.reduceat(weight, first)
    errors = []
    for _ in range(_DRAWS // _CHUNK):
        came = generator.random((_CHUNK, len(p)), dtype=np.float32) < p
        off = np.add.reduceat(weight * (came - p), first, axis=1)
        errors.append(np.abs(off).sum(axis=1) / mass.sum())
    return np.concatenate(errors) * smaller

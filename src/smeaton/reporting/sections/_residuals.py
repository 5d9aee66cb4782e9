"""`Numbers`: answers that are numbers beside what was true, and how far they are off along what was answered."""

from dataclasses import dataclass

import numpy as np

from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import HIGH, LOW, Array
from smeaton.trials.intervals import numbers

DECADES = 100.0  #: how many times the least target the largest is where axes are logarithmic


@dataclass(frozen=True)
class Numbers:
    """Rows that were answered with a number: what was `true` and what was `said`, (rows,), with their units and the
    ends of their intervals (None: there are none; NaN: no interval judges that row). `lost` rows have no number."""

    judged: Judged
    true: Array
    said: Array
    units: Units
    low: Array | None
    high: Array | None
    lost: int

    @property
    def off(self) -> Array:
        """True less answered, (rows,): above 0 where too little was answered."""
        return self.true - self.said

    @property
    def log(self) -> bool:
        """Whether targets are positive and spread over more than two decades."""
        return bool(self.true.min() > 0 and self.true.max() > DECADES * self.true.min())


def numbers_of(judged: Judged) -> Numbers:
    """The rows of a build's evidence that were answered with a finite number. `judged` has the columns of intervals."""
    said = numbers(judged.answers)
    true = np.asarray(judged.evidence.target, dtype=np.float64)
    some = np.flatnonzero(np.isfinite(said) & np.isfinite(true) & (judged.units.weight > 0))
    ends = [np.asarray(judged.more[name], dtype=np.float64)[some] if name in judged.more else None
            for name in (LOW, HIGH)]  # fmt: skip
    return Numbers(judged, true[some], said[some], judged.units.take(some), ends[0], ends[1], len(said) - len(some))


def quantiles(values: Array, weight: Array, levels: list[float]) -> list[float]:
    """Weighted quantiles: the least value that holds each share of the weight."""
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order])
    places = np.searchsorted(mass, np.asarray(levels) * mass[-1] * (1 - 1e-12))
    return [float(one) for one in values[order[np.minimum(places, len(order) - 1)]]]

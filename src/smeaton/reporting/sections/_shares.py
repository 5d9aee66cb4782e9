"""Shares with 95 % intervals, where rows weigh differently, belong together, or follow each other in time.

A share is a ratio of sums over rows. How far it would vary is that of its linearised rows (Cochran 1977), rows of one
cluster taken together. The interval is Wilson's (1927) at the number of independent rows that would vary as much (Rao
and Scott 1992): for plain rows Wilson's own. F1 is such a ratio too (2 right over named and true together; Takahashi et
al. 2022), and so are, once linearised, the areas under curves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.metrics._intervals import run_length, student
from smeaton.task.table import Array
from smeaton.trials.outside import TWO_SIDED, wilson

_EXACT = 1e-12  # a share nearer to 0 or 1 has no spread of its own


@dataclass(frozen=True, slots=True)
class Units:
    """What counts as one observation. `weight` (rows,); `clusters` are codes of rows that belong together, in one way
    or several (rows,) each, none for rows that stand for themselves."""

    weight: Array
    clusters: tuple[Array, ...] = ()

    def take(self, which: Array) -> "Units":
        """Those of some rows."""
        return Units(self.weight[which], tuple(code[which] for code in self.clusters))


def units_of(dataset: Dataset, rows: Array) -> Units:
    """The units of rows of a dataset: its weights, its groups, runs of neighbouring moments as long as the board's."""
    weight = np.ones(len(rows)) if dataset.weight is None else np.asarray(dataset.weight[rows], dtype=np.float64)
    clusters = []
    if dataset.group is not None:
        clusters.append(np.unique(dataset.group[rows], return_inverse=True)[1])
    if dataset.time is not None and len(rows):
        moments, code = np.unique(dataset.time[rows], return_inverse=True)
        clusters.append(code // run_length(len(moments)))
    return Units(weight, tuple(np.asarray(code) for code in clusters))


def shares(above: Array, below: Array, units: Units) -> Array:
    """Ratios of weighted sums, each with its low and high end: (k, 3), NaN where there is nothing to divide by.

    Args:
        above: what counts for each ratio, (rows, k).
        below: what it is counted of, (rows, k).
        units: of the rows.
    """
    above, below = np.atleast_2d(above.T).T.astype(np.float64), np.atleast_2d(below.T).T.astype(np.float64)
    weight = units.weight[:, None]
    top, base = (weight * above).sum(axis=0), (weight * below).sum(axis=0)
    with np.errstate(invalid="ignore"):
        value = np.divide(top, base, out=np.full(len(base), np.nan), where=base > 0)
    off, mass = weight * (above - value * below), weight * below
    return np.array([[one, *ends(one, off[:, k], mass[:, k], units.clusters)] for k, one in enumerate(value.tolist())])


def percent(value: float) -> str:
    """A share as people write it; one that is not all is never written as all."""
    said = f"{100 * value:.1f} %"
    return "over 99.9 %" if said == "100.0 %" and value < 1 else said


def span(share: Array) -> str:
    """The interval of a share, in words: `shares` gives it with its ends."""
    return f"95 % interval {percent(float(share[1]))} to {percent(float(share[2]))}"


def plain(share: Array) -> list[float | None]:
    """A share with its ends as JSON holds them: None where there is none."""
    return [float(one) if np.isfinite(one) else None for one in share]


def ends(value: float, off: Array, mass: Array, clusters: Sequence[Array]) -> tuple[float, float]:
    """The ends of a value between 0 and 1 that moves by `off / mass.sum()` with each row, (rows,); NaN without mass."""
    base = float(mass.sum())
    if not base > 0 or not np.isfinite(value):
        return np.nan, np.nan
    best = _independent(value, off, mass, base)
    for code in clusters:
        count = int(code.max()) + 1
        held, pull = (np.bincount(code, weights=one, minlength=count) for one in (mass, off))
        used = (held != 0) | (pull != 0)
        found = _independent(value, pull[used], held[used], base, few=True)
        best = min(best, found, key=lambda one: one[0])
    rows, normal = best
    return wilson(min(1.0, max(0.0, value)), max(rows, 1e-9), normal)


def _independent(value: float, off: Array, mass: Array, base: float, few: bool = False) -> tuple[float, float]:
    """How many independent rows would vary as much, and how many standard errors an interval of 95 % then takes."""
    count = len(mass)
    kish = base**2 / max(float(np.square(mass).sum()), 1e-300)
    if few and count < 2:  # one cluster tells nothing of how clusters differ
        return 1.0, TWO_SIDED
    spread = float(np.square(off).sum()) / base**2 * (count / (count - 1) if few else 1.0)
    own = value * (1.0 - value)
    rows = own / spread if own > _EXACT and spread > 0 else kish
    return rows, max(TWO_SIDED, student(count - 1)) if few else TWO_SIDED

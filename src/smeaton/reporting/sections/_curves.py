"""What each threshold gives: counts above it, the curves they draw, and the areas under those with their intervals.

The area under the ROC curve varies with each row by its placement in the other class (DeLong, DeLong and Clarke-Pearson
1988; rows that belong together: Obuchowski 1997). Average precision is the area under the steps of precision by recall
(Davis and Goadrich 2006 have why not under straight lines); it is linearised by its derivative in the weight of each
row. Lines are thinned by Douglas and Peucker (1973).
"""

import heapq
from dataclasses import dataclass

import numpy as np

from smeaton.reporting.sections._shares import Units, ends
from smeaton.runtime.ops._decide import SLACK
from smeaton.task.table import Array

MOST_POINTS = 200
_CLOSE = 1e-4  # a line is drawn well enough where no point is farther from it


@dataclass(frozen=True, slots=True)
class Sweep:
    """All different thresholds (t,), the highest first, with the weight of positive rows (`right`) and of all rows
    (`said`) that reach each; `positive` and `whole` are those of all. `right_at` and `said_at` are the same for rows.
    """

    threshold: Array
    right: Array
    said: Array
    positive: float
    whole: float
    place: Array

    @property
    def recall(self) -> Array:
        """The share of positive rows that reach each threshold."""
        return self.right / self.positive

    @property
    def precision(self) -> Array:
        """The share of positive rows among those that reach each threshold."""
        return self.right / self.said

    @property
    def alarm(self) -> Array:
        """The share of negative rows that reach each threshold: the false-positive rate."""
        return (self.said - self.right) / (self.whole - self.positive)

    def at(self, threshold: float) -> tuple[float, float]:
        """The weight of positive rows, and of all rows, that reach a threshold."""
        count = int(np.count_nonzero(self.threshold >= threshold - SLACK))
        return (float(self.right[count - 1]), float(self.said[count - 1])) if count else (0.0, 0.0)


def sweep(chance: Array, truth: Array, weight: Array) -> Sweep | None:
    """The sweep of probabilities (rows,) of what is true or not (rows,); None where all rows are one of the two."""
    order = np.argsort(-chance, kind="stable")
    ranked, mass = chance[order], weight[order]
    right, said = np.cumsum(mass * truth[order]), np.cumsum(mass)
    if not len(ranked) or right[-1] <= 0 or said[-1] - right[-1] <= 0:
        return None
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    last = last[said[last] > 0]
    place = np.searchsorted(-ranked[last], -chance)
    place = np.minimum(place, len(last) - 1)
    return Sweep(ranked[last], right[last], said[last], float(right[-1]), float(said[-1]), place)


def area(found: Sweep, truth: Array, units: Units) -> tuple[float, float, float]:
    """The area under the ROC curve with its 95 % interval: the chance that a positive row is ranked above a negative
    one, ties counting half."""
    negative = found.whole - found.positive
    wrong = found.said - found.right
    before = np.concatenate([[0.0], found.right[:-1]]), np.concatenate([[0.0], wrong[:-1]])
    above = (found.right + before[0]) / (2 * found.positive)  # of the positives above each threshold, half of ties
    below = 1.0 - (wrong + before[1]) / (2 * negative)
    positive = truth.astype(bool)
    value = float((units.weight * positive) @ below[found.place]) / found.positive
    pull = np.where(
        positive, (below[found.place] - value) / found.positive, (above[found.place] - value) / negative
    ) * units.weight  # fmt: skip
    # A row's mass is its share of the smaller side: what an area of 0 or 1 rests on.
    smaller = positive if found.positive <= negative else ~positive
    mass = units.weight * smaller
    return value, *ends(value, pull * float(mass.sum()), mass, units.clusters)


def average_precision(found: Sweep, truth: Array, units: Units) -> tuple[float, float, float]:
    """The area under the steps of precision by recall, with its 95 % interval; the share of positives by chance."""
    precision = found.precision
    fresh = np.diff(found.right, prepend=0.0)  # the weight of positives at each threshold
    value = float(fresh @ precision) / found.positive
    # A row counts in the precision of every threshold up to its own: sums over those from the lowest up.
    share = fresh / found.said
    own, whole = np.cumsum(share[::-1])[::-1], np.cumsum((share * precision)[::-1])[::-1]
    place, positive = found.place, truth.astype(np.float64)
    pull = positive * (precision[place] - value) + positive * own[place] - whole[place]
    mass = units.weight * positive
    return value, *ends(value, units.weight * pull, mass, units.clusters)


def thinned(x: Array, y: Array, most: int = MOST_POINTS) -> Array:
    """Positions of at most so many points of a line that draw its shape: always the point farthest from what is drawn
    so far, until none is off. `x` and `y` are of like scale."""
    if len(x) <= 2:
        return np.arange(len(x))
    kept = [0, len(x) - 1]
    waiting = [_farthest(x, y, 0, len(x) - 1)]
    while waiting and len(kept) < most:
        off, middle, first, last = heapq.heappop(waiting)
        if -off <= _CLOSE:
            break
        kept.append(middle)
        for side in ((first, middle), (middle, last)):
            if side[1] - side[0] > 1:
                heapq.heappush(waiting, _farthest(x, y, *side))
    return np.sort(np.array(kept))


def drawn(x: Array, y: Array, most: int = MOST_POINTS) -> tuple[list[float], list[float]]:
    """The thinned line as plain numbers of six digits that count: more cannot be seen."""
    some = thinned(x, y, most)
    return [float(f"{one:.6g}") for one in x[some].tolist()], [float(f"{one:.6g}") for one in y[some].tolist()]


def _farthest(x: Array, y: Array, first: int, last: int) -> tuple[float, int, int, int]:
    """The point between two that is farthest from the straight line between them; minus its distance comes first."""
    along, up = float(x[last] - x[first]), float(y[last] - y[first])
    inner = slice(first + 1, last)
    length = float(np.hypot(along, up))
    if length > 0:
        off = np.abs(along * (y[inner] - y[first]) - up * (x[inner] - x[first])) / length
    else:
        off = np.hypot(x[inner] - x[first], y[inner] - y[first])
    best = int(off.argmax())
    return -float(off[best]), first + 1 + best, first, last

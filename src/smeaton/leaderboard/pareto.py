"""The Pareto front: what no other solution beats in quality, speed, cost and size at once."""

from collections.abc import Sequence

import numpy as np

from smeaton.task.table import Array
from smeaton.trials.record import Cost


def front(scores: Sequence[float], costs: Sequence[Cost | None]) -> list[bool]:
    """Which solutions no other dominates. `scores`: higher is better.

    One dominates another if it is at least as good in score, p95, cost per 1,000 calls and size, and better in one.
    An unknown cost counts as higher than any known one; what was not measured at all is not on the front.
    """
    measured = [place for place, cost in enumerate(costs) if cost is not None]
    flags = [False] * len(costs)
    if not measured:
        return flags
    points = np.array([_point(scores[place], costs[place]) for place in measured])
    for number, place in enumerate(measured):
        no_worse = (points <= points[number]).all(axis=1)
        better = (points < points[number]).any(axis=1)
        flags[place] = not bool((no_worse & better).any())
    return flags


def _point(score: float, cost: Cost | None) -> Array:
    assert cost is not None
    money = np.inf if cost.cost_per_1k is None else cost.cost_per_1k
    return np.array([-score, cost.p95, money, float(cost.size)])

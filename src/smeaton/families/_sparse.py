"""Linear models on few columns: those that move the answers least go, some at a time, and the rest is fitted again
(recursive feature elimination, Guyon et al. 2002), as long as the stop rows hardly notice."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from smeaton.families._curves import Curves
from smeaton.families._solver import Limits, Problem, Solution, solve
from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.linear import Design

#: Of what was won over a constant answer, or of what is still lacking: the most that may be lost (see `_slim.py`).
_SHARE = 0.01
_STAY = 0.6  # of the columns, from one fit to the next

Judge = Callable[[Array, Array], float]


def thin(problem: Problem, best: Solution, judge: Judge, constant: float, limits: Limits) -> Solution:
    """The solution with the fewest columns that is nearly as good as `best`, as `judge` says of full-width weights;
    `constant` is the loss of a constant answer. Where the clock ends it, the fewest so far."""
    found = best
    count = used(best)
    while count > 1 and not limits.clocked:
        count = max(1, int(_STAY * count))
        fewer = keep(problem, found, count, limits)
        score = judge(fewer.weights, fewer.bias)
        if limits.clocked or score > best.score + _SHARE * max(0.0, min(constant - best.score, best.score)):
            break
        found = replace(fewer, score=score)
    return found


def keep(problem: Problem, former: Solution, count: int, limits: Limits) -> Solution:
    """Fit again on the `count` columns that move the answers most in a former solution, at its penalty; the weights of
    the others are 0."""
    moved = np.sqrt(np.square(former.weights).sum(axis=1)) * _deviations(problem)
    kept = np.zeros(problem.width, dtype=bool)
    kept[np.argsort(-moved, kind="stable")[:count]] = True
    wide = problem.dense.shape[1]
    sparse = None if problem.sparse is None else problem.sparse[:, np.flatnonzero(kept[wide:])]
    part = replace(problem, dense=problem.dense[:, kept[:wide]], sparse=sparse)
    fitted = solve(part, (former.penalty,), lambda weights, bias: former.score, limits)
    weights = np.zeros_like(former.weights)
    weights[kept] = fitted.weights
    return replace(fitted, weights=weights)


def used(solution: Solution) -> int:
    """Columns that have weight."""
    return int((solution.weights != 0).any(axis=1).sum())


def narrow_design(design: "Design", weights: Array) -> tuple["Design", Array]:
    """A design without what has no weight: category values, whole texts, and the numbers if none of them has. With it
    the weights that are left."""
    from smeaton.compile.encode import Vocabulary

    numbers = design.widths[0]
    live = (weights != 0).any(axis=1)
    kept = np.ones(len(weights), dtype=bool)
    if not live[:numbers].any():
        kept[:numbers] = False
    place = numbers
    columns = []
    for values in design.vocabulary.columns:
        own = slice(place, place + len(values))
        kept[own] = live[own]
        columns.append(tuple(value for value, lives in zip(values, live[own], strict=True) if lives))
        place += len(values)
    texts = {}
    for name, width in design.texts.items():
        own = slice(place, place + width)
        kept[own] = live[own].any()
        if live[own].any():
            texts[name] = width
        place += width
    narrow = replace(
        design,
        numbers=design.numbers if kept[:numbers].any() else None,
        vocabulary=Vocabulary(tuple(columns)) if any(columns) else Vocabulary(),
        texts=texts,
    )
    if not sum(narrow.widths):  # a graph needs something to read
        return design, weights
    return narrow, weights[kept]


def narrow_curves(curves: Curves, ramps: Array) -> tuple[Curves | None, Array]:
    """Curves without the ramps that have no weight, and the weights that are left; None where there are none."""
    live = (ramps != 0).any(axis=1)
    if not live.any():
        return None, ramps[:0]
    narrow = replace(curves, columns=curves.columns[live], low=curves.low[live], width=curves.width[live])
    return narrow, ramps[live]


def _deviations(problem: Problem) -> Array:
    """The standard deviation of each column."""
    dense: Array = problem.dense.std(axis=0, dtype=np.float64)
    if problem.sparse is None:
        return dense
    share = np.asarray(problem.sparse.mean(axis=0), dtype=np.float64).ravel()
    found: Array = np.concatenate([dense, np.sqrt(share * (1.0 - share))])
    return found

"""Arithmetic on two numbers: ratios, differences, sums and products.

Candidates are made of the columns that small trees use most. Forward selection then takes, one by one, what explains
most of what these trees left over, as a step function learnt on one half of the rows and judged on the other (after
the expansion and reduction of Zhang et al. 2023, "OpenFE", in much less time). Where the columns themselves explain as
much, or nothing explains more than chance, there are no terms.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from smeaton.families._derive_means import targets_of
from smeaton.families._derive_seen import Made, Seen, remembered
from smeaton.families._ending import ClassEnding
from smeaton.families._inner import inner_parts
from smeaton.families._lean import lightgbm
from smeaton.task.table import Array

_MOST_ROWS = 4_000  # that terms are chosen on
_LEAST_ROWS = 200
_MOST_COLUMNS = 8
_MOST_TERMS = 8
_TURNS = 12  # of the selection; a plain column may win some
_LABELS = 2  # commonest, of more than two
_LIMIT = 4.0  # standard deviations of a number target: what lies beyond tells of itself, not of the columns
_BINS = 16  # steps of a function
_SHRUNK = 5.0  # rows that a step of 0 counts for
_GAIN = 15.0  # of squared error, in mean squared errors of one row, that a term must bring; chance brings none
_TREES: dict[str, Any] = {
    "objective": "regression", "learning_rate": 0.15, "num_leaves": 4, "min_data_in_leaf": 20, "max_bin": 63,
    "lambda_l2": 1.0, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
_ROUNDS = 40

Term = tuple[str, int, int]


def pairs(seen: Seen) -> list[Made]:
    """The chosen terms, as one part."""
    from smeaton.compile.derived import Arithmetic

    terms = remembered(choose_terms, seen.sample(_MOST_ROWS))
    if not terms:
        return []
    made = Arithmetic(tuple(terms), seen.numbers.shape[1])
    return [(made, made.apply(seen.numbers, seen.codes))]


def choose_terms(seen: Seen) -> list[Term]:
    """The terms worth a column, at most `_MOST_TERMS`, best first."""
    from smeaton.compile.derived import Arithmetic

    columns = _columns(seen)
    if len(columns) < 2 or len(seen.rows) < _LEAST_ROWS:
        return []
    left, used, halves = _left(seen)
    if len(halves) < 2:
        return []
    top = sorted(sorted(columns, key=lambda column: (-used[column], column))[:_MOST_COLUMNS])
    terms = _candidates(top)
    made = Arithmetic(tuple(terms), seen.numbers.shape[1]).apply(seen.numbers, seen.codes)
    chosen = _forward(_steps(np.hstack([made, seen.numbers[:, top]])), left, halves)
    return [terms[i] for i in chosen if i < len(terms)][:_MOST_TERMS]


def _columns(seen: Seen) -> list[int]:
    """Numbers with more than two values; of timestamps the year."""
    found = []
    for place, number in enumerate(seen.recipe.numbers):
        kind = seen.recipe.types[number["column"]]["type"]
        usable = kind in ("number", "integer") or number.get("part") == "year"
        if usable and len(np.unique(seen.numbers[:, place])) > 2:
            found.append(place)
    return found


def _left(seen: Seen) -> tuple[Array, Array, list[Array]]:
    """What trees that were fitted on other rows leave of the targets, the gain of each number in them, and the rows
    that they answered, part by part. They are so small that they learn of no two columns together but a little."""
    values = np.clip(targets_of(seen.rows, seen.ending, _LABELS).values, -_LIMIT, _LIMIT)
    numbers = seen.numbers.shape[1]
    matrix = np.hstack([seen.numbers, np.where(seen.codes < 0, np.nan, seen.codes)])
    codes = list(range(numbers, matrix.shape[1]))
    params = _TREES | {"seed": seen.seed}
    left, used, parts = np.zeros(values.shape), np.zeros(numbers), []
    for learnt, answered in inner_parts(seen.rows, 2, seen.seed, isinstance(seen.ending, ClassEnding)):
        if min(len(learnt), len(answered)) < _LEAST_ROWS // 4:
            continue
        parts.append(answered)
        for target in range(values.shape[1]):
            data = lightgbm().Dataset(
                matrix[learnt], label=values[learnt, target], categorical_feature=codes, params=params
            )
            booster = lightgbm().train(params, data, num_boost_round=_ROUNDS)
            left[answered, target] = values[answered, target] - booster.predict(matrix[answered])
            used += booster.feature_importance("gain")[:numbers]
    return left, used, parts


def _candidates(columns: Sequence[int]) -> list[Term]:
    """Every term of two columns."""
    terms: list[Term] = []
    for one, other in combinations(columns, 2):
        terms += [("Div", one, other), ("Div", other, one)]
        terms += [(name, one, other) for name in ("Sub", "Mul", "Add")]
    return terms


def _steps(matrix: Array) -> Array:
    """Which step of its column each cell is on: quantiles, and one more for nulls."""
    found = np.full(matrix.shape, _BINS, dtype=np.int64)
    for i, column in enumerate(matrix.T):
        known = np.isfinite(column)
        if known.any():
            edges = np.quantile(column[known], np.linspace(0, 1, _BINS + 1)[1:-1])
            found[known, i] = np.searchsorted(edges, column[known])
    return found


def _forward(steps: Array, left: Array, halves: Sequence[Array]) -> list[int]:
    """The columns of `steps` that lower the squares of what is left, each after those before it."""
    chosen = list[int]()
    flat = steps + np.arange(steps.shape[1]) * (_BINS + 1)
    for _ in range(_TURNS):
        gains, best_of = np.zeros(steps.shape[1]), []
        for own in halves:
            other = np.concatenate([half for half in halves if half is not own])
            for target in range(left.shape[1]):
                heights = _heights(flat[other], left[other, target])
                gains += _gain(heights[flat[own]], left[own, target])
                best_of.append((own, target, heights))
        best = int(np.argmax(gains))
        if gains[best] < _GAIN or best in chosen:
            break
        chosen.append(best)
        left = left.copy()
        for own, target, heights in best_of:
            left[own, target] -= heights[flat[own, best]]
    return chosen


def _heights(flat: Array, left: Array) -> Array:
    """The shrunken mean of what is left on each step of each column."""
    width = flat.shape[1] * (_BINS + 1)
    counts = np.bincount(flat.ravel(), minlength=width)
    sums = np.bincount(flat.ravel(), weights=np.repeat(left, flat.shape[1]), minlength=width)
    heights: Array = sums / (counts + _SHRUNK)
    return heights


def _gain(fitted: Array, left: Array) -> Array:
    """How much of the squares each column of fitted values explains, in mean squares of a row."""
    after = np.square(left[:, None] - fitted).sum(axis=0)
    gain: Array = (left @ left - after) / max(float(left @ left) / len(left), 1e-300)
    return gain

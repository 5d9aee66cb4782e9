"""Arithmetic on two numbers: ratios, differences, sums and products.

Candidates are made of the columns that small trees use most. Those are kept that trees then use most, in either half
of the rows, to explain what the first ones left over (after Zhang et al. 2023, "OpenFE", in much less time); and none
of them unless they explain more of the other half than the columns do without them.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from smeaton.extras import needs
from smeaton.families._derive_means import targets_of
from smeaton.families._derive_seen import Made, Seen
from smeaton.families._ending import ClassEnding
from smeaton.families._inner import inner_parts
from smeaton.task.table import Array

_MOST_ROWS = 4_000  # that columns are chosen on
_LEAST_ROWS = 200
_MOST_COLUMNS = 8
_MOST_TERMS = 8
_LABELS = 2  # commonest, of more than two
_LIMIT = 4.0  # standard deviations of a number target: what lies beyond tells of itself, not of the columns
_ALIKE = 0.97  # rank correlation from which on a column says nothing that another does not
_SHARE = 0.02  # of the gain of all columns, that one must have in either half to be kept
_LESS = 0.005  # of what is left over, by which the terms must lower it in the other half
_TREES: dict[str, Any] = {
    "objective": "regression", "learning_rate": 0.15, "min_data_in_leaf": 20, "max_bin": 63, "lambda_l2": 1.0,
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip

Term = tuple[str, int, int]


def pairs(seen: Seen) -> list[Made]:
    """The chosen terms, as one part."""
    from smeaton.compile.derived import Arithmetic

    terms = choose_terms(seen.sample(_MOST_ROWS))
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
    targets = targets_of(seen.rows, seen.ending, _LABELS)
    values = np.clip(targets.values, -_LIMIT, _LIMIT)
    left, used, halves = _left(seen, values)
    if len(halves) < 2:
        return []
    top = sorted(sorted(columns, key=lambda column: (-used[column], column))[:_MOST_COLUMNS])
    terms = _candidates(seen, top)
    made = Arithmetic(tuple(terms), seen.numbers.shape[1]).apply(seen.numbers, seen.codes)
    shares, error = _shares(np.hstack([made, seen.numbers[:, top]]), left, halves, seen.seed)
    _, plain = _shares(seen.numbers[:, top], left, halves, seen.seed)
    if error > (1 - _LESS) * plain:
        return []
    order = np.argsort(-shares[: len(terms)], kind="stable")
    good = [int(i) for i in order if shares[i] > _SHARE]
    return [terms[i] for i in _unlike(made, good)[:_MOST_TERMS]]


def _shares(matrix: Array, left: Array, halves: Sequence[Array], seed: int) -> tuple[Array, float]:
    """The share each column has of the gain of trees that explain what is left over, the lesser of both halves; and
    the squares that trees of one half leave in the other."""
    shares, error = np.zeros((len(halves), matrix.shape[1])), 0.0
    for number, own in enumerate(halves):
        other = np.concatenate([half for half in halves if half is not own])
        for target in range(left.shape[1]):
            booster = _trees(matrix[own], left[own, target], (), seed, rounds=25, leaves=6)
            shares[number] += booster.feature_importance("gain")
            error += float(np.square(left[other, target] - booster.predict(matrix[other])).sum())
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    return shares.min(axis=0), error


def _columns(seen: Seen) -> list[int]:
    """Numbers with enough different values; of timestamps the year."""
    found = []
    for place, number in enumerate(seen.recipe.numbers):
        kind = seen.recipe.types[number["column"]]["type"]
        if (kind in ("number", "integer") or number.get("part") == "year") and len(
            np.unique(seen.numbers[:, place])
        ) > 2:
            found.append(place)
    return found


def _left(seen: Seen, values: Array) -> tuple[Array, Array, list[Array]]:
    """What trees that were fitted on other rows leave of the targets, the gain of each number in them, and the rows
    that they answered, part by part."""
    numbers = seen.numbers.shape[1]
    matrix = np.hstack([seen.numbers, np.where(seen.codes < 0, np.nan, seen.codes)])
    codes = tuple(range(numbers, matrix.shape[1]))
    left, used, parts = np.zeros(values.shape), np.zeros(numbers), []
    for learnt, answered in inner_parts(seen.rows, 2, seen.seed, isinstance(seen.ending, ClassEnding)):
        if min(len(learnt), len(answered)) < _LEAST_ROWS // 4:
            continue
        parts.append(answered)
        for target in range(values.shape[1]):
            booster = _trees(matrix[learnt], values[learnt, target], codes, seen.seed, rounds=40, leaves=4)
            left[answered, target] = values[answered, target] - booster.predict(matrix[answered])
            used += booster.feature_importance("gain")[:numbers]
    return left, used, parts


def _trees(matrix: Array, values: Array, codes: tuple[int, ...], seed: int, rounds: int, leaves: int) -> Any:
    with needs("build"):
        import lightgbm
    params = _TREES | {"num_leaves": leaves, "seed": seed}
    data = lightgbm.Dataset(matrix, label=values, categorical_feature=list(codes), params=params)
    return lightgbm.train(params, data, num_boost_round=rounds)


def _candidates(seen: Seen, columns: list[int]) -> list[Term]:
    """Every term of two columns that is null in no more than half of the rows, and not one value."""
    from smeaton.compile.derived import Arithmetic

    terms: list[Term] = []
    for one, other in combinations(columns, 2):
        terms += [
            ("Div", one, other),
            ("Div", other, one),
            ("Sub", one, other),
            ("Mul", one, other),
            ("Add", one, other),
        ]
    made = Arithmetic(tuple(terms), seen.numbers.shape[1]).apply(seen.numbers, seen.codes)
    known = np.isfinite(made)
    varied = [len(np.unique(column[good])) > 1 for column, good in zip(made.T, known.T, strict=True)]
    return [term for term, vary, full in zip(terms, varied, known.mean(axis=0) >= 0.5, strict=True) if vary and full]


def _unlike(made: Array, order: list[int]) -> list[int]:
    """The first of columns that rank the rows alike."""
    kept, ranks = list[int](), list[Array]()
    for i in order:
        column = np.nan_to_num(made[:, i], nan=np.nanmedian(made[:, i]))
        rank = np.argsort(np.argsort(column, kind="stable"), kind="stable").astype(np.float64)
        if all(abs(np.corrcoef(rank, other)[0, 1]) < _ALIKE for other in ranks):
            kept.append(i)
            ranks.append(rank)
    return kept

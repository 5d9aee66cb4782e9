"""Rows that were never seen, made of those that were: what a teacher is asked beside the training rows.

After MUNGE (Bucila, Caruana and Niculescu-Mizil 2006, "Model Compression"): a row takes some of its values from a row
near it, numbers from anywhere between the two. Neighbours are found along random directions through the numbers' ranks,
which costs a sort where all distances would cost a matrix. The rows are typed as the training rows are, so that any
Program can answer them.
"""

from collections.abc import Mapping

import numpy as np

from smeaton.task.table import Array, Table, rows_in, take
from smeaton.task.types import Type

_REACH = 0.03  # of the rows, on either side along a direction, that count as near
_LEAST_REACH = 5
_FEW_VALUES = 20  # a column with no more is not interpolated: nothing lies between


def mingled(rows: Table, types: Mapping[str, Type], count: int, swap: float, seed: int) -> dict[str, Array]:
    """`count` new rows; each value comes from a near row with probability `swap`. Deterministic in the seed."""
    size = rows_in(rows)
    rng = np.random.default_rng([seed, 97])
    ranks = _ranks(rows)
    none = np.empty(0, dtype=np.int64)
    own, near = [none], [none]
    for start in range(0, count if size else 0, size):
        base = rng.permutation(size)[: count - start]
        own.append(base)
        near.append(_neighbours(ranks, base, rng))
    first, second = np.concatenate(own), np.concatenate(near)
    one, other = take(rows, first), take(rows, second)
    return {name: _mixed(one[name], other[name], types[name], swap, rng) for name in rows}


def _ranks(rows: Table) -> Array:
    """Numbers and moments as ranks between -1 and 1, nulls in the middle, (rows, columns)."""
    found = []
    for column in rows.values():
        if column.dtype.kind not in "fiM" or column.ndim > 1:
            continue
        known = ~np.isnat(column) if column.dtype.kind == "M" else ~np.isnan(column.astype(np.float64))
        rank = np.zeros(len(column))
        values, codes = np.unique(column[known], return_inverse=True)
        rank[known] = 2.0 * codes / max(1, len(values) - 1) - 1.0
        found.append(rank)
    return np.column_stack(found) if found else np.zeros((rows_in(rows), 1))


def _neighbours(ranks: Array, base: Array, rng: np.random.Generator) -> Array:
    """For each row of `base` another one that lies near it along a random direction."""
    size = len(ranks)
    order = np.argsort(ranks @ rng.normal(size=ranks.shape[1]) + 1e-9 * rng.random(size), kind="stable")
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size)
    reach = min(max(_LEAST_REACH, round(_REACH * size)), max(1, size - 1))
    step = rng.integers(1, reach + 1, len(base)) * rng.choice([-1, 1], len(base))
    found: Array = order[np.clip(place[base] + step, 0, size - 1)]
    return found


def _mixed(own: Array, other: Array, form: Type, swap: float, rng: np.random.Generator) -> Array:
    """A column with some of its values replaced by the neighbour's, or by one between where the column is a number."""
    swapped = rng.random(len(own)) < swap
    taken = other
    if own.ndim > 1:
        return np.asarray(np.where(swapped[:, None], other, own))
    if own.dtype.kind in "fi" and len(np.unique(own[:1000])) > _FEW_VALUES:
        share = rng.random(len(own))
        between = own + share * (other - own)
        between = np.where(np.isnan(own) | np.isnan(other), other, between) if own.dtype.kind == "f" else between
        taken = (np.rint(between) if form.type == "integer" else between).astype(own.dtype)
    mixed: Array = np.where(swapped, taken, own)
    return mixed

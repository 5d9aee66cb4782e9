"""Columns as codes of bins, to compare how they are distributed: quantiles of numbers, values of categories, lengths of
texts."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from smeaton.quality.leaks._tells import plain
from smeaton.task.table import Array

_NUMBER_BINS = 20
_MOST_VALUES = 40


@dataclass(frozen=True, slots=True)
class Binned:
    """Bins of a column (-1: null) of `count` kinds; `ordered` where bins are in order; `values` codes of every value of
    a category (-1: null), None for others."""

    name: str
    codes: Array
    count: int
    ordered: bool
    values: Array | None = None


def binned(name: str, column: Array) -> Binned:
    """A column as bins."""
    if column.ndim > 1:
        norm = np.sqrt((np.nan_to_num(column.astype(np.float64)) ** 2).sum(axis=1))
        return _numbers(name, norm)
    if column.dtype != object:
        return _numbers(name, plain(column))
    cells = [
        value if value is None or isinstance(value, str | int | float) else repr(value) for value in column.tolist()
    ]
    counts = Counter(cell for cell in cells if cell is not None)
    if len(counts) > len(cells) / 3 or sum(len(str(value)) * n for value, n in counts.items()) > 40 * max(
        1, len(cells)
    ):
        return _numbers(name, np.array([np.nan if cell is None else len(str(cell)) for cell in cells]))
    order = {value: code for code, (value, _) in enumerate(counts.most_common())}
    values = np.array([-1 if cell is None else order[cell] for cell in cells], dtype=np.int64)
    codes = np.minimum(values, _MOST_VALUES)
    return Binned(name, codes, min(len(order), _MOST_VALUES + 1), False, values)


def _numbers(name: str, values: Array) -> Binned:
    known = np.isfinite(values)
    codes = np.full(len(values), -1, dtype=np.int64)
    if not known.any():
        return Binned(name, codes, 0, True)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, _NUMBER_BINS + 1)[1:-1]))
    codes[known] = np.unique(np.searchsorted(edges, values[known], "left"), return_inverse=True)[1]
    return Binned(name, codes, int(codes.max()) + 1, True)

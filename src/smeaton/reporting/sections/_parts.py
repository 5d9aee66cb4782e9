"""Rows in parts by a column: its commonest values, bins of about as many rows of its numbers, dates and lengths."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from smeaton.reporting.charts._texts import EMPTY, spoken
from smeaton.task.arrays import encode_values
from smeaton.task.table import Array
from smeaton.task.types import Label, Type, label_text

MISSING = "missing"
_BINS = 5
_VALUES = 12  # values that are parts of their own
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Parts:
    """The rows of a column in parts: `codes` (rows,) int64 into `names`, -1 for a row in none. `ordered`: the parts
    are in the order of what they hold (one of missing values last)."""

    column: str
    codes: Array
    names: tuple[str, ...]
    ordered: bool

    @property
    def counts(self) -> Array:
        """Rows of each part."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))


def parts_of(name: str, kind: Type, column: Array, bins: int = _BINS, values: int = _VALUES) -> Parts | None:
    """The rows in parts; None for a column that has none (vectors, lists, structures, one value only).

    Args:
        name: the column's.
        kind: its type.
        column: its values, (rows,).
        bins: how many bins of numbers there are at most.
        values: how many values are parts of their own at most; the others are one part together.
    """
    if column.ndim > 1:
        return None
    if column.dtype.kind == "M":
        found = _moments(name, column, bins)
    elif column.dtype != object:
        found = _numbers(name, column.astype(np.float64), bins, values)
    elif kind.type == "text":
        found = _lengths(name, column, bins)
    else:
        try:
            found = _values(name, column, values)
        except TypeError:  # lists and structures have no values to be told apart by
            return None
    return found if len(found.names) > 1 else None


def _numbers(name: str, column: Array, bins: int, values: int, unit: str = "") -> Parts:
    known = np.isfinite(column)
    codes, names = np.full(len(column), -1, dtype=np.int64), list[str]()
    distinct = np.unique(column[known])
    if len(distinct) <= min(values, max(bins, 2) * 2):
        codes[known] = np.searchsorted(distinct, column[known])
        names = [spoken(value) + unit for value in distinct.tolist()]
    else:
        edges = _edges(column[known], bins)
        codes[known], names = _used(np.searchsorted(edges, column[known], "left"), _between(edges, spoken, unit))
    return _with_missing(name, codes, names, ~known)


def _moments(name: str, column: Array, bins: int) -> Parts:
    known = ~np.isnat(column)
    codes, names = np.full(len(column), -1, dtype=np.int64), list[str]()
    if known.any():
        numbers = column[known].astype(np.int64)
        days = column[known].max() - column[known].min() > 2 * bins * _DAY
        edges = _edges(numbers, bins)
        said = _between(edges, lambda edge: _moment(edge, bool(days)), "")
        codes[known], names = _used(np.searchsorted(edges, numbers, "left"), said)
    return _with_missing(name, codes, names, ~known)


def _moment(edge: float, days: bool) -> str:
    text = str(np.datetime64(int(edge), "us").astype("datetime64[m]"))
    return text[:10] if days else text.replace("T", " ")


def _lengths(name: str, column: Array, bins: int) -> Parts:
    lengths = np.array([np.nan if text is None else len(text) for text in column.tolist()], dtype=np.float64)
    return _numbers(name, lengths, bins, 2, " characters")


def _values(name: str, column: Array, most: int) -> Parts:
    found, held = encode_values(column)
    counts = np.bincount(found[found >= 0], minlength=len(held))
    order = np.argsort(-counts, kind="stable")
    own = order[:most] if len(held) > most + 1 else order
    place = np.full(len(held) + 1, len(own), dtype=np.int64)
    place[own] = np.arange(len(own))
    place[-1] = -1  # where the code of a missing value points
    names = [_text(held[value]) for value in own.tolist()]
    if len(own) < len(held):
        names.append(f"{len(held) - len(own):,} other values")
    return _with_missing(name, place[found], names, found < 0, ordered=False)


def _text(value: Label | float) -> str:
    return (spoken(value) if isinstance(value, float) else label_text(value)) or EMPTY


def _edges(values: Array, bins: int) -> Array:
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1], method="nearest"))


def _between(edges: Array, said: Callable[[float], str], unit: str) -> list[str]:
    """Names of the bins: up to the first edge, between two, over the last."""
    texts = [said(edge) for edge in edges.tolist()]
    middle = [f"{low} to {high}{unit}" for low, high in pairwise(texts)]
    return [f"up to {texts[0]}{unit}", *middle, f"over {texts[-1]}{unit}"]


def _used(codes: Array, names: list[str]) -> tuple[Array, list[str]]:
    """Codes of the bins that hold a row, and their names."""
    kept, again = np.unique(codes, return_inverse=True)
    return np.asarray(again), [names[place] for place in kept.tolist()]


def _with_missing(name: str, codes: Array, names: list[str], missing: Array, ordered: bool = True) -> Parts:
    if missing.any():
        codes = np.where(missing, len(names), codes)
        names = [*names, MISSING]
    return Parts(name, codes, tuple(names), ordered)

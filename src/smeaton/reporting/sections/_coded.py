"""Columns as bars: histograms of numbers, moments and the lengths of texts, the commonest values of what else is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.reporting.charts._texts import spoken
from smeaton.task.table import Array
from smeaton.task.types import label_text

BARS = 10  #: of a histogram
VALUES = 4  #: of a column of values, before what is left
_FEW = 6  # different numbers that are shown one by one
_FAR = 1.5  # times the width of the middle 98 % that the whole may have to be shown whole
_UNITS = ((3_600 * 24 * 60, "%Y-%m"), (3_600 * 36, "%Y-%m-%d"), (0, "%Y-%m-%d %H:%M"))


@dataclass(frozen=True, slots=True)
class Coded:
    """The bar of each row (-1: its value is missing, or it is beyond what is shown), and of each bar its name and its
    ends (None: a value by itself). `ends` are texts for both ends of the whole, `note` says what is not as it looks."""

    codes: Array
    names: tuple[str, ...]
    edges: tuple[float, ...] | None = None
    ends: tuple[str, str] = ("", "")
    note: str = ""

    @property
    def count(self) -> int:
        """How many bars there are."""
        return len(self.names)


def coded(kind: str, column: Array, bars: int = BARS) -> Coded | None:
    """A column of a type as bars, `bars` of a histogram; None where it has none to show (vectors, objects, lists,
    nothing but missing)."""
    if column.ndim > 1 or not len(column):
        return None
    if column.dtype.kind == "M":
        moments = np.where(np.isnat(column), np.nan, column.astype(np.int64) / 1e6)
        return _bins(moments, bars, moment=True)
    if column.dtype != object:
        return _numbers(column.astype(np.float64), bars)
    if kind == "text":
        lengths = np.array([np.nan if cell is None else len(cell) for cell in column.tolist()], dtype=np.float64)
        found = _bins(lengths, bars)
        return None if found is None else Coded(found.codes, found.names, found.edges, found.ends, "characters a text")
    try:
        return _values(column.tolist())
    except TypeError:  # lists and objects have no values to count
        return None


def labelled(codes: Array, labels: Sequence[str], most: int = VALUES) -> Coded:
    """Codes into labels as bars: all labels in their order, or the commonest of many."""
    counts = np.bincount(codes, minlength=len(labels))
    if len(labels) <= most + 1:
        return Coded(codes, tuple(labels))
    first = np.argsort(-counts, kind="stable")[:most]
    place = np.full(len(labels), most)
    place[first] = np.arange(most)
    rest = len(labels) - most
    return Coded(place[codes], (*(labels[code] for code in first), f"{rest:,} others"))


def _numbers(values: Array, bars: int) -> Coded | None:
    known = values[np.isfinite(values)]
    distinct = np.unique(known[: 4 * _FEW * _FEW]) if len(known) else known
    if len(distinct) > _FEW or len(distinct := np.unique(known)) > _FEW:
        return _bins(values, bars)
    if not len(distinct):
        return None
    codes = np.where(np.isfinite(values), np.searchsorted(distinct, values), -1)
    return Coded(codes, tuple(spoken(float(value)) for value in distinct))


def _bins(values: Array, bars: int, moment: bool = False) -> Coded | None:
    """Bars of equal width; where few rows lie far from all others, the outermost bars hold what lies beyond them."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    inner = np.sort(known)[np.rint(np.array([0.01, 0.99]) * (len(known) - 1)).astype(np.int64)]
    with np.errstate(over="ignore"):  # a reach beyond all numbers cuts nothing off
        reach = _FAR * (inner[1] / 2 - inner[0] / 2)
        cut_low, cut_high = bool(low < inner[0] - reach), bool(high > inner[1] + reach)
    if inner[1] > inner[0]:
        low, high = float(inner[0]) if cut_low else low, float(inner[1]) if cut_high else high
    if not high > low:
        low, high = low - 0.5, low + 0.5
    edges = _edges(known, low, high, bars)
    codes = np.clip(np.searchsorted(edges, values, "right") - 1, 0, len(edges) - 2)
    codes = np.where(np.isfinite(values), codes, -1)
    texts = _moments(edges) if moment else [spoken(float(edge)) for edge in edges]
    whole = not moment and bool((edges == np.floor(edges)).all()) and bool((known == np.floor(known)).all())
    last = [spoken(float(edge) - 1) for edge in edges[1:]] if whole else texts[1:]
    names = [left if left == right else f"{left} to {right}" for left, right in zip(texts, last, strict=False)]
    if inner[1] > inner[0] and cut_low:
        names[0] = f"{last[0]} and less"
    if inner[1] > inner[0] and cut_high:
        names[-1] = f"{texts[-2]} and more"
    ends = (f"≤ {texts[0]}" if cut_low else texts[0], f"≥ {last[-1]}" if cut_high else last[-1])
    return Coded(codes, tuple(names), tuple(edges.tolist()), ends)


def _edges(known: Array, low: float, high: float, bars: int) -> Array:
    """Edges of bars; of whole numbers each bar holds equally many of them."""
    if high - low < 1e6 and bool((known == np.floor(known)).all()):
        first, last = np.floor(low), np.ceil(high)
        step = max(1.0, np.ceil((last - first + 1) / bars))
        return np.arange(first, last + step + 0.5, step)
    part = np.arange(bars + 1) / bars
    edges = low * (1 - part) + high * part  # the difference of two large numbers may overflow
    return np.unique(edges) if len(np.unique(edges)) > 1 else np.array([low, np.nextafter(low, np.inf)])


def _moments(edges: Array) -> list[str]:
    """Moments as precise as they are apart."""
    apart = float(edges[1] - edges[0])
    form = next(form for least, form in _UNITS if apart >= least)
    moments = (edges * 1e6).astype(np.int64).astype("datetime64[us]").tolist()
    return [moment.strftime(form) if hasattr(moment, "strftime") else str(moment) for moment in moments]


def _values(cells: list[Any]) -> Coded | None:
    """The commonest values, those of yes and no in their order, and what is left."""
    counts = Counter(cell for cell in cells if cell is not None)
    if not counts:
        return None
    if set(counts) <= {False, True}:
        order: list[Any] = [value for value in (False, True) if value in counts]
    else:
        most = len(counts) if len(counts) <= VALUES + 1 else VALUES
        order = [value for value, _ in counts.most_common(most)]
    place: dict[Any, int] = {value: code for code, value in enumerate(order)}
    rest = len(counts) - len(order)
    codes = np.array([-1 if cell is None else place.get(cell, len(order)) for cell in cells], dtype=np.int64)
    names = [label_text(value) for value in order] + ([f"{rest:,} others"] if rest else [])
    return Coded(codes, tuple(names))

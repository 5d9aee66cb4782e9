"""Partial dependence (Friedman 2001): the mean answer if all rows had the same value in one column, and how the answers
to single rows spread around it (individual conditional expectations: Goldstein et al. 2015)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.reporting.sections._asked import Asked
from smeaton.reporting.sections._parts import Parts, parts_of
from smeaton.reporting.sections._patience import Patience
from smeaton.task.table import Array, object_column

_POINTS = 11
_VALUES = 8
_ROWS = (200, 100, 50, 25)
_COMMON = 0.3  # share of rows that the values of a category must hold to be worth a picture
_LOOKED = 1_000  # rows of each fold that are looked at for the values of a category
_OUTER = 0.02  # share of rows beyond either end of the grid
_RUG = 60
_SPREAD = (10.0, 90.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """One column. `x` are the values put in (numbers, datetime64[us], or values of a category), `names` those of
    categories as people read them; `value` the mean answer, `low` and `high` between which 80 % of the rows' answers
    lie, (points,) each. `answer` is the place among the labels whose probability it is (-1: a number)."""

    column: str
    x: Array
    names: tuple[str, ...]
    counts: tuple[int, ...]
    value: Array
    low: Array
    high: Array
    rug: Array
    answer: int
    rows: int

    @property
    def moves(self) -> float:
        """How far the mean answer moves."""
        return float(np.ptp(self.value))


def curves(work: Asked, names: Sequence[str], patience: Patience) -> tuple[list[Curve], list[str]]:
    """The curves of some columns, and the columns there was no time for."""
    known = sum(len(part.rows) for part in work.parts)
    afford = 0.8 * patience.left() / (_POINTS * max(work.pace, 1e-9))  # rows that may be asked about at each point
    sizes = [min(size, known) for size in _ROWS]
    rows = next((size for size in sizes if size * len(names) <= afford), sizes[-1])
    found, late = list[Curve](), list(names[max(0, int(afford // rows)) :])
    for name in names[: len(names) - len(late)]:
        if patience.over():
            late.append(name)
            continue
        curve = _curve(work, name, rows)
        if curve is not None:
            found.append(curve)
    return found, late


def has_curve(work: Asked, name: str) -> bool:
    """Whether a column's values can be put into other rows one by one: numbers, moments, categories of few values."""
    column, kind = work.dataset.table[name], work.task.input_types[name]
    if column.ndim > 1 or kind.type not in ("number", "integer", "boolean", "category", "timestamp"):
        return False
    if column.dtype != object:
        return True
    some = column[np.concatenate([part.rows[:_LOOKED] for part in work.parts])]
    counts = sum(_grid(work, name, some)[2])
    return counts >= _COMMON * len(some)


def _curve(work: Asked, name: str, rows: int) -> Curve | None:
    """None where the column has one value only, or the answers are no numbers."""
    every = np.concatenate([part.rows for part in work.parts])
    column = work.dataset.table[name][every]
    grid, names, counts = _grid(work, name, column)
    if len(grid) < 2:
        return None
    known = len(every)
    answers = []
    for part in work.parts:
        if name not in part.engine.program.inputs:
            continue
        some = part.rows[: max(1, round(rows * len(part.rows) / known))]
        table = work.table(part, some)
        asked = {other: np.tile(held, (len(grid), *[1] * (held.ndim - 1))) for other, held in table.items()}
        asked[name] = np.repeat(grid, len(some))
        numbers = work.numbers(part, asked)
        answers.append(numbers.reshape(len(grid), len(some), -1))
    if not answers or not answers[0].shape[2]:
        return None
    joined = np.concatenate(answers, axis=1)
    joined = joined[:, np.isfinite(joined).all(axis=(0, 2))]  # a row that failed somewhere has no curve
    if not joined.shape[1]:
        return None
    mean = joined.mean(axis=1)
    place = _moved(work, mean)
    low, high = np.percentile(joined[:, :, place], _SPREAD, axis=1)
    ordered = np.sort(column[~_missing(column)]) if not names else column[:0]
    inner = _OUTER / 2 * (len(ordered) - 1)  # the rows at the very ends would leave little room for all others
    rug = ordered[np.linspace(inner, len(ordered) - 1 - inner, min(_RUG, len(ordered))).astype(np.int64)]
    answer = place if work.task.labels else -1
    return Curve(name, grid, names, counts, mean[:, place], low, high, rug, answer, joined.shape[1])


def _moved(work: Asked, mean: Array) -> int:
    """The label whose mean probability moves most; of two labels the second."""
    if work.task.answer == "class" and mean.shape[1] == 2:
        return 1
    return int(np.ptp(mean, axis=0).argmax())


def _grid(work: Asked, name: str, column: Array) -> tuple[Array, tuple[str, ...], tuple[int, ...]]:
    """The values that are put in; with names and the rows that have them where they are categories."""
    known = column[~_missing(column)]
    if column.dtype == object:
        parts = parts_of(name, work.task.input_types[name], column, values=_VALUES)
        return _categories(parts, column) if parts is not None else (column[:0], (), ())
    if not len(known):
        return known, (), ()
    ends = np.quantile(known.astype(np.int64 if known.dtype.kind == "M" else np.float64), [_OUTER, 1 - _OUTER])
    numbers = known.astype(np.int64) if known.dtype.kind == "M" else known
    inner = np.sort(numbers[(numbers >= ends[0]) & (numbers <= ends[1])])
    places = np.linspace(0, len(inner) - 1, _POINTS).astype(np.int64)
    even = np.linspace(float(ends[0]), float(ends[1]), _POINTS)
    nearest = inner[np.clip(np.searchsorted(inner, even), 0, len(inner) - 1)]
    # Half of the points where the rows are, half spread over the whole range: each shows what the other leaves out.
    grid = np.unique(np.concatenate([inner[places[::2]], nearest[1::2]]))
    return grid.astype(column.dtype), (), ()


def _categories(parts: Parts, column: Array) -> tuple[Array, tuple[str, ...], tuple[int, ...]]:
    """The values that are parts of their own."""
    values, names, counts = list[object](), list[str](), list[int]()
    for code, name in enumerate(parts.names):
        held = column[parts.codes == code]
        first = held[0]
        if first is not None and all(value == first for value in held.tolist()):
            values.append(first)
            names.append(name)
            counts.append(len(held))
    return object_column(values), tuple(names), tuple(counts)


def _missing(column: Array) -> Array:
    if column.dtype == object:
        return np.array([value is None for value in column.tolist()], dtype=bool)
    return np.isnat(column) if column.dtype.kind == "M" else ~np.isfinite(column.astype(np.float64))

"""Which inferred columns cannot serve as inputs: ids, constants, empty ones. Columns named in the task stay."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from smeaton.task.parts import parts_of
from smeaton.task.table import Array
from smeaton.task.types import Type

_ID_NAME = re.compile(
    r"(?i:^id$|^(uu|gu)id$|^index$|^row(_?(id|nr|num|number|names?))?$|^id_|[_\-. ](id|uuid|guid)$)|[a-z](Id|ID)$"
)
#: Longer texts without a space (addresses of pages) may say something piece by piece.
_LONGEST_ID = 40
#: Columns with a value twice in so many rows are looked at no further.
_FIRST = 2_000
#: What may be an id; others need not be looked through for values that come twice.
_ID_TYPES = ("integer", "category", "text")
_USED = ("number", "integer", "boolean", "category", "text", "timestamp")
_NESTED = ("json", "object", "list", "series", "vector")


@dataclass(frozen=True, slots=True)
class Dropped:
    """Names left out, and a sentence for each kind of reason."""

    names: frozenset[str]
    notes: tuple[str, ...]


def screen(columns: Mapping[str, Array], types: Mapping[str, Type]) -> Dropped:
    """Find the columns (raw, as read) that carry nothing (all null, one value, ids), or what no family can use yet."""
    reasons: dict[str, list[str]] = {"empty": [], "constant": [], "id": [], "nested": []}
    for name, column in columns.items():
        reason = _reason(name, column, types[name])
        if reason:
            reasons[reason].append(name)
    words = {
        "empty": "{} left out: no values at all",
        "constant": "{} left out: the same value in every row",
        "id": "{} left out: an id, different in every row (name it under `inputs` to use it)",
        "nested": "{} left out: objects and lists of no one shape",
    }
    return Dropped(
        frozenset(name for found in reasons.values() for name in found),
        tuple(words[reason].format(_listed(found)) for reason, found in reasons.items() if found),
    )


def null_mask(column: Array) -> Array:
    """Which cells are null before any parsing: None, empty text, NaN, NaT."""
    mask: Array = np.zeros(len(column), dtype=bool)
    if column.dtype == object:
        mask[:] = [cell is None or (cell.__class__ is str and not cell) for cell in column.tolist()]
    elif column.dtype.kind == "M":
        mask |= np.isnat(column)
    elif column.dtype.kind == "f":
        mask |= np.isnan(column) if column.ndim == 1 else np.isnan(column).any(axis=1)
    return mask


def is_id_name(name: str) -> bool:
    """Whether a column is called as ids are."""
    return _ID_NAME.search(name) is not None


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _reason(name: str, column: Array, kind: Type) -> str:
    if kind.type in _NESTED:
        return _nested(name, column, kind)
    if kind.type not in _USED:
        return "nested"
    if column.dtype != object:
        return _reason_of(name, column[~null_mask(column)], len(column), kind)
    held = column if None not in (cells := column.tolist()) and "" not in cells else column[~null_mask(column)]
    return _reason_of(name, held, len(column), kind)


def _nested(name: str, column: Array, kind: Type) -> str:
    """Objects and lists are no ids; what has no parts cannot be used."""
    if not parts_of(name, kind):
        return "nested"
    if column.ndim == 2:
        return "constant" if len(column) and bool((column == column[0]).all()) else ""
    held = column[~null_mask(column)].tolist()
    if not held:
        return "empty"
    first = repr(held[0])
    return "constant" if len(held) == len(column) and all(repr(cell) == first for cell in held) else ""


def _reason_of(name: str, held: Array, rows: int, kind: Type) -> str:
    """`held` are the values that are not null. Most columns are settled by their first rows."""
    if not len(held):
        return "empty"
    whole = len(held) == rows
    if whole and held[0] == held[-1] and bool((held == held[0]).all()):
        return "constant"
    if kind.type not in _ID_TYPES:
        return ""
    different = whole and _all_differ(held[:_FIRST]) and _all_differ(held)
    return "id" if different and _is_id(name, held, kind) else ""


def _all_differ(values: Array) -> bool:
    return len(set(values.tolist())) == len(values)


def _is_id(name: str, column: Array, kind: Type) -> bool:
    """For a column without nulls whose values all differ."""
    named = is_id_name(name)
    if kind.type == "integer":
        if named:
            return True
        steps = np.diff(np.array([float(cell) for cell in column.tolist()]))
        return bool((steps > 0).all() or (steps < 0).all())
    cells = [str(cell) for cell in column.tolist()]
    mean = sum(map(len, cells)) / len(cells)
    return named or (mean <= _LONGEST_ID and not any(" " in cell for cell in cells))

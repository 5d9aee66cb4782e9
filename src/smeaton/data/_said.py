"""What was inferred of columns, where it is not obvious: one plain line for each, alike ones together."""

from collections.abc import Mapping

import numpy as np

from smeaton.data._gaps import Gaps
from smeaton.task.clock import CLOCK
from smeaton.task.forms import SEPARATORS, form_of, is_missing_word, missing_numbers
from smeaton.task.parts import order_of, parts_of
from smeaton.task.readers import SPACE
from smeaton.task.table import Array
from smeaton.task.types import Type, label_text

_SHOWN = 8
_PLAIN = ("", "plain", "iso", "true/false", "True/False", "TRUE/FALSE", "text", "json")


def say(types: Mapping[str, Type], raw: Mapping[str, Array], gaps: Mapping[str, Gaps]) -> list[str]:
    """Lines about the columns of `types`; `raw` holds them as read, `gaps` what stands for missing in them."""
    lines: dict[str, list[str]] = {}
    for name, kind in types.items():
        found = gaps.get(name)
        about = [
            _form(kind),
            _words(name, kind, raw, found),
            *(_certain(name, value, rows) for value, rows in (found.certain if found else {}).items()),
            *(_doubtful(name, kind, value, rows) for value, rows in (found.doubtful if found else {}).items()),
            _order(kind),
            _parts(name, kind),
            f"read as {kind.type}: it {kind.about}" if kind.about else "",
        ]
        for line in filter(None, about):
            lines.setdefault(line, []).append(name)
    return [f"{listed(names)}: {line}" for line, names in lines.items()]


def listed(names: list[str]) -> str:
    """Names in quotes, the first eight of many."""
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _form(kind: Type) -> str:
    """How texts, or numbers that are no numbers, are read."""
    layout = form_of(kind).layout
    if layout in _PLAIN or kind.type == "vector":
        return ""
    if layout == CLOCK:
        return "read as seconds of times written like 14:30 or 1:23:45"
    if kind.type in ("number", "integer"):
        percent = " (a percent is the number as written: 12% is 12)" if "%" in layout else ""
        return f"read as numbers written like {layout}{percent}"
    if kind.type == "boolean":
        return f"read as booleans ({'yes, true, on ... / no, false, off ...' if layout == 'words' else layout})"
    if kind.type == "timestamp":
        counted = {"Ymd": "days written like 20240131", "unix": "seconds since 1970, as its name and its range say",
                   "unix_ms": "milliseconds since 1970, as its name and its range say"}  # fmt: skip
        return f"read as {counted.get(layout, f'moments written as {layout}, in UTC where they name no zone')}"
    if kind.type == "list" and layout in SEPARATORS:
        return f"read as lists of labels with {SEPARATORS[layout]!r} between them"
    return "texts and numbers in one column, read as labels" if layout == "mixed" else ""


def _words(name: str, kind: Type, raw: Mapping[str, Array], gaps: Gaps | None) -> str:
    """Words that mean missing, with their rows."""
    words = form_of(kind).missing - set(gaps.certain if gaps else ())
    # Nearly all columns end here, and one as read may have to be made first.
    if (not words and kind.type != "category") or name not in raw:
        return ""
    column = raw[name]
    if not words:
        return _kept(column) if column.dtype == object else ""
    numbers = missing_numbers(kind) if kind.type in ("number", "integer") else frozenset()
    if column.dtype == object:
        rows = sum(
            cell.strip(SPACE) in words if isinstance(cell, str) else cell in numbers
            for cell in column.tolist()
            if isinstance(cell, str | int | float)
        )
    else:
        rows = int(np.isin(column, list(numbers)).sum()) if column.dtype.kind in "iuf" else 0
    return f"{', '.join(map(repr, sorted(words)))} read as missing ({rows:,} rows)"


def _kept(column: Array) -> str:
    """Words that would mean missing among numbers, and are values of a category."""
    cells = column.tolist()
    words = {cell for cell in set(cells) if cell.__class__ is str and cell and is_missing_word(cell.strip(SPACE))}
    if not words:
        return ""
    rows = sum(cell in words for cell in cells)
    shown = ", ".join(map(repr, sorted(words)[:_SHOWN]))
    return f"{shown} ({rows:,} rows) {'are values' if len(words) > 1 else 'is a value'} like others"


def _certain(name: str, value: str, rows: int) -> str:
    return (
        f"{value} ({rows:,} rows) lies further from all other values than these lie apart, so it is read as missing; "
        f"to keep it as a value: accept: {{values: [{name}]}}"
    )


def _doubtful(name: str, kind: Type, value: str, rows: int) -> str:
    form = "|".join([form_of(kind).layout or ("iso" if kind.type == "timestamp" else "plain"), value])
    return (
        f"{value} ({rows:,} rows) may stand for missing; it is kept as a value (else state it under inputs: "
        f"{name}: {{type: {kind.type}, optional: true, form: '{form}'}})"
    )


def _order(kind: Type) -> str:
    order = [label_text(label) for label in order_of(kind)]
    if not order:
        return ""
    shown = " < ".join(order if len(order) <= 7 else [*order[:3], "...", *order[-2:]])
    return f"labels in the order {shown}"


def _parts(name: str, kind: Type) -> str:
    if kind.type not in ("json", "object", "list", "series", "vector") or (kind.type == "vector" and kind.form):
        return ""
    parts = [part.name for part in parts_of(name, kind)]
    shown = ", ".join(parts[:_SHOWN]) + (f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else "")
    return f"{'objects' if kind.type in ('json', 'object') else 'lists'}, of which are used: {shown}"

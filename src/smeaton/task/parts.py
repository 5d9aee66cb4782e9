"""The columns that stand in one column: fields of objects, what lists hold, the rank of ordered labels.

| type of the column | its parts |
|---|---|
| object, json with `fields` | each field, also of objects inside: `address.city` |
| list of numbers, series | `length`, `mean`, `min`, `max`, `last` |
| list of categories | `length`, and a number 0 or 1 for each label known |
| list of anything else | `length` |
| vector | each number, of up to 1,024; of longer ones what a list of numbers has |
| category with an order | `rank`: 0 for the lowest known value, null for others |

What a part is of one cell is computed by one function, whether the cell comes from a table or from a request.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from smeaton.task.forms import form_of
from smeaton.task.readers import Reader, value_reader
from smeaton.task.table import Array, object_column
from smeaton.task.types import Label, Type, label_text
from smeaton.task.values import parse_column

Take = Literal["value", "rank", "length", "mean", "min", "max", "last", "has", "item"]
_PLAIN = ("number", "integer", "boolean", "category", "text", "timestamp")
_NUMBERS = ("number", "integer")
_SUMMARY: tuple[Take, ...] = ("mean", "min", "max", "last")
#: Longest vector of which each number is a part.
LONGEST_VECTOR = 1_024


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One of them. `path` leads to it through objects; `take` says what is taken there: a plain value, or something
    computed, which is a number; `label` is the one that is looked for, `place` the one of a vector, `order` the values
    with a rank."""

    name: str
    column: str
    type: Type
    path: tuple[str, ...] = ()
    take: Take = "value"
    label: Label | None = None
    place: int = 0
    order: tuple[Label, ...] = ()


def parts_of(column: str, kind: Type) -> list[Part]:
    """The parts of a column of a pinned type; none where it is a plain one."""
    return list(_parts(column, kind, column, ()))


def order_of(kind: Type) -> tuple[Label, ...]:
    """The values of an ordered category that have a rank, low to high."""
    return (kind.labels or kind.known or ()) if kind.type == "category" and kind.ordered else ()


def part_reader(part: Part) -> Reader:
    """A function from a cell, as the reader of its column gives it, to the part: float, label, text, moment or None."""
    take = _take(part)
    path = part.path

    def read(cell: Any) -> Any:
        for name in path:
            cell = cell.get(name) if isinstance(cell, Mapping) else None
        return None if cell is None else take(cell)

    return read


def part_column(part: Part, column: Array) -> Array:
    """The part as a column of its type, from a typed column."""
    if part.take == "item" and column.ndim == 2:
        return np.asarray(column[:, part.place].astype(np.float64))
    read = part_reader(part)
    cells = [None if _is_null(cell) else read(cell) for cell in (column if column.ndim == 2 else column.tolist())]
    if part.take != "value":
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return parse_column(object_column(cells), part.type, part.name)[0]


def _is_null(cell: Any) -> bool:
    return cell is None or (isinstance(cell, np.ndarray) and bool(np.isnan(cell).all()))


def _parts(column: str, kind: Type, title: str, path: tuple[str, ...]) -> Iterator[Part]:
    def number(name: str, take: Take, **more: Any) -> Part:
        spec = Type(type="number", optional=True)
        return Part(name=f"{title}{name}", column=column, type=spec, path=path, take=take, **more)

    if path and kind.type in _PLAIN:
        yield Part(name=title, column=column, type=msgspec.structs.replace(kind, optional=True), path=path)
    if order_of(kind):
        yield number(".rank", "rank", order=order_of(kind))
    if kind.type in ("object", "json"):
        for name, field in (kind.fields or {}).items():
            yield from _parts(column, field, f"{title}.{name}", (*path, name))
    if kind.type in ("list", "series"):
        yield number(".length", "length")
        of = kind.of or Type(type="number" if kind.type == "series" else "json")
        if of.type in _NUMBERS:
            yield from (number(f".{take}", take) for take in _SUMMARY)
        for label in (of.labels or of.known or ()) if of.type == "category" else ():
            yield number(f"[{label_text(label)}]", "has", label=label)
    if kind.type == "vector":
        length = int(form_of(kind).layout or 0)
        if 0 < length <= LONGEST_VECTOR:
            yield from (number(f"[{place}]", "item", place=place) for place in range(length))
        else:
            yield from (number(f".{take}", take) for take in _SUMMARY)


def _take(part: Part) -> Reader:
    """What is taken of a value that is not null."""
    if part.take == "value":
        return value_reader(part.type)
    if part.take == "rank":
        ranks = {(label.__class__, label): float(place) for place, label in enumerate(part.order)}
        return lambda value: ranks.get((value.__class__, value))
    if part.take == "has":
        return lambda value: float(part.label in value)
    if part.take == "item":
        return lambda value: float(value[part.place]) if part.place < len(value) else None
    if part.take == "length":
        return lambda value: float(len(value))
    return _summary(_SUMMARIES[part.take])


def _summary(of: Callable[[list[float]], float]) -> Reader:
    def read(value: Any) -> float | None:
        numbers = [float(item) for item in value if item is not None]
        return of(numbers) if numbers else None

    return read


_SUMMARIES: dict[str, Callable[[list[float]], float]] = {
    "mean": lambda numbers: math.fsum(numbers) / len(numbers), "min": min, "max": max,
    "last": lambda numbers: numbers[-1],
}  # fmt: skip

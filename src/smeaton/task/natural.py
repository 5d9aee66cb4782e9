"""The plain JSON form of a type: what most clients send, decoded and checked in one pass by msgspec, in C.

A value that passes the form is what `readers.value_reader` gives for it, or becomes that by the reader named beside the
form. A value that does not pass may still be right (`"41.5"` for a number, `3.0` for a whole one): it is for the
readers to say. So the form may be stricter than the type, and must never be looser.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from smeaton.task.forms import form_of, missing_numbers
from smeaton.task.readers import LARGEST_INTEGER, NULL_TEXT, Reader, value_reader
from smeaton.task.types import Type

#: Ways to write `NULL_TEXT` in JSON.
_RESERVED, _ESCAPED = NULL_TEXT.encode(), b"\\ufdd0"
_LARGEST_BELOW = float(LARGEST_INTEGER - 1)

Cells = list[Any]


def natural(kind: Type, longest: int) -> tuple[Any, Reader | None]:
    """The msgspec type of a type's plain JSON form, and the reader its values still need (None: they are done).

    `longest` is the most characters of a text.
    """
    form = _FORMS.get(kind.type, _any)(kind, longest)
    if form is Any:
        return Any, value_reader(kind)
    reader = value_reader(kind) if _needs_reader(kind) else None
    return (form | None if kind.optional else form), reader


def has_reserved(body: bytes) -> bool:
    """Whether a JSON body may hold the reserved character, written out or as an escape."""
    return (not body.isascii() and _RESERVED in body) or (b"\\u" in body and _ESCAPED in body.lower())


def row_form(types: Mapping[str, Type], longest: int) -> tuple[type[msgspec.Struct], Callable[[Any], Cells]]:
    """A struct for one row as a JSON object, and the function that turns it into cells, in the order of `types`.

    Every column must be there and no other. The function raises ValueError for what a reader refuses.
    """
    pairs = [natural(kind, longest) for kind in types.values()]
    fields = [
        (f"c{place}", form, msgspec.field(name=name))
        for place, (name, (form, _)) in enumerate(zip(types, pairs, strict=True))
    ]
    made = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, gc=False)
    readers = [(place, reader) for place, (_, reader) in enumerate(pairs) if reader is not None]
    if not readers:
        return made, lambda row: list(msgspec.structs.astuple(row))

    def cells(row: Any) -> Cells:
        values = list(msgspec.structs.astuple(row))
        for place, read in readers:
            values[place] = read(values[place])
        return values

    return made, cells


def _needs_reader(kind: Type) -> bool:
    if kind.type == "timestamp" or missing_numbers(kind):
        return True
    return kind.type == "category" and kind.labels is None and bool(form_of(kind).missing)


def _number(kind: Type, _: int) -> Any:
    low, high = kind.min, kind.max
    # Whole numbers beyond 2^53 are refused and large fractions are not: what is that large is for the readers.
    least = -_LARGEST_BELOW if low is None else max(float(low), -_LARGEST_BELOW)
    most = _LARGEST_BELOW if high is None else min(float(high), _LARGEST_BELOW)
    return Annotated[float, msgspec.Meta(ge=least, le=most)]


def _integer(kind: Type, _: int) -> Any:
    low = -LARGEST_INTEGER if kind.min is None else max(-LARGEST_INTEGER, _ceil(kind.min))
    high = LARGEST_INTEGER if kind.max is None else min(LARGEST_INTEGER, _floor(kind.max))
    return Annotated[int, msgspec.Meta(ge=low, le=high)]


def _ceil(value: float) -> int:
    return -int(-value // 1)


def _floor(value: float) -> int:
    return int(value // 1)


def _text(_: Type, longest: int) -> Any:
    return Annotated[str, msgspec.Meta(min_length=1, max_length=longest)]


def _category(kind: Type, longest: int) -> Any:
    if kind.base == "boolean":
        return bool if kind.labels is None or len(kind.labels) == 2 else Any
    if kind.labels is not None:
        labels = [label for label in kind.labels if label != ""]
        return Literal[tuple(labels)] if labels else Any
    if kind.base == "integer":
        return Annotated[int, msgspec.Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
    return _text(kind, longest)


def _any(_: Type, __: int) -> Any:
    return Any


_FORMS: dict[str, Callable[[Type, int], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": lambda kind, longest: bool,
    "category": _category,
    "text": _text,
    "timestamp": _text,
}

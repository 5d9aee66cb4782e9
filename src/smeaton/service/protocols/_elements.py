"""Elements of a tensor as JSON holds them, checked as far as a datatype goes; the types of the columns come after."""

from collections.abc import Callable, Collection
from itertools import chain
from typing import Any

from smeaton.service.body import parse_object
from smeaton.service.problem import Problem
from smeaton.service.protocols._datatypes import ELEMENTS, LARGEST, RANGES
from smeaton.service.protocols._refused import wrong
from smeaton.service.settings import Limits

_NULL = type(None)
#: What an element may be: a number too large for FP32 would be infinite there.
_BOUNDS: dict[str, tuple[float, float]] = {
    **RANGES,
    **{name: (-LARGEST[name], LARGEST[name]) for name in ("FP16", "FP32")},
}


def scalars(data: list[Any], count: int, width: int, datatype: str, nulls: Collection[int], path: str) -> list[Any]:
    """The elements of a tensor row by row, from flat data or nested (a list of `width` a row). `nulls` are numbers of
    elements that are null whatever stands there. `path` leads to the tensor.

    Raises:
        Problem: there are not so many, or one is none of the datatype.
    """
    kinds, nested = set(map(type, data)), False
    if list in kinds:
        nested = True
        data = _flat(data, width, path)
        kinds = set(map(type, data))
    if len(data) != count:
        raise wrong("invalid_shape", "the number of elements is not the product of the shape", f"{path}.shape")
    if nulls:
        data = [None if number in nulls else value for number, value in enumerate(data)]
        kinds = set(map(type, data))
    odd = _odd(data, datatype, kinds)
    if odd is not None:
        row, place = divmod(odd, width)
        spot = f"[{odd}]" if not nested else f"[{row}]" + (f"[{place}]" if width > 1 else "")
        raise wrong("invalid_value", f"an element of {datatype} was expected", f"{path}.data{spot}")
    return data


def is_nested(data: list[Any]) -> bool:
    """Whether data of one tensor or another is nested; mixed data is refused by `scalars` and `vectors`."""
    return list in set(map(type, data))


def vectors(
    data: list[Any], rows: int, width: int, datatype: str, nulls: Collection[int], path: str
) -> list[list[Any] | None]:
    """Vectors, one a row, from flat data or nested. Null in place of a vector, or of all its elements, is a null, and
    so are the rows in `nulls`, whatever stands there.

    Raises:
        Problem: there are not so many, or an element is none of the datatype.
    """
    kinds = set(map(type, data))
    if nulls and list in kinds:
        data = [None if row in nulls else vector for row, vector in enumerate(data)]
        kinds = set(map(type, data))
    whole = kinds <= {list, _NULL} and len(data) == rows
    if not whole and (list in kinds or len(data) != rows * width):
        raise wrong("invalid_shape", "the number of elements is not the product of the shape", f"{path}.shape")
    given = data if whole else [data[at : at + width] for at in range(0, len(data), width)]
    found: list[list[Any] | None] = []
    for row, vector in enumerate(given):
        if row in nulls or vector is None:
            found.append(None)
            continue
        if len(vector) != width:
            raise wrong("invalid_shape", "a vector of another length than the shape says", f"{path}.data[{row}]")
        odd = _odd(vector, datatype, set(map(type, vector)))
        if odd is not None:
            spot = f"[{row}][{odd}]" if whole else f"[{row * width + odd}]"
            raise wrong("invalid_value", f"an element of {datatype} was expected", f"{path}.data{spot}")
        found.append(vector if any(value is not None for value in vector) else None)
    return found


def json_values(texts: list[Any], limits: Limits, path: Callable[[int], str]) -> list[Any]:
    """Values of type json from their texts, None for null and for blank text; `path` of a row leads to it. They are
    read as strictly as a body.

    Raises:
        Problem: a text is no JSON.
    """
    return [_json(text, limits, row, path) for row, text in enumerate(texts)]


def _json(text: str | None, limits: Limits, row: int, path: Callable[[int], str]) -> Any:
    if text is None or not text.strip():
        return None
    try:
        found = parse_object(b'{"value":' + text.encode() + b"}", limits)
    except Problem as error:
        raise wrong("invalid_value", "JSON was expected", path(row)) from error
    if len(found) > 1:
        raise wrong("invalid_value", "one value of JSON was expected", path(row))
    return found["value"]


def _flat(data: list[Any], width: int, path: str) -> list[Any]:
    """Nested `[[a, b], [c, d]]` row by row."""
    for number, item in enumerate(data):
        if item.__class__ is not list or len(item) != width:
            raise wrong("invalid_shape", f"a list of {width:,} was expected", f"{path}.data[{number}]")
    return list(chain.from_iterable(data))


def _odd(data: list[Any], datatype: str, kinds: set[type]) -> int | None:
    """The first element that a datatype does not have."""
    known = ELEMENTS[datatype]
    if not kinds <= known:
        return next(number for number, value in enumerate(data) if type(value) not in known)
    bounds = _BOUNDS.get(datatype)
    if bounds is None:
        return None
    low, high = bounds
    values = data if _NULL not in kinds else [value for value in data if value is not None]
    if not values or (low <= min(values) and max(values) <= high):
        return None
    return next(number for number, value in enumerate(data) if value is not None and not low <= value <= high)

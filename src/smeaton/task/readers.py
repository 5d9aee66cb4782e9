"""One value at a time: `value_reader(spec)` compiles a type into a function from a JSON or Python value to our value.

The columns of `values.py` use these readers for every value their bulk paths do not take, so both agree.
"""

import contextlib
import re
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from smeaton.errors import TaskError
from smeaton.task.clock import CLOCK, clock_text
from smeaton.task.forms import NUMBER, boolean_texts, form_of, missing_numbers
from smeaton.task.moments import COUNTED, from_datetime, moment_of_number, moment_reader
from smeaton.task.notation import layout_of, number_text
from smeaton.task.types import Label, Type

Reader = Callable[[Any], Any]

#: Stands for a null category inside programs, so no text may hold it (a Unicode noncharacter).
NULL_TEXT = "\ufdd0"
#: Whole numbers beyond it are not exact as float64, so they are refused: an id would be changed in silence.
LARGEST_INTEGER = 2**53
SPACE = " \t\r\n"
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,16})")
_LARGEST = sys.float_info.max
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def value_reader(spec: Type) -> Reader:
    """A function from one JSON or Python value to float (number, integer), bool, label, str, `np.datetime64[us]`,
    float32 vector or plain JSON, and None for null. It raises ValueError with the reason, in words that follow the
    column's name, for what the type does not take, null included where `optional` is false.

    Empty text is null for every type, text included. What text a number, boolean or moment may be is the type's form.

    Raises:
        TaskError: values of this type cannot be read by this version.
    """
    if spec.type in _READERS:
        return _READERS[spec.type](spec)
    from smeaton.task.nested import NESTED  # it reads the parts of a value with this very function

    readers = _READERS | NESTED
    if spec.type not in readers:
        raise TaskError(
            f"columns of type {spec.type} cannot be read by this version",
            fix=f"leave the column out (rows.ignore), or use one of: {', '.join(sorted(readers))}",
        )
    return readers[spec.type](spec)


def show(value: object) -> str:
    """A value as an error shows it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value if len(value) <= 40 else value[:37] + '...'!r}"
    if isinstance(value, int | float | Decimal):
        text = str(value) if not isinstance(value, int) or value.bit_length() < 200 else "(of over 60 digits)"
        return f"the number {text}"
    if isinstance(value, datetime | date | np.datetime64):
        return f"the moment {value}"
    names = ((Mapping, "an object"), (list | tuple | np.ndarray, "a list"), (bytes, "bytes"))
    return next((name for kind, name in names if isinstance(value, kind)), f"a {value.__class__.__name__}")


def value_text(value: int | float | Decimal) -> str:
    """A number as text: whole ones without a point, so that 7 and 7.0 are the same category. Booleans as in JSON."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return str(int(value)) if value == value // 1 else str(value)


def wrong(expected: str, value: object) -> ValueError:
    """What a reader raises: what it expected, what it got."""
    return ValueError(f"expected {expected}, got {show(value)}")


def _plain(value: object) -> object:
    """NumPy's scalars as Python's; its moments stay, NaT is null."""
    if isinstance(value, np.generic):
        if isinstance(value, np.datetime64):
            return None if np.isnat(value) else value
        return value.item()
    return value


def null_of(spec: Type, expected: str) -> Callable[[], None]:
    """What a reader gives for null; it raises where the type has none."""

    def null() -> None:
        if not spec.optional:
            raise ValueError(f"expected {expected}, got null")

    return null


def _bounds(spec: Type) -> tuple[float, float]:
    return (
        -_LARGEST if spec.min is None else float(spec.min),
        _LARGEST if spec.max is None else float(spec.max),
    )


def _number(spec: Type) -> Reader:
    return _number_like(spec.type == "integer", spec.form, spec.min, spec.max, spec.optional)


# Of the thousands of numbers of a wide table nearly all are read alike, and each is asked for many times.
@lru_cache(maxsize=1_024)
def _number_like(whole: bool, form: str | None, low: float | None, high: float | None, optional: bool) -> Reader:
    spec = Type(type="integer" if whole else "number", form=form, min=low, max=high, optional=optional)
    return _number_reader(spec)


def _number_reader(spec: Type) -> Reader:
    whole = spec.type == "integer"
    expected = "a whole number" if whole else "a number"
    form, null = form_of(spec), null_of(spec, expected)
    words, gaps = form.missing, missing_numbers(spec)
    text_of = _plain_number(form.layout)
    if text_of is not None:
        expected += f" (as text: {form.layout})"
    low, high = _bounds(spec)
    first, last = max(low, -LARGEST_INTEGER), min(high, LARGEST_INTEGER)

    def read(value: Any) -> Any:
        kind = value.__class__
        if kind is float:
            if low <= value <= high and not whole:
                return value
        elif kind is int and first <= value <= last:
            return float(value)
        return slow(value)

    def slow(value: Any) -> Any:
        value = _plain(value)
        if isinstance(value, str):
            value = value.strip(SPACE)
            if not value or value in words:
                return null()
            plain = value if text_of is None else text_of(value)
            if plain is None:
                raise wrong(expected, value)
            number = _number_text(plain, expected)
        elif value is None:
            return null()
        else:
            number = _number_value(value, expected)
        if number in gaps:
            return null()
        if whole and not number.is_integer():
            raise wrong(expected, value)
        if whole and abs(number) > LARGEST_INTEGER:
            raise _too_large(value)
        if number < low:
            raise ValueError(f"expected at least {_bound(low)}, got {show(value)}")
        if number > high:
            raise ValueError(f"expected at most {_bound(high)}, got {show(value)}")
        return number

    return slow if gaps else read


def _plain_number(layout: str) -> Callable[[str], str | None] | None:
    """How texts of a layout become plain numbers; None where they are plain."""
    if layout in ("", "plain"):
        return None
    if layout == CLOCK:
        return clock_text
    known = layout_of(layout)
    if known is None:
        raise TaskError(f"there is no form {layout!r} of numbers", fix="write an example, such as 1.234,5 EUR")
    return number_text(known)


def _bound(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) <= LARGEST_INTEGER else repr(value)


def _too_large(value: object) -> ValueError:
    return ValueError(f"whole numbers beyond 2^53 are not exact, got {show(value)}; ids can be given as text")


def _number_text(text: str, expected: str) -> float:
    if NUMBER.fullmatch(text) is None:
        raise wrong(expected, text)
    number = float(text)
    if abs(number) >= LARGEST_INTEGER:
        digits = text.lstrip("+-").lstrip("0")
        if digits.isdigit() and (len(digits) > 16 or int(digits) > LARGEST_INTEGER):
            raise _too_large(text)
        if abs(number) > _LARGEST:
            raise ValueError(f"expected a number that float64 can hold, got {show(text)}")
    return number


def _number_value(value: object, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise wrong(expected, value)
    if isinstance(value, Decimal):
        if value.is_finite() and value == value.to_integral_value() and abs(value) > LARGEST_INTEGER:
            raise _too_large(value)
        number = float(value)
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise _too_large(value)
    else:
        number = float(value)
    if not -_LARGEST <= number <= _LARGEST:
        raise ValueError(f"expected a finite number, got {show(value)}")
    return number


def _boolean(spec: Type) -> Reader:
    texts = boolean_texts(spec)
    form = form_of(spec)
    expected = "true or false" + (f" (as text: {form.layout})" if form.layout else "")
    null = null_of(spec, expected)
    digits = form.layout == "0/1"

    def read(value: Any) -> bool | None:
        if value is True or value is False:
            return value
        return slow(value)

    def slow(value: Any) -> bool | None:
        value = _plain(value)
        if isinstance(value, str):
            text = value.strip(SPACE)
            if not text or text in form.missing:
                return null()
            text = text.casefold()
            if text in texts:
                return texts[text]
        elif value is None:
            return null()
        elif isinstance(value, bool):
            return value
        elif digits and isinstance(value, int | float) and value in (0, 1):
            return value == 1
        raise wrong(expected, value)

    return read


def _text_value(value: str) -> str:
    """Text that can be stored and sent: no reserved character, no lone surrogate."""
    if value.isascii():
        return str(value)
    if NULL_TEXT in value:
        raise ValueError("the text holds the reserved character U+FDD0")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text is not valid Unicode (a lone surrogate)") from error
    return str(value)


def _text(spec: Type) -> Reader:
    null = null_of(spec, "text")

    def read(value: Any) -> str | None:
        if value.__class__ is str and value and value.isascii():
            return value
        return slow(value)

    def slow(value: Any) -> str | None:
        value = _plain(value)
        if value is None or (isinstance(value, str) and not value):
            return null()
        if not isinstance(value, str):
            raise wrong("text", value)
        return _text_value(value)

    return read


def _category(spec: Type) -> Reader:
    missing = form_of(spec).missing
    if spec.labels is None and spec.base == "text" and not missing and form_of(spec).layout != "mixed":
        return _text(spec)
    convert = {"text": _text_label, "integer": _integer_label, "boolean": _boolean_label}[spec.base](spec)
    known = None if spec.labels is None else frozenset(spec.labels)
    expected = f"a label ({spec.base})" if known is None else _one_of(spec)
    null = null_of(spec, expected)

    def slow(value: Any) -> Any:
        value = _plain(value)
        if value is None or (isinstance(value, str) and (not value or value in missing)):
            return null()
        label = convert(value)
        if known is not None and label not in known:
            raise wrong(expected, value)
        return label

    if known is None:
        return _whole_label(slow) if spec.base == "integer" else slow
    return _known_label(known, slow, {"text": str, "integer": int, "boolean": bool}[spec.base])


def _whole_label(slow: Reader) -> Reader:
    def read(value: Any) -> Any:
        kind = value.__class__
        if kind is int and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            return value
        if kind is str and len(value) < 16 and value.isdigit() and value.isascii() and value[0] != "0":
            return int(value)
        return slow(value)

    return read


def _known_label(known: frozenset[Label], slow: Reader, kind: type) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is kind and value in known:
            return value
        return slow(value)

    return read


def _one_of(spec: Type) -> str:
    labels = spec.text_labels()
    return "one of: " + ", ".join(labels[:12]) + (f" ... ({len(labels)} labels)" if len(labels) > 12 else "")


def _text_label(spec: Type) -> Reader:
    mixed = form_of(spec).layout == "mixed"

    def read(value: Any) -> str:
        if mixed and isinstance(value, int | float | Decimal):
            if not isinstance(value, bool):
                _number_value(value, "text or a number")
            return value_text(value)
        if not isinstance(value, str):
            raise wrong("text", value)
        return _text_value(value)

    return read


def _integer_label(spec: Type) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, str):
            text = value.strip(SPACE)
            if _WHOLE.fullmatch(text) is None:
                raise wrong("a whole number", value)
            label = int(text)
        elif isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise wrong("a whole number", value)
        elif abs(value) > LARGEST_INTEGER:
            raise _too_large(value)
        else:
            label = int(value)
        if abs(label) > LARGEST_INTEGER:
            raise _too_large(value)
        return label

    return read


def _boolean_label(spec: Type) -> Reader:
    texts = boolean_texts(spec)

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.casefold() in texts:
            return texts[value.casefold()]
        raise wrong("true or false", value)

    return read


def _timestamp(spec: Type) -> Reader:
    form = form_of(spec)
    expected = "a moment in ISO 8601" + (f" or as {form.layout}" if form.layout not in ("", "iso") else "")
    parse, null = moment_reader(form.layout), null_of(spec, expected)
    gaps, counted = missing_moments(spec), form.layout in COUNTED

    def read(value: Any) -> Any:
        moment = found(_plain(value))
        return null() if moment in gaps else moment

    def found(value: Any) -> Any:
        if isinstance(value, str):
            text = value.strip(SPACE)
            if not text or text in form.missing:
                return null()
            try:
                return parse(text)
            except ValueError:
                raise wrong(expected, value) from None
        if counted and isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return moment_of_number(form.layout, value)
            except (ValueError, OverflowError):
                raise wrong(expected, value) from None
        if isinstance(value, np.datetime64):
            return value.astype("datetime64[us]")
        if value is None:
            return null()
        if isinstance(value, datetime):  # pandas' NaT is a datetime that is not itself
            return from_datetime(value) if value == value else null()  # noqa: PLR0124
        if isinstance(value, date):
            return np.datetime64(value, "us")
        raise wrong(expected, value)

    return read if gaps else lambda value: found(_plain(value))


def missing_moments(spec: Type) -> frozenset[np.datetime64]:
    """The moments that mean "missing" under the type's form, whatever form they come in."""
    form = form_of(spec)
    parse, gaps = moment_reader(form.layout), set[np.datetime64]()
    for word in form.missing:
        with contextlib.suppress(ValueError):  # most words are no moments
            gaps.add(parse(word))
    return frozenset(gaps)


def _vector(spec: Type) -> Reader:
    length = int(form_of(spec).layout or 0)
    expected = f"a list of {length} numbers" if length else "a list of numbers"
    null = null_of(spec, expected)

    def read(value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value):
            return null()
        if not isinstance(value, list | tuple | np.ndarray) or getattr(value, "ndim", 1) != 1:
            raise wrong(expected, value)
        if not len(value) or (length and len(value) != length):
            raise ValueError(f"expected {expected}, got a list of {len(value)}")
        numbers = [_number_value(_plain(item), "numbers in the list") for item in value]
        if max(map(abs, numbers)) > _LARGEST_FLOAT32:
            raise ValueError("expected numbers that float32 can hold")
        return np.array(numbers, dtype=np.float32)

    return read


def json_reader(spec: Type) -> Reader:
    """A reader of any JSON value."""
    null = null_of(spec, "a value")

    def read(value: Any) -> Any:
        value = _plain(value)
        if value is None or (isinstance(value, str) and not value):
            return null()
        return _json_value(value, 0)

    return read


def _json_value(value: object, depth: int) -> Any:
    value = _plain(value)
    if depth > 100:
        raise ValueError("expected JSON of at most 100 levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text_value(value)
    if isinstance(value, int | float):
        _number_value(value, "a number")
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return [_json_value(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("expected text as the names of an object")
        return {_text_value(key): _json_value(item, depth + 1) for key, item in value.items()}
    raise wrong("JSON", value)


_READERS: dict[str, Callable[[Type], Reader]] = {
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
    "category": _category,
    "text": _text,
    "timestamp": _timestamp,
    "vector": _vector,
}

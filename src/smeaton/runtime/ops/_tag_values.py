"""A piece of text as the value of a typed field: how the tagger reads numbers and moments that stand in prose.

A number: code points other than decimal digits (of any script), signs and separators are left out, so currency and
percent signs and units go. The field's decimal mark, `.` or `,`, was learnt in training; the other one, apostrophes and
white space separate thousands. A minus sign (- or U+2212) counts where it stands before the first digit. 12% is 12.
A piece that is a part of a longer number (`1` of `1,249.50`) is read as the whole: thousands in groups of three digits,
and behind the decimal mark what a field of type number may have.
A moment: the layouts met in training one after the other (see `task/moments.py`), the commonest first.
What the field's own type refuses (bounds, whole numbers, unknown labels) is null.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from smeaton.task.forms import NUMBER
from smeaton.task.moments import moment_reader
from smeaton.task.readers import value_reader
from smeaton.task.types import Type

MARKS = (".", ",")
_THOUSANDS = re.compile(r"['\u2019\s]")
_LEFT_OUT = re.compile(r"[^0-9.,+\-]")
_WHOLE = r"(?:\d{1,3}(?:[,'\u2019]\d{3})+(?!\d)|\d+)"
_OF_NUMBER = re.compile(r"[\d.,'\u2019]+")
_REACH = 40  # code points to either side that a number is looked for in


class Field(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A field of the answer. `labels` (null among them) makes it one that is chosen for the whole text; else it is
    found as a piece: `decimal` is the mark of its numbers, `layouts` those of its moments."""

    name: str
    type: Type
    labels: tuple[str | int | bool | None, ...] = ()
    decimal: str = "."
    layouts: tuple[str, ...] = ()


def number_text(text: str, decimal: str) -> str | None:
    """The number in a piece of text in plain form (`-1249.5`), None if there is none."""
    plain = "".join(_digit(letter) for letter in text)
    plain = _LEFT_OUT.sub("", _THOUSANDS.sub("", plain)).replace(MARKS[decimal == "."], "").replace(decimal, ".")
    plain = plain.strip(".")
    return plain if NUMBER.fullmatch(plain) else None


def whole_number(field: Field, text: str, start: int, end: int) -> str:
    """The piece text[start:end], widened to the whole number where it begins or ends in the midst of one."""
    low = start
    while low > max(0, start - _REACH) and _OF_NUMBER.match(text, low - 1):
        low -= 1
    behind = _OF_NUMBER.match(text, end, end + _REACH)
    high = behind.end() if behind else end
    numbers = [found.span() for found in _numbers(field.decimal, field.type.type).finditer(text, low, high)]
    first = min((a for a, b in numbers if a < start < b), default=start)
    last = max((b for a, b in numbers if a < end < b), default=end)
    return text[first:last]


@cache
def _numbers(decimal: str, kind: str) -> re.Pattern[str]:
    whole = _WHOLE.replace("[,", f"[{MARKS[decimal == '.']}")
    return re.compile(whole + (rf"(?:[{decimal}]\d+)?" if kind == "number" else ""))


def _digit(letter: str) -> str:
    if letter.isascii():
        return letter
    value = unicodedata.decimal(letter, None)
    return "-" if letter == "\u2212" else letter if value is None else str(value)


def converter(field: Field) -> Callable[[str], Any]:
    """A function from a piece of text to the field's value as plain JSON; None where it is none."""
    kind = field.type
    if kind.type in ("number", "integer"):
        read, whole = value_reader(Type(type=kind.type, min=kind.min, max=kind.max)), kind.type == "integer"

        def number(piece: str) -> Any:
            plain = number_text(piece, field.decimal)
            found = None if plain is None else _tried(read, plain)
            return int(found) if whole and found is not None else found

        return number
    if kind.type == "timestamp":
        readers = [moment_reader(layout) for layout in field.layouts or ("iso",)]

        def moment(piece: str) -> Any:
            plain = " ".join(piece.split())
            found = next((day for day in (_tried(read, plain) for read in readers) if day is not None), None)
            return None if found is None else f"{found}Z"

        return moment
    return lambda piece: piece


def reader(field: Field) -> Callable[[str, int, int], Any]:
    """A function from a text and the bounds of a piece in it to the field's value as plain JSON, None if it is none."""
    read = converter(field)
    if field.type.type in ("number", "integer"):
        return lambda text, start, end: read(whole_number(field, text, start, end))
    return lambda text, start, end: read(text[start:end])


def _tried(read: Callable[[Any], Any], value: str) -> Any:
    try:
        return read(value)
    except ValueError:
        return None

"""The plain JSON form of a type never takes what its reader refuses, and never gives another value."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.task.natural import has_reserved, natural, row_form
from smeaton.task.readers import LARGEST_INTEGER, NULL_TEXT, value_reader
from smeaton.task.types import Type

TYPES = (
    Type(type="number"),
    Type(type="number", optional=True, min=0, max=10.5),
    Type(type="number", min=-1e300, max=1e300),
    Type(type="integer"),
    Type(type="integer", optional=True, min=-2.5, max=7.5),
    Type(type="boolean"),
    Type(type="boolean", optional=True),
    Type(type="text"),
    Type(type="text", optional=True),
    Type(type="category"),
    Type(type="category", optional=True, labels=("a", "b", "")),
    Type(type="category", base="integer"),
    Type(type="category", base="integer", labels=(1, 2, -3)),
    Type(type="category", base="boolean"),
    Type(type="category", base="boolean", labels=(True,)),
    Type(type="timestamp"),
    Type(type="timestamp", optional=True),
    Type(type="vector"),
    Type(type="json", optional=True),
    Type(type="number", optional=True, form="1.234,5 EUR|-999"),
    Type(type="integer", optional=True, form="plain|-1"),
    Type(type="boolean", optional=True, form="words|unknown"),
    Type(type="category", optional=True, form="mixed"),
    Type(type="timestamp", optional=True, form="unix|0"),
    Type(type="timestamp", optional=True, form="Ymd|19000101"),
    Type(type="list", of=Type(type="category", known=("a", "b")), form="bar"),
    Type(type="json", fields={"a": Type(type="number", optional=True)}),
)
EDGES = [0, -0.0, 1, 2, -3, 7, 8, 10.5, 10.6, 1e300, 2.0**53, 2**53, -(2**53), 2**53 + 1, 2**53 - 1, 2**80]
EDGES += ["", "a", "b", "1", "true", "2026-01-31", "2026-01-31T12:00:00Z", NULL_TEXT, True, False, None]
VALUES = st.sampled_from(EDGES) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
LONGEST = 40


def read(kind: Type, value: Any) -> Any:
    try:
        return value_reader(kind)(value)
    except ValueError:
        return ValueError


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    return bool(one == other) and (isinstance(one, bool) == isinstance(other, bool))


@given(st.sampled_from(TYPES), VALUES)
def test_what_passes_the_form_is_what_the_reader_gives(kind: Type, value: Any) -> None:
    body = msgspec.json.encode(value)
    if has_reserved(body):
        return
    form, reader = natural(kind, LONGEST)
    try:
        found = msgspec.json.decode(body, type=form)
        found = found if reader is None else reader(found)
    except (msgspec.ValidationError, ValueError):
        return  # the readers decide
    expected = read(kind, msgspec.json.decode(body))
    assert expected is not ValueError
    assert same(found, expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TYPES[0], 41.5),
        (TYPES[0], 3),
        (TYPES[1], None),
        (TYPES[3], -7),
        (TYPES[3], LARGEST_INTEGER),
        (TYPES[5], True),
        (TYPES[7], "naïve"),
        (TYPES[10], "b"),
        (TYPES[12], -3),
        (TYPES[15], "2026-01-31T12:00:00Z"),
    ],
)
def test_what_clients_send_passes(kind: Type, value: Any) -> None:
    form, reader = natural(kind, LONGEST)
    found = msgspec.json.decode(msgspec.json.encode(value), type=form)
    assert same(found if reader is None else reader(found), read(kind, value))


def test_a_text_that_is_too_long_does_not_pass() -> None:
    form, _ = natural(Type(type="text"), LONGEST)
    assert msgspec.json.decode(b'"%s"' % (b"x" * LONGEST), type=form) == "x" * LONGEST
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"%s"' % (b"x" * (LONGEST + 1)), type=form)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (NULL_TEXT.encode(), True),
        (b'"\\ufdd0"', True),
        (b'"\\uFDD0"', True),
        (b'"\\u00e9"', False),
        ("é".encode(), False),
        (b"plain", False),
    ],
)
def test_the_reserved_character_is_seen_however_it_is_written(body: bytes, found: bool) -> None:
    assert has_reserved(body) is found


def test_a_row_has_every_column_and_no_other() -> None:
    form, cells = row_form({"a b": Type(type="number"), "when": Type(type="timestamp", optional=True)}, LONGEST)
    row = msgspec.json.decode(b'{"when": "2026-01-31T12:00:00Z", "a b": 1}', type=form)
    assert cells(row) == [1.0, np.datetime64("2026-01-31T12:00:00", "us")]
    for body in (b'{"a b": 1}', b'{"a b": 1, "when": null, "more": 1}', b'{"a b": null, "when": null}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(body, type=form)

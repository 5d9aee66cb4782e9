"""A body decoded in one pass is the body the careful readers read; what is odd is left to them."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.decode import RowDecoder
from smeaton.task.readers import value_reader
from smeaton.task.types import Type

COLUMNS = {
    "age": Type(type="number", optional=True, min=0),
    "plan": Type(type="category"),
    "note": Type(type="text", optional=True),
}
DECODE = RowDecoder(COLUMNS, "rows", 100, stream=bool)
CELL = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(0, 9) | st.sampled_from(["", "a", 'a": ', ":", "é"])
ROWS = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, CELL)), max_size=3)


def carefully(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [[value_reader(kind)(row.get(name)) for name, kind in COLUMNS.items()] for row in rows]


@given(ROWS, st.sampled_from([(",", ":"), (" , ", " : "), (", ", ": ")]), st.booleans())
def test_it_agrees_with_the_readers(rows: list[dict[str, Any]], separators: tuple[str, str], ascii_only: bool) -> None:
    found = DECODE(json.dumps({"rows": rows}, separators=separators, ensure_ascii=ascii_only).encode())
    if found is not None:
        assert found == (carefully(rows), {})


GOOD = b'{"rows":[{"age":1.5,"plan":"a","note":null}]}'


@pytest.mark.parametrize(
    "body",
    [GOOD, GOOD.replace(b":", b" : "), GOOD.replace(b'"a"', b'"a:b"'), GOOD.replace(b'"a"', '"é"'.encode())],
)
def test_plain_bodies_are_decoded(body: bytes) -> None:
    found = DECODE(body)
    assert found is not None
    assert found[0][0][0] == 1.5


def test_other_keys_are_given() -> None:
    assert DECODE(GOOD[:-1] + b',"stream":true}') == ([[1.5, "a", None]], {"stream": True})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        GOOD[:-1],
        GOOD.replace(b'"age":1.5', b'"age":1.5,"age":2'),
        GOOD.replace(b'"age":1.5', b'"age" :1.5,"age" :2'),
        GOOD.replace(b'"note":null', b'"note":null,"plan" :"b"'),
        GOOD.replace(b',"note":null', b""),
        GOOD.replace(b'"age":1.5', b'"age":"1.5"'),
        GOOD.replace(b'"a"', b'"\\ufdd0"'),
        GOOD.replace(b'"a"', b'"%s"' % (b"x" * 101)),
        GOOD.replace(b'"a"', b'"\xff"'),
        GOOD[:-1] + b',"stream":1}',
        GOOD[:-1] + b',"rows":[]}',
        GOOD[:-1] + b',"other":1}',
        b'{"rows":' + b"[" * 100_000,
    ],
)
def test_what_is_odd_is_left_to_the_readers(body: bytes) -> None:
    assert DECODE(body) is None


@given(st.binary(max_size=60))
def test_nothing_else_is_raised(body: bytes) -> None:
    assert DECODE(body) is None or msgspec.json.decode(body)["rows"] == []

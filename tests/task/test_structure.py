"""Objects and spans: parsed strictly by their types, refused by the path to what is wrong."""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import RowFault, RowsError, TaskError
from smeaton.task.structure import answered, check_structure, is_spans, pin_structure, span_fault, text_field, words
from smeaton.task.types import Type
from smeaton.task.values import value_reader

SPAN = {"kind": Type(type="category"), "start": Type(type="integer"), "end": Type(type="integer")}
SPANS = Type(type="list", of=Type(type="object", fields={**SPAN, "text": Type(type="text", optional=True)}))
ORDER = Type(
    type="object",
    fields={
        "item": Type(type="text"),
        "amount": Type(type="number", optional=True),
        "count": Type(type="integer", optional=True),
        "day": Type(type="timestamp", optional=True),
        "gift": Type(type="boolean", optional=True),
    },
)
ITEMS = st.fixed_dictionaries(
    {"item": st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1)},
    optional={
        "amount": st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
        "count": st.none() | st.integers(-(2**53), 2**53),
        "gift": st.none() | st.booleans(),
    },
)


@given(ITEMS)
def test_an_object_reads_as_plain_json_whatever_it_comes_as(value: dict[str, Any]) -> None:
    read = value_reader(ORDER)
    found = read(value)
    assert found == {name: value.get(name) for name in ORDER.fields or {}}
    assert read(json.dumps(value)) == found
    assert read(found) == found
    assert json.loads(json.dumps(found)) == found
    assert type(found["count"]) in (int, type(None))


def test_moments_are_text() -> None:
    found = value_reader(ORDER)({"item": "a", "day": datetime(2026, 1, 31, 12)})
    assert found["day"] == "2026-01-31T12:00:00.000000Z"
    assert value_reader(ORDER)(found) == found


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([{"kind": "a", "start": 0}], "[0].end: expected a whole number, got null"),
        ([{"kind": "a", "start": 0, "end": 1}, {"kind": "a", "start": "x", "end": 1}], "[1].start: expected a whole"),
        ([{"kind": "a", "start": 0, "end": 1.5}], "[0].end: expected a whole number, got the number 1.5"),
        ([3], "[0]: expected an object, got the number 3"),
        ({"kind": "a"}, "expected a list, got an object"),
        ([{"kind": "a", "start": 0, "end": 1, "where": 2}], "[0]: expected only kind, start, end, text, got 'where'"),
        ("{", "expected JSON"),
        ("words", "expected a list, got the text"),
    ],
)
def test_what_is_refused_by_its_path(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(words)):
        value_reader(SPANS)(value)


def test_the_path_is_part_of_the_column_an_error_names() -> None:
    error = RowsError([RowFault(7, "slots", "[2].start: expected a whole number, got null")])
    assert str(error) == "row 7, column 'slots[2].start': expected a whole number, got null"
    assert str(RowsError([RowFault(7, "n", "expected a number")])) == "row 7, column 'n': expected a number"


def test_which_lists_are_spans() -> None:
    assert is_spans(SPANS)
    assert text_field(SPANS) == "text"
    assert not is_spans(ORDER)
    assert not is_spans(Type(type="list", of=ORDER))
    assert words(SPANS) == "list of spans (kind, start, end, text)"
    assert words(ORDER) == "object (item, amount, count, day, gift)"
    assert words(Type(type="list", of=Type(type="category"))) == "list of category"


def test_spans_lie_in_their_text() -> None:
    def fault(start: int, end: int, piece: str | None = None, text: str | None = "naïve 🙂 x") -> str:
        return span_fault(SPANS, [{"kind": "a", "start": start, "end": end, "text": piece}], text)

    assert fault(0, 5, "naïve") == ""
    assert fault(6, 7, "🙂") == "", "offsets count code points"
    assert fault(9, 9) == ""
    assert "[0]: the span 0 to 10 does not lie in its text of 9 characters" in fault(0, 10)
    assert "does not lie" in fault(4, 2)
    assert "does not lie" in fault(-1, 2)
    assert "[0].text: the text from 0 to 5 reads otherwise" in fault(0, 5, "naive")
    assert "text of 0 characters" in fault(0, 1, None, None)
    assert span_fault(SPANS, [], None) == ""


def test_what_is_not_found_is_answered_as_null_but_spans_are_whole() -> None:
    inner = Type(type="object", fields={"c": Type(type="number")})
    order, said = Type(type="object", fields={"a": Type(type="text"), "b": inner}), {"a": None, "b": {"c": None}}
    with pytest.raises(ValueError, match="null"):
        value_reader(order)(said)
    assert value_reader(answered(order))(said) == said
    span = Type(type="object", fields={"start": Type(type="integer"), "end": Type(type="integer")})
    spans = Type(type="list", of=span)
    assert answered(spans) == spans


def test_labels_inside_are_pinned() -> None:
    kind = pin_structure(SPANS, [[{"kind": "b", "start": 0, "end": 1, "text": None}], [], None, [{"kind": "a"}]])
    assert kind.of is not None
    assert (kind.of.fields or {})["kind"].labels == ("a", "b")
    assert (kind.of.fields or {})["start"] == Type(type="integer")


def test_fields_nobody_can_learn_are_refused() -> None:
    with pytest.raises(TaskError, match=r"output.x.of.fields.photo: a field of type image cannot be learnt yet"):
        check_structure(Type(type="list", of=Type(type="object", fields={"photo": Type(type="image")})), "output.x")
    check_structure(SPANS, "output.x")

"""Each type has its control; every value is escaped, and null is what an empty field means."""

import json
import re
from html import escape
from typing import Any

import pytest

from smeaton.service.page.fields import Field
from smeaton.task.profile import ColumnProfile
from smeaton.task.types import Type

HOSTILE = "\"><script>alert('1')</script>&amp;\n`"


def html(kind: Type, value: Any = None, seen: ColumnProfile | None = None, name: str = "x") -> str:
    return Field("m0-f0", name, kind, value, seen).html()


@pytest.mark.parametrize(
    ("kind", "value", "form", "control"),
    [
        (Type(type="number", min=0, max=1), 0.5, "number", 'type="number" step="any" min="0" max="1" value="0.5"'),
        (Type(type="integer", min=-3), 3, "number", 'type="number" step="1" min="-3" value="3"'),
        (Type(type="category", base="integer"), 4, "number", 'type="number" step="1" value="4"'),
        (Type(type="category"), "a", "text", 'type="text" dir="auto" spellcheck="false" value="a"'),
        (Type(type="timestamp"), "2026-01-31T12:00:00Z", "moment", 'step="1" value="2026-01-31T12:00:00"'),
        (Type(type="text"), "a\nb", "text", 'dir="auto">\na\nb</textarea>'),
        (Type(type="vector"), [1.5, 2], "json", ">\n[1.5, 2]</textarea>"),
        (Type(type="list"), [], "json", ">\n[]</textarea>"),
        (Type(type="object"), {"a": None}, "json", ">\n{&quot;a&quot;: null}</textarea>"),
    ],
)
def test_a_type_has_its_control(kind: Type, value: Any, form: str, control: str) -> None:
    found = html(kind, value)
    assert f'data-form="{form}"' in found
    assert control in found
    assert " required" in found
    assert '<label for="m0-f0">' in found
    assert 'id="m0-f0"' in found


@pytest.mark.parametrize("kind", ["number", "integer", "text", "timestamp", "vector", "list", "category"])
def test_an_empty_field_says_that_it_is_null(kind: Any) -> None:
    found = html(Type(type=kind, optional=True))
    assert 'placeholder="null"' in found
    assert "or null" in found
    assert "required" not in found


def test_booleans_are_chosen_among_what_they_may_be() -> None:
    def values(kind: Type, value: Any) -> list[str]:
        return re.findall(r'value="(\w+)"( checked)?', html(kind, value))

    assert values(Type(type="boolean"), True) == [("true", " checked"), ("false", "")]
    assert values(Type(type="boolean", optional=True), None) == [("true", ""), ("false", ""), ("null", " checked")]
    assert values(Type(type="category", base="boolean"), False) == [("true", ""), ("false", " checked")]
    assert values(Type(type="category", base="boolean", labels=(True,)), True) == [("true", " checked")]


def test_stated_labels_are_chosen_from_a_list_as_json() -> None:
    found = html(Type(type="category", labels=("a", 'b"c', "1")), 'b"c')
    assert re.findall(r'<option value="([^"]*)"', found) == ["", *(escape(json.dumps(x)) for x in ("a", 'b"c', "1"))]
    assert found.count(" selected") == 1
    assert ">choose one<" in found
    numbers = html(Type(type="category", base="integer", labels=(1, 2), optional=True), 2)
    assert '<option value="2" selected>2</option>' in numbers
    assert '<option value="">null</option>' in numbers


def test_values_of_training_are_offered_as_far_as_the_card_shows_them() -> None:
    seen = ColumnProfile(name="x", type="category", values=tuple((f"v{place}", 9) for place in range(9)))
    found = html(Type(type="category"), "v0", seen)
    assert 'list="m0-f0-known"' in found
    assert re.findall(r'<option value="(\w+)">', found) == ["v0", "v1", "v2", "v3", "v4"]
    assert "datalist" not in html(Type(type="category"), "v0")


def test_what_is_known_of_a_number_is_said_in_plain_figures() -> None:
    seen = ColumnProfile(name="x", type="number", quantiles=(0, 21_750, 4e4, 35_061.2, 9e9))
    found = html(Type(type="number", min=0, max=50_000, unit="EUR", about="a year"), 1.0, seen)
    assert "a year · 0 to 50,000 · mostly 21,750 to 35,060<" in found
    assert ">number, EUR<" in found
    assert ">2 or less<" in html(Type(type="number", max=2))
    assert ">0 or more<" in html(Type(type="number", min=0))
    assert ">x, y · 3 numbers, as JSON<" in html(Type(type="vector", form="3", about="x, y"))


@pytest.mark.parametrize("kind", ["number", "text", "category", "boolean", "timestamp", "object"])
def test_nothing_of_a_task_is_markup(kind: Any) -> None:
    seen = ColumnProfile(name=HOSTILE, type=kind, values=((HOSTILE, 9),))
    found = html(Type(type=kind, about=HOSTILE, unit=HOSTILE), HOSTILE, seen, HOSTILE)
    assert "<script" not in found
    assert f'data-name="{escape(HOSTILE)}"' in found
    labelled = html(Type(type="category", labels=(HOSTILE, "b")), HOSTILE)
    assert "<script" not in labelled
    assert labelled.count(" selected") == 1

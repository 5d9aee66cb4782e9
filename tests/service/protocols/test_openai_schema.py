"""Schemas of callers: what fits, what does not, and that none of them can do harm."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.problem import Problem
from smeaton.service.protocols._openai_schema import check_schema, fault, misfit
from smeaton.task.types import Type

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
KEYWORDS = (
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "anyOf", "$ref", "$defs",
    "minimum", "maximum", "exclusiveMinimum", "minLength", "maxItems", "uniqueItems", "title", "pattern",
)  # fmt: skip
SCHEMAS = st.recursive(
    VALUES | st.sampled_from([{"$ref": "#"}, {"$ref": "#/$defs/a"}, {"type": "object"}, {"type": ["string", "null"]}]),
    lambda inner: st.dictionaries(st.sampled_from(KEYWORDS), inner | st.lists(inner, max_size=2), max_size=4),
    max_leaves=10,
)


def of(value: Any) -> dict[str, Any]:
    """A schema that fits a value, and little else."""
    if isinstance(value, dict):
        parts = {name: of(part) for name, part in value.items()}
        return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
    if isinstance(value, list):
        return {"type": "array", "items": {"anyOf": [of(part) for part in value]}} if value else {"type": "array"}
    return {"enum": [value]}


@given(VALUES)
def test_a_value_fits_the_schema_made_from_it(value: Any) -> None:
    schema = of(value)
    check_schema(schema, "schema")
    assert fault(schema, value) == ""


@given(VALUES, VALUES)
def test_another_value_does_not(value: Any, other: Any) -> None:
    if not isinstance(value, list) and json.dumps(value) != json.dumps(other) and value != other:
        assert fault({"const": value}, other)


@given(SCHEMAS, VALUES)
def test_no_schema_does_harm(schema: Any, value: Any) -> None:
    try:
        check_schema(schema, "schema")
        told = fault(schema, value)
    except Problem as problem:
        told = problem.path if problem.status == 400 else ""
    assert told == "" or told.startswith(("schema", "the answer"))


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "integer"}, [1, 2.0, -3], [1.5, True, "1", None]),
        ({"type": "number"}, [1, 1.5], [True, None]),
        ({"type": ["string", "null"]}, ["a", None], [1, []]),
        ({"enum": [1, "a"]}, [1, 1.0, "a"], [True, "b"]),
        ({"minimum": 1, "maximum": 2}, [1, 2, "a"], [0.9, 2.1]),
        ({"exclusiveMinimum": 1, "exclusiveMaximum": 2}, [1.5], [1, 2]),
        ({"minLength": 1, "maxLength": 2}, ["a", "ab", 7], ["", "abc"]),
        ({"minItems": 1, "maxItems": 2}, [[1], [1, 2]], [[], [1, 2, 3]]),
        ({"uniqueItems": True}, [[1, "1", True]], [[1, 1], [{"a": 1}, {"a": 1}]]),
        ({"type": "array", "items": {"type": "string"}}, [[], ["a"]], [["a", 1]]),
        ({"$defs": {"t": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/t"}}}, [{"a": "b"}], [{"a": 1}]),
        ({"properties": {"a": {}}, "required": ["a"]}, [{"a": 1}, {"a": 1, "b": 2}], [{}, {"b": 1}]),
        ({"properties": {"a": {}}, "additionalProperties": False}, [{}, {"a": 1}], [{"b": 2}]),
    ],
)  # fmt: skip
def test_keywords(schema: Any, right: list[Any], wrong: list[Any]) -> None:
    check_schema(schema, "schema")
    assert [value for value in right if fault(schema, value)] == []
    assert [value for value in wrong if not fault(schema, value)] == []


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (3, "s"),
        ({"pattern": "a"}, "s.pattern"),
        ({"type": "text"}, "s.type"),
        ({"properties": {"a": {"oneOf": []}}}, "s.properties.a.oneOf"),
        ({"items": {"$ref": "#/$defs/a"}}, "s.items.$ref"),
        ({"$ref": "https://example.com/schema"}, "s.$ref"),
        ({"additionalProperties": {"type": "string"}}, "s.additionalProperties"),
        ({"minimum": "1"}, "s.minimum"),
        ({"required": "a"}, "s.required"),
        ({"enum": list(range(1001))}, "s.enum"),
    ],
)
def test_what_would_not_be_checked_is_refused(schema: Any, path: str) -> None:
    with pytest.raises(Problem) as caught:
        check_schema(schema, "s")
    assert (caught.value.status, caught.value.path) == (400, path)


def test_references_that_multiply_end() -> None:
    defs: dict[str, Any] = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(25)}
    schema = {"$ref": "#/$defs/a0", "$defs": defs | {"a25": {"type": "string"}}}
    began = time.monotonic()
    with pytest.raises(Problem, match="multiplies"):
        check_schema(schema, "s")
    with pytest.raises(Problem):
        check_schema({"$ref": "#"}, "s")
    assert time.monotonic() - began < 2


SPAN = Type(type="object", fields={"start": Type(type="integer"), "kind": Type(type="category", labels=("a", "b"))})


@pytest.mark.parametrize(
    ("kind", "schema", "fits"),
    [
        (Type(type="category", labels=("a", "b")), {"type": "string"}, True),
        (Type(type="category", labels=("a", "b")), {"enum": ["a", "b", "c"]}, True),
        (Type(type="category", labels=("a", "b")), {"enum": ["a"]}, False),
        (Type(type="boolean", labels=(False, True)), {"type": "boolean"}, True),
        (Type(type="boolean", labels=(False, True)), {"type": "string"}, False),
        (Type(type="number"), {"type": "number"}, True),
        (Type(type="number"), {"type": "integer"}, False),
        (Type(type="number", min=0, max=3), {"type": "integer"}, False),
        (Type(type="number", min=0, max=3), {"type": "number", "maximum": 3}, True),
        (Type(type="number", min=0, max=3), {"type": "number", "maximum": 2}, False),
        (Type(type="integer"), {"type": "integer"}, True),
        (Type(type="text"), {"type": "string"}, True),
        (Type(type="text"), {"enum": ["x"]}, False),
        (Type(type="timestamp"), {"type": "string", "format": "date-time"}, True),
        (Type(type="list", of=Type(type="category", labels=("a", "b"))), {"type": "array"}, True),
        (Type(type="list", of=Type(type="category", labels=("a", "b"))), {"type": "array", "minItems": 1}, False),
        (Type(type="list", of=Type(type="category", labels=("a", "b"))), {"items": {"enum": ["a"]}}, False),
        (Type(type="list", of=SPAN), {"items": {"properties": {"start": {"type": "integer"}}}}, True),
        (Type(type="list", of=SPAN), {"items": {"properties": {"kind": {"enum": ["a"]}}}}, False),
    ],
)
def test_types_fit_schemas(kind: Type, schema: Any, fits: bool) -> None:
    check_schema(schema, "s")
    assert (misfit(schema, schema, kind) == "") == fits

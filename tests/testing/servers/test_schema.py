import pytest

from smeaton.testing.servers._refusal import Refused
from smeaton.testing.servers._schema import check_schema, example


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6, "maxLength": 6}, "text.."),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 3}, 3),
        ({"type": "integer", "minimum": 2}, 2),
        ({"type": "integer", "maximum": -2}, -2),
        ({"type": "number", "exclusiveMinimum": 1}, 2),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
        ({"type": ["string", "null"]}, "text"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}}, {"a": 0}),
    ],
)
def test_an_example_satisfies_its_schema(schema, value):
    check_schema(schema, strict=False)
    assert example(schema) == value


def test_a_schema_that_holds_itself_ends():
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
    assert isinstance(example(tree)["children"], list)
    assert isinstance(example({"type": "object", "properties": {"a": {"$ref": "#"}}})["a"], dict)


@pytest.mark.parametrize(
    "schema",
    [
        "text",
        {"type": "thing"},
        {"enum": []},
        {"type": "object", "properties": {"a": {"type": "thing"}}},
        {"type": "array", "items": 3},
        {"$ref": "#/$defs/missing"},
    ],
)
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(Refused):
        check_schema(schema, strict=False)


def test_strict_asks_for_closed_objects_with_every_property_required():
    inner = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    for broken in (inner, {**inner, "required": ["a"], "additionalProperties": True}):
        with pytest.raises(Refused):
            check_schema({"type": "array", "items": broken}, strict=True)
    check_schema({**inner, "required": ["a"]}, strict=True)

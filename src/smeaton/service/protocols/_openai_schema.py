"""Whether a caller's JSON Schema fits what a model answers: before it is asked, by values that stand for its type;
after, by its answer.

The part of JSON Schema 2020-12 that structured outputs use. Any other keyword is refused: what is not checked must not
look as if it were.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from smeaton.service.problem import Problem, place
from smeaton.task.types import Type

Schema = Mapping[str, Any]
_MOST_LEVELS = 64
_MOST_STEPS = 20_000  # parts of a schema that are looked at for one value: references may multiply
_MOST_VALUES = 1000  # of an enum
_NOTES = frozenset({"title", "description", "default", "examples", "$schema", "$defs", "definitions", "format"})
_FAR = 1e15  # stands for a number without bounds
_MOMENT = "2026-01-31T12:00:00Z"
_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: value is True or value is False,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value == int(value),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_LEAST: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}
_SIZES: Mapping[str, tuple[type[str] | type[list[Any]], Callable[[int, int], bool]]] = {
    "minLength": (str, lambda size, bound: size >= bound),
    "maxLength": (str, lambda size, bound: size <= bound),
    "minItems": (list, lambda size, bound: size >= bound),
    "maxItems": (list, lambda size, bound: size <= bound),
}
_PARTS = frozenset(
    {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "anyOf", "$ref"}
)
_KNOWN = _NOTES | _PARTS | set(_LEAST) | set(_SIZES) | {"uniqueItems"}


class _Root:
    """A whole schema, into which references lead, and how many more of its parts may be looked at."""

    __slots__ = ("left", "schema")

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.left = _MOST_STEPS

    def step(self, path: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise Problem(400, "invalid_schema", "the schema multiplies too much", path)


def check_schema(schema: Any, path: str) -> None:
    """Refuse a schema that is none, or of which only a part would be checked.

    Raises:
        Problem: with the path to the keyword.
    """
    _check(schema, _Root(schema), path, 0)


def fault(schema: Schema, value: Any) -> str:
    """What is wrong with a value by a checked schema; '' if nothing is."""
    return _fault(schema, value, _Root(schema), "the answer")


def misfit(schema: Schema, root: Schema, kind: Type) -> str:
    """Why not every answer of a type fits a part of the schema `root`; '' if all do (nulls are judged as they come)."""
    found = (_fault(schema, value, _Root(root), "an answer") for value in _standing_for(kind))
    return next((why for why in found if why), "")


def _standing_for(kind: Type) -> Iterator[Any]:
    """Values that stand for all of a type: every label, numbers at its bounds, a list and an empty one."""
    if kind.is_class:
        yield from kind.labels or ()
    elif kind.type in ("number", "integer"):
        whole = kind.type == "integer"
        low = -_FAR if kind.min is None else kind.min
        high = _FAR if kind.max is None else kind.max
        yield from ((int(low), int(high)) if whole else (low, high, low + (high - low) / math.pi))
    elif kind.type == "text":
        yield "a text"
    elif kind.type == "timestamp":
        yield _MOMENT
    elif kind.type == "list" and kind.of is not None:
        yield []
        yield from ([part] for part in _standing_for(kind.of))
    elif kind.type == "object" and kind.fields is not None:
        parts = {name: list(_standing_for(part)) or [None] for name, part in kind.fields.items()}
        for turn in range(max(map(len, parts.values()), default=1)):
            yield {name: values[turn % len(values)] for name, values in parts.items()}


def _check(schema: Any, root: _Root, path: str, level: int) -> None:
    root.step(path)
    if not isinstance(schema, dict):
        raise Problem(400, "invalid_schema", "a JSON Schema, which is an object, was expected", path)
    if level > _MOST_LEVELS:
        raise Problem(400, "invalid_schema", f"the schema has more than {_MOST_LEVELS} levels", path)
    for name in schema:
        if name not in _KNOWN:
            raise Problem(400, "unsupported_schema", "this keyword is not checked here", place(path, None, name))
    _check_values(schema, path)
    if "$ref" in schema:
        _check(_target(schema["$ref"], root, path), root, path, level + 1)
    for name, part in schema.get("properties", {}).items():
        _check(part, root, place(f"{path}.properties", None, name), level + 1)
    if "items" in schema:
        _check(schema["items"], root, f"{path}.items", level + 1)
    for number, part in enumerate(schema.get("anyOf", ())):
        _check(part, root, f"{path}.anyOf[{number}]", level + 1)


def _check_values(schema: dict[str, Any], path: str) -> None:
    """The values of keywords have the form that is read later."""
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    texts = schema.get("required", [])
    forms = {
        "type": all(isinstance(kind, str) and kind in _KINDS for kind in kinds),
        "enum": isinstance(schema.get("enum", []), list) and len(schema.get("enum", [])) <= _MOST_VALUES,
        "properties": isinstance(schema.get("properties", {}), dict),
        "required": isinstance(texts, list) and all(isinstance(text, str) for text in texts),
        "additionalProperties": isinstance(schema.get("additionalProperties", True), bool),
        "anyOf": isinstance(schema.get("anyOf", []), list),
        "uniqueItems": isinstance(schema.get("uniqueItems", False), bool),
    }
    forms |= {name: _KINDS["number"](schema.get(name, 0)) for name in (*_LEAST, *_SIZES)}
    for name, right in forms.items():
        if not right:
            raise Problem(400, "invalid_schema", "this keyword has a value that is not taken here", f"{path}.{name}")


def _target(reference: Any, root: _Root, path: str) -> Any:
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise Problem(400, "unsupported_schema", "only references into the schema itself are followed", f"{path}.$ref")
    found = root.schema
    for name in reference[2:].split("/") if reference != "#" else ():
        found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise Problem(400, "invalid_schema", "the reference leads nowhere", f"{path}.$ref")
    return found


def _fault(schema: Schema, value: Any, root: _Root, path: str) -> str:
    root.step(path)
    if "$ref" in schema and (why := _fault(_target(schema["$ref"], root, path), value, root, path)):
        return why
    kinds = schema.get("type")
    if kinds is not None:
        names = kinds if isinstance(kinds, list) else [kinds]
        if not any(_KINDS[name](value) for name in names):
            return f"{path} is not of the type {' or '.join(names)}"
    if "enum" in schema and not _is_among(value, schema["enum"]):
        return f"{path} is none of the values of the enum"
    if "const" in schema and not _same(value, schema["const"]):
        return f"{path} is not the const"
    if "anyOf" in schema and all(_fault(part, value, root, path) for part in schema["anyOf"]):
        return f"{path} fits none of anyOf"
    if isinstance(value, dict):
        return _object_fault(schema, value, root, path)
    if isinstance(value, list):
        return _list_fault(schema, value, root, path)
    return _bound_fault(schema, value, path)


def _object_fault(schema: Schema, value: dict[str, Any], root: _Root, path: str) -> str:
    known = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        return f"{path} has not what is required: {', '.join(missing[:3])}"
    if schema.get("additionalProperties") is False and not value.keys() <= known.keys():
        return f"{path} has more than the properties: {', '.join(sorted(value.keys() - known.keys())[:3])}"
    found = (_fault(known[name], part, root, f"{path}.{name}") for name, part in value.items() if name in known)
    return next((why for why in found if why), "")


def _list_fault(schema: Schema, value: list[Any], root: _Root, path: str) -> str:
    if schema.get("uniqueItems") and any(_same(a, b) for n, a in enumerate(value) for b in value[:n]):
        return f"{path} has an item twice"
    part = schema.get("items")
    found = (_fault(part, item, root, f"{path}[{n}]") for n, item in enumerate(value)) if part is not None else ()
    return next((why for why in found if why), _bound_fault(schema, value, path))


def _bound_fault(schema: Schema, value: Any, path: str) -> str:
    for name, (kind, holds) in _SIZES.items():
        if name in schema and isinstance(value, kind) and not holds(len(value), schema[name]):
            return f"{path} breaks {name}"
    for name, within in _LEAST.items():
        if name in schema and _KINDS["number"](value) and not within(value, schema[name]):
            return f"{path} breaks {name}"
    return ""


def _is_among(value: Any, values: list[Any]) -> bool:
    return value in values if isinstance(value, str) else any(_same(value, one) for one in values)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(part, other[name]) for name, part in one.items())
    return bool(one == other)

"""JSON Schemas as the providers take them: checked loosely, and a value that satisfies one."""

from collections.abc import Mapping
from typing import Any

from smeaton.testing.servers._refusal import Refused

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_DEEPEST = 12


def check_schema(schema: Any, *, strict: bool, path: str = "()", top: Any = None) -> None:
    """The schema can be used; `strict` asks what structured output asks: every object closed, every property required.

    Raises:
        Refused: it cannot.
    """
    if not isinstance(schema, Mapping):
        raise _bad(path, "a schema is an object")
    top = schema if top is None else top
    if "$ref" in schema:
        try:
            _target(schema["$ref"], top)
        except (KeyError, TypeError, AttributeError) as error:
            raise _bad(path, f"reference '{schema['$ref']}' cannot be resolved") from error
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in _TYPES:
            raise _bad(path, f"'{kind}' is not a type")
    if "enum" in schema and not (isinstance(schema["enum"], list) and schema["enum"]):
        raise _bad(path, "'enum' is a list that is not empty")
    properties = schema.get("properties", {})
    if strict and (kinds == "object" or properties):
        if schema.get("additionalProperties") is not False:
            raise _bad(path, "'additionalProperties' is required to be supplied and to be false")
        if sorted(schema.get("required", ())) != sorted(properties):
            raise _bad(path, "'required' is required to be an array of every key in properties")
    for name, part in properties.items():
        check_schema(part, strict=strict, path=f"{path}.{name}", top=top)
    if "items" in schema:
        check_schema(schema["items"], strict=strict, path=f"{path}.items", top=top)
    for part in schema.get("anyOf", ()):
        check_schema(part, strict=strict, path=path, top=top)
    for name, part in schema.get("$defs", {}).items():
        check_schema(part, strict=strict, path=f"$defs.{name}", top=top)


def example(schema: Mapping[str, Any], top: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """A value that satisfies the schema: the first of an enum, the least of a range, one entry in a list.

    Strings with a `pattern` or `format` are not made to match it.
    """
    top = schema if top is None else top
    if depth > _DEEPEST:
        return None  # it holds itself, and nothing in it may be left out
    if "$ref" in schema:
        return example(_target(schema["$ref"], top), top, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return example(schema[word][0], top, depth + 1)
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        return {name: example(part, top, depth + 1) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        count = schema.get("minItems", 1 if depth < _DEEPEST and schema.get("maxItems", 1) else 0)
        return [example(schema.get("items", {}), top, depth + 1) for _ in range(count)]
    if kind in ("integer", "number"):
        low, above = schema.get("minimum", 0), schema.get("exclusiveMinimum")
        return above + 1 if above is not None else min(max(low, 0), schema.get("maximum", max(low, 0)))
    if kind == "string":
        return "text".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", None)]
    return False if kind == "boolean" else None


def _target(reference: str, top: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = top
    for part in reference.removeprefix("#/").split("/") if reference != "#" else ():
        found = found[part]
    return found  # type: ignore[no-any-return]


def _bad(path: str, why: str) -> Refused:
    return Refused(f"Invalid schema: In context={path}, {why}.", param="schema", code="invalid_json_schema")

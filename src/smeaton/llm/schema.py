"""An output type as the JSON Schema that a model's reply must satisfy, and the reply's JSON as a typed value.

The reply is an object with the one key `answer` (and, before it, `reasoning` where the model shall think in words). It
is read by the task's own readers: a value is taken if and only if a client could have sent it. Schemas keep to the part
of JSON Schema that providers hold replies to: every field is required, and null where there is no value.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from smeaton.task.readers import Reader, value_reader
from smeaton.task.structure import answered
from smeaton.task.types import Type

ANSWER = "answer"
REASONING = "reasoning"

_BASES = {"text": "string", "integer": "integer", "boolean": "boolean"}
_KINDS = {
    "number": "number", "integer": "integer", "boolean": "boolean", "text": "string", "timestamp": "string",
    "list": "array", "series": "array", "vector": "array", "object": "object",
}  # fmt: skip
_WORDS = {"timestamp": "a moment in ISO 8601", "integer": "a whole number"}


def reply_schema(kind: Type, *, reasoning: bool = False) -> dict[str, Any]:
    """JSON Schema of a whole reply that answers with a value of `kind`; `reasoning` comes before the answer."""
    properties: dict[str, Any] = {}
    if reasoning:
        properties[REASONING] = {"type": "string", "description": "the steps that lead to the answer, in short"}
    properties[ANSWER] = value_schema(answered(kind))
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def value_schema(kind: Type) -> dict[str, Any]:
    """JSON Schema of one value. A type that JSON Schema has no word for is any JSON."""
    schema: dict[str, Any] = {}
    name = _BASES[kind.base] if kind.type == "category" else _KINDS.get(kind.type)
    if name is not None:
        schema["type"] = [name, "null"] if kind.optional else name
    if kind.type == "category" and kind.labels:
        schema["enum"] = [*kind.labels, None] if kind.optional else list(kind.labels)
    bounds = (("minimum", kind.min), ("maximum", kind.max)) if kind.type in ("number", "integer") else ()
    schema |= {name: bound for name, bound in bounds if bound is not None}
    if kind.type in ("list", "series", "vector"):
        part = kind.of or Type(type="json" if kind.type == "list" else "number")
        schema["items"] = value_schema(part)
    if kind.type == "object" and kind.fields is not None:
        schema["properties"] = {name: value_schema(field) for name, field in kind.fields.items()}
        schema["required"] = list(kind.fields)
        schema["additionalProperties"] = False
    about = "; ".join(filter(None, (kind.about, _WORDS.get(kind.type), f"in {kind.unit}" if kind.unit else "")))
    return schema | {"description": about} if about else schema


def reply_reader(kind: Type) -> Reader:
    """A function from a reply's JSON text to the typed value of its answer; it raises ValueError, in words for the
    model, for what is no such reply.

    Raises:
        TaskError: values of this type cannot be read by this version.
    """
    read = value_reader(answered(kind))

    def value(text: str) -> Any:
        return read(answer_part(text))

    return value


def answer_part(text: str) -> Any:
    """What stands under `answer` in a reply's JSON text.

    Raises:
        ValueError: the text is no JSON object with that key.
    """
    try:
        reply = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(f"expected a JSON object with the key {ANSWER!r}: {error}") from error
    if not isinstance(reply, Mapping) or ANSWER not in reply:
        raise ValueError(f"expected a JSON object with the key {ANSWER!r}")
    return reply[ANSWER]

"""Outputs with parts: lists of spans and objects of fields. Which types may stand in them, and what is pinned of them.

A *span* is an object with the whole numbers `start` and `end`: code points of a text, the end not included. One
category among its fields is the kind of the span; a field of type text is the piece itself. Values are plain JSON:
moments are ISO 8601 text in UTC, whole numbers are whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from smeaton.errors import TaskError
from smeaton.task.types import Type

#: Types that a field may have; lists and objects of these too.
FIELD_TYPES = ("number", "integer", "boolean", "category", "text", "timestamp")
START, END = "start", "end"


def is_spans(kind: Type) -> bool:
    """Whether values of a type are lists of spans."""
    fields = kind.of.fields if kind.type == "list" and kind.of is not None else None
    return fields is not None and all(name in fields and fields[name].type == "integer" for name in (START, END))


def text_field(kind: Type) -> str | None:
    """The field of a span that repeats the piece of text, None where the spans have none (or several)."""
    names = [name for name, part in (_span_fields(kind)).items() if part.type == "text"]
    return names[0] if len(names) == 1 else None


def _span_fields(kind: Type) -> Mapping[str, Type]:
    return (kind.of.fields if kind.of is not None else None) or {}


def check_structure(kind: Type, where: str) -> None:
    """Refuse a structure with parts that no value of a row could be learnt for.

    Raises:
        TaskError: a field of such a type, with the path to it.
    """
    for path, part in _parts(kind, where):
        if part.type not in FIELD_TYPES:
            raise TaskError(
                f"a field of type {part.type} cannot be learnt yet",
                where=path,
                fix=f"choose one of: {', '.join(FIELD_TYPES)}",
            )


def pin_structure(kind: Type, values: Iterable[Any]) -> Type:
    """The type with the labels of every category in it: those stated, else those among the parsed `values`, sorted."""
    held = [value for value in values if value is not None]
    if kind.type == "list" and kind.of is not None:
        return msgspec.structs.replace(kind, of=pin_structure(kind.of, [item for value in held for item in value]))
    if kind.type == "object" and kind.fields is not None:
        fields = {name: pin_structure(part, [value.get(name) for value in held]) for name, part in kind.fields.items()}
        return msgspec.structs.replace(kind, fields=fields)
    if kind.type != "category" or kind.labels is not None:
        return kind
    return msgspec.structs.replace(kind, labels=tuple(sorted(set(held))) or None)


def answered(kind: Type) -> Type:
    """The type as it is answered: what is not found in the input is null, so every field of an object may be. Spans
    have all their fields."""
    if kind.type != "object" or kind.fields is None:
        return kind
    fields = {name: msgspec.structs.replace(answered(part), optional=True) for name, part in kind.fields.items()}
    return msgspec.structs.replace(kind, fields=fields)


def span_fault(kind: Type, value: Any, text: str | None) -> str:
    """What is wrong with a list of spans of `text`, with the path to it; '' if nothing is."""
    repeats = text_field(kind)
    for place, span in enumerate(value or ()):
        start, end, size = span[START], span[END], len(text or "")
        if start is None or end is None:
            return f"[{place}]: a span needs a start and an end"
        if not 0 <= start <= end <= size:
            return f"[{place}]: the span {start} to {end} does not lie in its text of {size} characters"
        piece = span[repeats] if repeats else None
        if piece is not None and piece != (text or "")[start:end]:
            return f"[{place}].{repeats}: the text from {start} to {end} reads otherwise"
    return ""


def words(kind: Type) -> str:
    """A type in words: `list of spans (start, end, slot)`, `object (date, amount)`, `list of category`."""
    if is_spans(kind):
        return f"list of spans ({', '.join(_span_fields(kind))})"
    if kind.type == "list" and kind.of is not None:
        return f"list of {words(kind.of)}"
    return f"object ({', '.join(kind.fields)})" if kind.type == "object" and kind.fields else kind.type


def _parts(kind: Type, where: str) -> Iterator[tuple[str, Type]]:
    """The leaves of a type with the paths to them."""
    if kind.type == "list" and kind.of is not None:
        yield from _parts(kind.of, f"{where}.of")
    elif kind.type == "object" and kind.fields:
        for name, part in kind.fields.items():
            yield from _parts(part, f"{where}.fields.{name}")
    else:
        yield where, kind

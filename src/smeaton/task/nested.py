"""Readers of values with parts: lists (of labels, of spans, of anything) and objects of fields.

Both are taken as JSON values or as text that holds JSON, as a cell of a CSV file does. What comes out is plain JSON,
and a refusal begins with the path to the part that is meant: `[2].start: expected a whole number, got null`.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from smeaton.task.forms import SEPARATORS, form_of
from smeaton.task.readers import SPACE, Reader, json_reader, null_of, show, value_reader, wrong
from smeaton.task.types import Type


def _list(spec: Type) -> Reader:
    item = _part(spec.of or Type(type="number" if spec.type == "series" else "json"))
    null = null_of(spec, "a list")
    labels, layout = spec.answer == "many", form_of(spec).layout
    python = layout == "python"

    def read(value: Any) -> Any:
        if isinstance(value, str):
            value = _split(value, SEPARATORS.get(layout, ""), python) if labels else _json_text(value, python)
        if value is None:
            return null()
        if not isinstance(value, list | tuple | np.ndarray):
            raise wrong("a list", value)
        found = [_inside(item, part, f"[{place}]") for place, part in enumerate(value)]
        return list(dict.fromkeys(found)) if labels else found

    return read


def _split(text: str, separator: str, python: bool) -> Any:
    """A list of labels in text: JSON, or labels with a separator between them; None for empty text."""
    if not separator or text.lstrip(SPACE).startswith("["):
        return _json_text(text, python)
    parts = [part.strip(SPACE) for part in text.split(separator)]
    if parts == [""]:
        return None
    if "" in parts:
        raise ValueError(f"expected labels with {separator!r} between them, got an empty one in {show(text)}")
    return parts


def _json_text(text: str, python: bool = False) -> Any:
    """JSON in text, None for empty text; other text stays as it is. `python`: also as Python writes lists and dicts."""
    plain = text.strip(SPACE)
    if not plain:
        return None
    if plain[0] not in "[{":
        return text
    try:
        return msgspec.json.decode(plain)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        if python:
            return _literal(plain)
        raise ValueError(f"expected JSON, got {show(text)}: {error}") from error


def _literal(text: str) -> Any:
    """Lists, dicts, texts, numbers, True, False and None in Python's words. Nothing is run: `ast.literal_eval`."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"expected JSON, or a list or dict of Python, got {show(text)}") from error


def _json(spec: Type) -> Reader:
    """Any JSON; with `fields` an object, of which these are read and others are left aside."""
    return json_reader(spec) if spec.fields is None else _object(spec)


def _object(spec: Type) -> Reader:
    closed, python = spec.type == "object", form_of(spec).layout == "python"
    fields = {name: _part(field) for name, field in (spec.fields or {}).items()}
    null = null_of(spec, "an object")

    def read(value: Any) -> Any:
        if isinstance(value, str):
            value = _json_text(value, python)
        if value is None:
            return null()
        if not isinstance(value, Mapping):
            raise wrong("an object", value)
        extra = next((name for name in value if name not in fields), None) if closed else None
        if extra is not None:
            raise ValueError(f"expected only {', '.join(fields)}, got {extra!r}")
        return {name: _inside(field, value.get(name), f".{name}") for name, field in fields.items()}

    return read


def _part(spec: Type) -> Reader:
    """The reader of a part of a list or object: what it gives is plain JSON, whole numbers whole, moments as text."""
    read = value_reader(spec)
    make = _PLAIN_JSON.get(spec.type)
    if make is None:
        return read

    def plain(value: Any) -> Any:
        found = read(value)
        return None if found is None else make(found)

    return plain


_PLAIN_JSON: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "timestamp": lambda moment: f"{moment}Z",
    "vector": lambda vector: vector.tolist(),
}


def _inside(reader: Reader, value: object, place: str) -> Any:
    """A part of a value; the reason of a refusal begins with the path to it, such as `[2].start: `."""
    try:
        return reader(value)
    except ValueError as error:
        reason = str(error)
        raise ValueError(f"{place}{reason if reason[:1] in ('.', '[') else ': ' + reason}") from error


NESTED: dict[str, Callable[[Type], Reader]] = {"list": _list, "series": _list, "object": _object, "json": _json}

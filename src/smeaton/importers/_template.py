"""Placeholders: `{{name}}` in prompts and graders, turned into words or filled with a row's values."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{-?\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\s*-?\}\}")
_FILTERED = re.compile(
    r"\{\{-?\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\s*\|\s*(?:dump|safe|trim|string|tojson)\s*-?\}\}"
)
_LOGIC = re.compile(r"\{%|\{\{|\{#")


def names(text: str) -> tuple[str, ...]:
    """The names of the placeholders, each once, in order of appearance."""
    return tuple(dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(_unfiltered(text))))


def only(text: str) -> str:
    """The name, where the text is one placeholder and nothing else; else ''."""
    match = _PLACEHOLDER.fullmatch(_unfiltered(text).strip())
    return match[1] if match else ""


def has_logic(text: str) -> bool:
    """Whether it holds loops, conditions or filters: more than placeholders."""
    return _LOGIC.search(_PLACEHOLDER.sub("", _unfiltered(text))) is not None


def worded(text: str, word: Callable[[str], str]) -> str:
    """The text with a word for each placeholder."""
    return _PLACEHOLDER.sub(lambda match: word(match[1]), _unfiltered(text))


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with a value for each placeholder; `a.b` looks into a mapping.

    Raises:
        KeyError: there is no such value.
    """
    return _PLACEHOLDER.sub(lambda match: as_text(look_up(match[1], values)), _unfiltered(text))


def look_up(name: str, values: Mapping[str, Any]) -> Any:
    """The value that a dotted name leads to.

    Raises:
        KeyError: there is none.
    """
    if name in values:
        return values[name]
    found: Any = values
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise KeyError(name)
        found = found[part]
    return found


def as_text(value: Any) -> str:
    """A value as a template shows it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _unfiltered(text: str) -> str:
    return _FILTERED.sub(lambda match: "{{" + match[1] + "}}", text)

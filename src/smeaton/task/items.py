"""A tree of plain values that knows where each stands, so that an error can say line and column.

Made from YAML (`yamltree.py`) or from a Python mapping; the grammar in `grammar.py` reads either.
"""

import difflib
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smeaton.errors import TaskError
from smeaton.task.readers import show

DEEPEST = 40  # levels of nesting


@dataclass(frozen=True, slots=True)
class Item:
    """A value (mapping, list, or scalar) and its place; `keys` are the places of a mapping's names."""

    value: Any
    where: str
    keys: Mapping[str, str] = field(default_factory=dict)


def wrong(item: Item, expected: str, fix: str = "") -> TaskError:
    """The error for an item of the wrong shape: what was expected, what was given."""
    given = "a mapping" if isinstance(item.value, dict) else show(item.value)
    return TaskError(f"expected {expected}, got {given}", fix=fix or f"write {expected}", where=item.where)


def nearest(word: str, words: Iterable[str]) -> str:
    """The fix for an unknown word: the nearest known one, or all of them."""
    known = list(words)
    lowered = {name.lower(): name for name in reversed(known)}
    near = difflib.get_close_matches(word.lower(), list(lowered), 1, cutoff=0.6)
    return f"did you mean {lowered[near[0]]!r}?" if near else f"use one of: {', '.join(known)}"


def misspelt(word: str, words: Iterable[str]) -> str | None:
    """The known word that `word` almost is; None where it is known, or nothing like any."""
    known = list(words)
    near = difflib.get_close_matches(word, known, 1, cutoff=0.8)
    return near[0] if near and word not in known else None


def fields(item: Item, known: Iterable[str], what: str) -> dict[str, Item]:
    """The parts of a mapping with a fixed set of names."""
    allowed = list(known)
    found = mapping(item, f"a mapping for {what} with some of: {', '.join(allowed)}")
    for name in found:
        if name not in allowed:
            raise TaskError(f"{what} has no key {name!r}", fix=nearest(name, allowed), where=item.keys[name])
    return found


def mapping(item: Item, expected: str) -> dict[str, Item]:
    """The parts of a mapping with free names; it must not be empty."""
    if not isinstance(item.value, dict) or not item.value:
        raise wrong(item, expected)
    return item.value


def text(item: Item, expected: str) -> str:
    """A text that is not blank."""
    if not isinstance(item.value, str) or not item.value.strip():
        fix = f"put it in quotes: '{item.value}'" if isinstance(item.value, int | float) else ""
        raise wrong(item, expected, fix)
    return item.value


def flag(item: Item) -> bool:
    """A YAML 1.2 boolean."""
    if not isinstance(item.value, bool):
        raise wrong(item, "true or false", "write true or false (YAML 1.2: yes, no, on and off are text)")
    return item.value


def texts(item: Item, expected: str) -> tuple[str, ...]:
    """A list of different texts."""
    if not isinstance(item.value, list):
        fix = f"write [{item.value}]" if isinstance(item.value, str) else ""
        raise wrong(item, f"a list of {expected}s", fix)
    found: dict[str, None] = {}
    for part in item.value:
        word = text(part, expected)
        if word in found:
            raise TaskError(f"{word!r} stands twice in the list", fix="remove one", where=part.where)
        found[word] = None
    return tuple(found)


def from_python(value: object, where: str, depth: int = 0) -> Item:
    """The tree of a Python value made of mappings, lists, tuples, text, paths, numbers, booleans and None."""
    if depth > DEEPEST:
        raise TaskError("the task is nested too deeply", fix="write it flatter", where=where)
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise TaskError(f"expected text as a name, got {show(name)}", fix=f"write {str(name)!r}", where=where)
        places = {name: f"{where}.{name}" for name in value}
        return Item({name: from_python(part, places[name], depth + 1) for name, part in value.items()}, where, places)
    if isinstance(value, list | tuple):
        return Item([from_python(part, f"{where}[{i}]", depth + 1) for i, part in enumerate(value)], where)
    if isinstance(value, os.PathLike):
        return Item(os.fspath(value), where)
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return Item(value, where)
    raise TaskError(
        f"expected plain values, got {show(value)}", fix="use text, numbers, lists and mappings", where=where
    )

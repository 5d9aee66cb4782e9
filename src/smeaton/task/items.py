"""A tree of plain values that knows where each stands, so that an error can say line and column.

Made from YAML 1.2 (core schema, strict: no aliases, no tags, no repeated names) or from a Python mapping; the grammar
in `grammar.py` reads either.
"""

import difflib
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smeaton.errors import TaskError
from smeaton.extras import needs
from smeaton.task.readers import show

_DEPTH = 40
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


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
    if depth > _DEPTH:
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


def from_yaml(source: str, name: str) -> Item:
    """The tree of a YAML text. `name` is the file as errors show it.

    Raises:
        TaskError: it is not one YAML 1.2 document, a name is repeated, or it uses aliases or tags.
        ExtraMissing: ruamel.yaml is not installed.
    """
    with needs("build"):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("%"):
            raise TaskError(
                "YAML directives are not part of the grammar", fix="remove the line", where=f"{name}:{number}:1"
            )
    try:
        root = YAML(typ="rt", pure=True).compose(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise TaskError(f"this is not YAML: {problem}", fix=_yaml_fix(problem), where=where) from error
    except YAMLError as error:
        reason = str(error).splitlines()[0]
        raise TaskError(f"this is not YAML: {reason}", fix="save the file as plain UTF-8 text", where=name) from error
    except RecursionError as error:
        raise TaskError("the task is nested too deeply", fix="write it flatter", where=name) from error
    if root is None:
        raise TaskError("the task is empty", fix="write at least smeaton, data and output", where=f"{name}:1:1")
    return _node(root, name, 0)


def _yaml_fix(problem: str) -> str:
    if "\\t" in problem or "tab" in problem:
        return "indent with spaces, not tabs"
    if "more than one document" in problem or "single document" in problem:
        return "keep one task in one file: remove the ---"
    return "check the indentation, the colons, and that brackets and quotes are closed"


def _node(node: Any, name: str, depth: int) -> Item:
    where = f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    if depth > _DEPTH:
        raise TaskError("the task is nested too deeply", fix="write it flatter", where=where)
    if node.anchor is not None:
        raise TaskError("anchors and aliases are not part of the grammar", fix="write the value out", where=where)
    kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
    if kind not in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value", "merge"):
        raise TaskError(f"the tag {node.tag!r} is not part of the grammar", fix="remove the tag", where=where)
    if kind == "map" and isinstance(node.value, list):
        return _mapping(node, where, name, depth)
    if kind == "seq" and isinstance(node.value, list):
        return Item([_node(part, name, depth + 1) for part in node.value], where)
    if isinstance(node.value, list):
        raise TaskError(f"the tag {node.tag!r} does not fit here", fix="remove the tag", where=where)
    return Item(_scalar(node.value, where) if node.style is None and kind != "str" else node.value, where)


def _mapping(node: Any, where: str, name: str, depth: int) -> Item:
    value: dict[str, Item] = {}
    places: dict[str, str] = {}
    for key_node, value_node in node.value:
        key = _node(key_node, name, depth + 1)
        if not isinstance(key.value, str):
            fix = f"put it in quotes: '{key_node.value}'" if not isinstance(key_node.value, list) else "write a name"
            raise wrong(key, "text as a name", fix)
        if key.value in value:
            first = places[key.value].rsplit(":", 2)[1]
            raise TaskError(f"{key.value!r} stands twice (first in line {first})", fix="remove one", where=key.where)
        places[key.value] = key.where
        part = _node(value_node, name, depth + 1)
        # YAML places a value that is not there at the next line; its name is where the reader must look.
        value[key.value] = part if part.value is not None else Item(None, key.where)
    return Item(value, where, places)


def _scalar(source: str, where: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2."""
    if _NULL.fullmatch(source):
        return None
    if _BOOLEAN.fullmatch(source):
        return source.lower() == "true"
    if _INTEGER.fullmatch(source):
        return int(source, {"0o": 8, "0x": 16}.get(source[:2], 10))
    if _NOT_FINITE.fullmatch(source) or (_FLOAT.fullmatch(source) and math.isinf(float(source))):
        raise TaskError(f"expected a finite number, got {source}", fix="write a number, or quote it", where=where)
    return float(source) if _FLOAT.fullmatch(source) else source

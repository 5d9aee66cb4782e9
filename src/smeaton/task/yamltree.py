"""From YAML text to a tree of items: YAML 1.2, core schema, strict (no aliases, no tags, no repeated names).

The only module that needs ruamel.yaml, so that nothing a service imports leads to it.
"""

import math
import re
from typing import Any

from smeaton.errors import TaskError
from smeaton.extras import needs
from smeaton.task.items import DEEPEST, Item, wrong

_BRACKETS = 200  # opened inside each other; the grammar needs no tenth of it
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def from_yaml(source: str, name: str) -> Item:
    """The tree of a YAML text. `name` is the file as errors show it.

    Raises:
        TaskError: it is not one YAML 1.2 document, a name is repeated, or it uses aliases or tags.
        ExtraMissing: ruamel.yaml is not installed.
    """
    with needs("build"):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    _look_over(source, name)
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


def _look_over(source: str, name: str) -> None:
    """Refuse what the parser would take otherwise (another YAML version) or would choke on (it is slow when deep)."""
    depth = 0
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("%"):
            raise TaskError(
                "YAML directives are not part of the grammar", fix="remove the line", where=f"{name}:{number}:1"
            )
        depth = max(0, depth + sum(map(line.count, "[{")) - sum(map(line.count, "]}")))
        if max(depth, *map(line.count, ("[", "{", "- ", "? "))) > _BRACKETS and _is_deep(line, depth):
            raise TaskError("the task is nested too deeply", fix="write it flatter", where=f"{name}:{number}:1")


def _is_deep(line: str, depth: int) -> bool:
    """Whether many marks in a line are opened inside each other, not one after the other."""
    inside = re.sub(r"\[[^\[\]{}]*\]|\{[^\[\]{}]*\}", "", line)
    return (
        max(depth, *map(inside.count, "[{")) > _BRACKETS
        or re.match(rf"\s*(?:[-?] +){{{_BRACKETS},}}", line) is not None
    )


def _yaml_fix(problem: str) -> str:
    if "\\t" in problem or "tab" in problem:
        return "indent with spaces, not tabs"
    if "more than one document" in problem or "single document" in problem:
        return "keep one task in one file: remove the ---"
    return "check the indentation, the colons, and that brackets and quotes are closed"


def _node(node: Any, name: str, depth: int) -> Item:
    where = f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    if depth > DEEPEST:
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

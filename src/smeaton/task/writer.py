"""A task as YAML for people: one key a line, short parts in one line, long ones below each other."""

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import msgspec

from smeaton.errors import TaskError
from smeaton.task.task import Bar, Data, Judge, Own, Solutions, Source, Step, Task
from smeaton.task.typeform import write_type
from smeaton.task.units import exact_age, exact_bytes, exact_dollars, exact_seconds

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_./$][A-Za-z0-9_./$+*@-]*(?: [A-Za-z0-9_./$+@-]+)*")
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:us|ms|s|m|h|B|KB|MB|GB|KiB|MiB|GiB)")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "."}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def task_text(task: Task, comments: Mapping[tuple[str, ...], str] | None = None) -> str:
    """The YAML text of a task; it reads back equal. What equals its default is left out.

    `comments` stand beside their key, or above it where the line is too short: `("metric",)`, `("inputs", "age")`.

    Raises:
        TaskError: the task holds something no file can say (a task built by hand beyond the grammar).
    """
    said = comments or {}
    lines: list[str] = []
    for key, value in _form(task).items():
        parts = [name for name in value if (key, name) in said] if isinstance(value, dict) else []
        if not parts:
            lines += _noted(_lines(key, value, 0), said.get((key,)), 0)
            continue
        lines += _noted([f"{_scalar(key)}:"], said.get((key,)), 0)
        for name, part in value.items():
            lines += _noted(_lines(name, part, 1), said.get((key, name)), 1)
    return "\n".join(lines) + "\n"


def comment_lines(text: str, depth: int = 0) -> list[str]:
    """A text as lines of comment."""
    mark = "  " * depth + "# "
    plain = " ".join("".join(map(_printable, text)).split())
    return textwrap.wrap(plain, _WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False)


def _noted(lines: list[str], comment: str | None, depth: int) -> list[str]:
    if comment is None:
        return lines
    found = comment_lines(comment)
    beside = f"{lines[0]}  {found[0]}" if found else lines[0]
    if len(found) <= 1 and len(lines) == 1 and len(beside) <= _WIDTH:
        return [beside]
    return [*comment_lines(comment, depth), *lines]


def _form(task: Task) -> dict[str, Any]:
    form: dict[str, Any] = {"smeaton": 1, "name": task.name, "goal": task.goal, "data": _data(task.data)}
    form["inputs"] = None if task.inputs is None else {name: write_type(kind) for name, kind in task.inputs.items()}
    form["output"] = {name: write_type(kind) for name, kind in task.output.items()}
    form["rows"] = _changed(task.rows)
    form["test"] = {"after": task.test.after} if task.test.after is not None else _changed(task.test)
    form["metric"] = task.metric
    form["bars"] = {name: _bar(bar) for name, bar in task.bars.items()}
    limits = _changed(task.limits)
    for name, show in (
        ("p95", exact_seconds),
        ("cost_per_1k", exact_dollars),
        ("size", exact_bytes),
        ("memory", exact_bytes),
    ):
        if name in limits:
            limits[name] = show(limits[name])
    form["limits"] = limits
    form["budget"] = {
        name: exact_seconds(value) if name == "time" else exact_dollars(value)
        for name, value in _changed(task.budget).items()
    }
    form["privacy"] = _changed(task.privacy)
    form["solutions"] = _solutions(task.solutions)
    form["tools"] = _changed(task.tools) if task.tools is not None else None
    form["checks"] = list(task.checks)
    form["judge"] = _judge(task.judge) if task.judge is not None else None
    form["accept"] = _changed(task.accept)
    form["costs"] = task.costs
    return {name: value for name, value in form.items() if value not in (None, {}, [])}


def _changed(part: msgspec.Struct) -> dict[str, Any]:
    """The fields of a part that differ from their defaults."""
    fields: dict[str, Any] = msgspec.to_builtins(part)
    return fields


def _judge(judge: Judge) -> dict[str, Any]:
    """What a file may say of a judge: what the build pins is left out."""
    return {name: value for name, value in _changed(judge).items() if name != "agreed"}


def _solutions(solutions: Solutions) -> dict[str, Any]:
    """What is said of a model of the user's own stands with its name."""
    form = _changed(solutions)
    if form.pop("own", None):
        form["add"] = [_added(name, solutions.of(name)) for name in solutions.add]
    return form


def _added(name: str, own: Own) -> Any:
    said = _changed(own)
    if list(own.inputs) == [""]:
        said["inputs"] = list(own.inputs[""])
    return {"file": name, **said} if said else name


def _data(data: Data) -> Any:
    parts = {name: getattr(data, name) for name in Data.__struct_fields__}
    form = {name: _source(source) for name, source in parts.items() if source is not None}
    return form["examples"] if list(form) == ["examples"] else form


def _source(source: Source) -> Any:
    if source.query is not None:
        return {"query": source.query, "tables": dict(source.tables)}
    if source.steps:
        form = {"tables": dict(source.tables), "steps": {name: _step(step) for name, step in source.steps.items()}}
        return form | ({"use": source.use} if source.use is not None else {})
    if not source.files:
        raise TaskError("a source without files cannot be written", fix="name the files")
    return source.files[0] if len(source.files) == 1 else {"files": list(source.files)}


def _step(step: Step) -> dict[str, Any]:
    checks = step.checks
    form = _changed(checks)
    if checks.rows:
        form["rows"] = [_bar(bar) for bar in checks.rows] if len(checks.rows) > 1 else _bar(checks.rows[0])
    if checks.nulls:
        form["nulls"] = {
            name: value if isinstance(value, int) else f"{value * 100:.12g}%" for name, value in checks.nulls.items()
        }
    if len(checks.unique) == 1:
        form["unique"] = list(checks.unique[0])
    if checks.fresh:
        form["fresh"] = {name: exact_age(value) for name, value in checks.fresh.items()}
    return {"query": step.query, **({"checks": form} if form else {})}


def _bar(bar: Bar) -> str:
    value = repr(float(bar.value)).replace("e+", "e")
    return f"{bar.op} {value[:-2] if value.endswith('.0') else value}"


def _lines(key: str, value: Any, depth: int) -> list[str]:
    head = "  " * depth + _scalar(key) + ":"
    line = f"{head} {_flow(value)}"
    if (
        (len(line) <= _WIDTH and not (depth == 0 and key == "inputs"))
        or not isinstance(value, dict | list)
        or not value
    ):
        return [line]
    if isinstance(value, dict):
        return [head, *(line for name, part in value.items() for line in _lines(name, part, depth + 1))]
    return [head, *("  " * (depth + 1) + f"- {_flow(part)}" for part in value)]


def _flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(name)}: {_flow(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    plain = _PLAIN.fullmatch(value) and value.lower() not in _RESERVED and not _looks_like_a_number(value)
    if plain or _AMOUNT.fullmatch(value):
        return str(value)
    return '"' + "".join(_ESCAPES.get(mark) or _printable(mark) for mark in value) + '"'


def _looks_like_a_number(value: str) -> bool:
    return re.fullmatch(r"[.+-]?[0-9._]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan)", value.lower()) is not None


def _printable(mark: str) -> str:
    code = ord(mark)
    if 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFDD0 or 0xFDF0 <= code < 0xFEFF:
        return mark if code not in (0x2028, 0x2029) else f"\\u{code:04x}"
    if 0x10000 <= code < 0x1FFFE:
        return mark
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

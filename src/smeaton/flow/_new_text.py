"""The text of a new task file: each choice with its reason in a comment beside it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from smeaton.flow._new_rows import Found
from smeaton.flow._new_target import quoted
from smeaton.flow.request import TASK_FILE
from smeaton.task.profile import ColumnProfile
from smeaton.task.task import Budget, Task
from smeaton.task.types import Type, label_text
from smeaton.task.units import show_seconds
from smeaton.task.writer import comment_lines, task_text

#: A table with more inputs has them inferred by the build: nobody reads so long a list.
MOST_INPUTS = 300
_MOST_LABELS = 12
_MOST_LEFT_OUT = 40
_LOOK = "LOOK AT THIS"


def reasons(found: Found) -> dict[str, str]:
    """For each input what it holds, why it is of its type, and what is odd about it."""
    suspected = {name: one.kind for one in found.suspects if not one.accepted for name in one.columns}
    said = {}
    for name, kind in (found.task.inputs or {}).items():
        words = _held(found.profile[name], kind, found.profile.rows)
        odd = f"{_LOOK}: {suspected[name]} (below); " if name in suspected else ""
        doubt = f"; it {kind.about}" if kind.about else ""
        said[name] = f"{odd}{words}{doubt}"
    return said


def text_of(task: Task, found: Found, why: Mapping[str, str], metrics: Sequence[str]) -> str:
    """The file: `metrics` are others that fit."""
    comments: dict[tuple[str, ...], str] = {("inputs", name): reason for name, reason in why.items()}
    if task.inputs is not None:
        comments["inputs",] = "each column to learn from, its type, and what the training rows hold"
    comments["output",] = _answer(found)
    evidence = "; ".join(found.evidence.values())
    if evidence:
        comments["rows",] = evidence
    comments["metric",] = "what solutions are ranked by; others that fit: " + ", ".join(metrics)
    shown = f"{found.profile.rows:,} rows of {len(found.profile.columns)} columns to build on"
    comments["budget",] = f"wall clock of a build, for {shown}; more time finds better solutions"
    head = [
        f"# Written by `smeaton new` from {len(found.dataset):,} rows. Every choice below is yours to change; then:",
        "#   smeaton build"
        + ("" if Path(task.folder) == Path(".") else f" {quoted(str(Path(task.folder) / TASK_FILE))}"),
    ]
    return "\n".join(head) + "\n" + task_text(task, comments) + "\n".join(_foot(task, found, shown)) + "\n"


def _foot(task: Task, found: Found, shown: str) -> list[str]:
    lines: list[str] = []
    if found.left_out:
        lines.append("# Left out of the inputs:")
        rest = list(found.left_out.items())
        for name, reason in rest[:_MOST_LEFT_OUT]:
            lines += comment_lines(f"  {name!r}: {reason}")
        if len(rest) > _MOST_LEFT_OUT:
            lines.append(f"#   and {len(rest) - _MOST_LEFT_OUT:,} more")
    if task.inputs is None:
        lines += comment_lines(
            f"The {len(found.task.inputs or {}):,} inputs are inferred by the build: too many to list."
        )
    if task.rows.time is None:
        test = "The test is a fifth of the rows, drawn at random and sealed until the end"
        test += ", whole groups of it" if task.rows.group else ""
    else:
        test = "The test is the newest fifth of the rows, sealed until the end"
    lines += comment_lines(f"{test}. Another share: test: {{share: 0.1}}.")
    if task.budget == Budget():
        time = show_seconds(task.budget.time)
        lines += comment_lines(f"The budget is the default, budget: {{time: {time}}}, and right for {shown}.")
    for hint in found.hints:
        lines += comment_lines(hint)
    open_ = [one for one in found.suspects if not one.accepted]
    if open_:
        lines.append(f"# {_LOOK} before you trust a score; a bundle is not ready until each is mended or accepted:")
    for one in open_:
        lines += comment_lines(f"- {one.kind}: {one.why} To accept it: {one.accept}")
    return lines


def _answer(found: Found) -> str:
    """What is predicted, and what of it the rows hold."""
    task, known = found.dataset.task, found.profile
    if known.shares:
        shares = sorted(zip(map(label_text, task.labels), known.shares, strict=True), key=lambda one: -one[1])
        listed = ", ".join(f"{name} {share:.0%}" for name, share in shares[:_MOST_LABELS])
        more = f" and {len(shares) - _MOST_LABELS} more" if len(shares) > _MOST_LABELS else ""
        what = "any number of labels" if task.answer == "many" else f"one of {len(shares)} classes"
        return f"to predict: {what}: {listed}{more}"
    if known.target_quantiles:
        low, *_, middle, _, _, _, high = known.target_quantiles
        return f"to predict: a number, {low:g} to {high:g}, the middle {middle:g}"
    return "to predict"


def _held(known: ColumnProfile, kind: Type, rows: int) -> str:
    parts = [_values(known, kind)]
    if known.missing:
        parts.append(
            f"{known.missing / max(rows, 1):.0%} missing" if known.missing > rows / 200 else "hardly any missing"
        )
    words = [word for word in (kind.form or "").split("|")[1:] if word]
    if words and kind.type != "category":
        parts.append(" and ".join(repr(word) for word in words[:6]) + " read as missing")
    return ", ".join(part for part in parts if part)


def _values(known: ColumnProfile, kind: Type) -> str:
    if kind.type == "timestamp" and known.quantiles:
        first, last = (datetime.fromtimestamp(known.quantiles[place], UTC).date().isoformat() for place in (0, -1))
        return f"moments from {first} to {last}"
    if known.quantiles:
        low, _, _, under, _, over, _, _, high = known.quantiles
        return f"{known.distinct:,} different numbers, {low:g} to {high:g}, half of them in {under:g} to {over:g}"
    if kind.type == "text":
        return f"texts of {known.mean_length:.0f} characters, {known.distinct:,} different"
    if kind.type == "vector":
        return f"vectors of {kind.form} numbers"
    if not known.distinct:
        return ""
    listed = ", ".join(repr(value) for value, _ in known.values[:3])
    one = "value" if known.distinct == 1 else "different values"
    return f"{known.distinct:,} {one}" + (f", mostly {listed}" if listed else "")


def types_said(kinds: Mapping[str, Type]) -> dict[str, Type]:
    """Types as a file says them: a doubt is a comment there, and no part of the type."""
    return {name: msgspec.structs.replace(kind, about=None) for name, kind in kinds.items()}

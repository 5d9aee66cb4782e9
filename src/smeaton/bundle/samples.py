"""Samples: inputs synthesised from the column profiles, never the user's rows, with what the program answers."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from smeaton.errors import TaskError
from smeaton.runtime.answers import plain
from smeaton.task.forms import form_of
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import PREDICTION, PROBABILITY, Table
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.task.values import value_reader

COUNT = 32
_LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)  # of ColumnProfile.quantiles
_UNSEEN = "a value never seen"
_WORDS = (
    *("about", "account", "after", "answer", "blue", "call", "change", "day", "end", "first", "good", "help", "house"),
    *(
        "last",
        "long",
        "make",
        "name",
        "new",
        "number",
        "old",
        "open",
        "order",
        "part",
        "pay",
        "place",
        "point",
        "price",
    ),
    *("question", "read", "send", "short", "small", "start", "still", "stop", "table", "time", "turn", "use", "wait"),
)


def synthesise(task: Task, profile: Profile, inputs: Sequence[str], count: int = COUNT) -> list[dict[str, Any]]:
    """Rows as a client would send them, drawn column by column from the profile; equal arguments give equal rows.

    Empty where an input's type has no synthetic form (an image, a document).
    """
    try:
        columns = {name: list(_column(name, task.input_types[name], profile, count)) for name in inputs}
    except _NoForm:
        return []
    return [{name: values[row] for name, values in columns.items()} for row in range(count)]


def as_json(answers: Table) -> list[dict[str, Any]]:
    """Columns of answers as one JSON object a row; NaN is null, a matrix row a list."""
    columns = {name: plain(column) for name, column in answers.items()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def difference(expected: Mapping[str, Any], found: Mapping[str, Any], tolerance: float = 0.0) -> float:
    """Largest relative-or-absolute difference between two answers; infinite where labels or forms differ, other than by
    a tie of the likeliest labels within the tolerance."""
    if expected.keys() != found.keys():
        return math.inf
    apart = {name: _apart(expected[name], found[name]) for name in expected}
    if math.isinf(apart.get(PREDICTION, 0.0)) and apart.get(PROBABILITY, math.inf) <= tolerance:
        best = sorted(expected[PROBABILITY])[-2:]
        if best[-1] - best[0] <= 2 * tolerance:
            del apart[PREDICTION]
    return max(apart.values(), default=0.0)


class _NoForm(Exception):
    """An input whose type cannot be synthesised."""


def _apart(a: Any, b: Any) -> float:
    if isinstance(a, list) and isinstance(b, list):
        return max((_apart(x, y) for x, y in zip(a, b, strict=True)), default=0.0) if len(a) == len(b) else math.inf
    if isinstance(a, dict) and isinstance(b, dict):
        return difference(a, b)
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b))
    if numbers:
        return float(abs(a - b) / max(1.0, abs(a)))
    return 0.0 if a == b and type(a) is type(b) else math.inf


def _column(name: str, kind: Type, profile: Profile, count: int) -> Iterator[Any]:
    draw = random.Random(f"smeaton sample {name}")  # noqa: S311 - reproducible on purpose, guards nothing
    try:
        reader, column = value_reader(kind), profile[name]
    except TaskError as error:
        raise _NoForm from error
    share = column.missing / max(profile.rows, 1)
    for row in range(count):
        # A null vector is NaN throughout: of a program that reads it straight into a graph nothing can be expected.
        if kind.optional and kind.type != "vector" and draw.random() < max(share, 1 / count):
            yield None
            continue
        for _ in range(8):
            value = _value(kind, column, draw, row)
            try:
                reader(value)
            except ValueError:
                continue  # an unseen label of a closed set, a rounded number past its bound: draw again
            yield value
            break
        else:
            raise _NoForm


def _value(kind: Type, column: ColumnProfile, draw: random.Random, row: int) -> Any:
    if kind.type in ("number", "integer", "timestamp"):
        return _moment(_number(column, draw)) if kind.type == "timestamp" else _rounded(kind, _number(column, draw))
    if kind.type == "boolean":
        return draw.random() < 0.5
    if kind.type == "category":
        return _category(kind, column, draw, row)
    if kind.type == "text":
        return _text(column, draw)
    if kind.type in ("json", "object", "list", "series", "vector"):
        return _nested(kind, draw)
    raise _NoForm


def _nested(kind: Type, draw: random.Random) -> Any:
    """A value with parts, from its type alone: no profile is kept of what stands inside a column."""
    if kind.type in ("json", "object"):
        if kind.fields is None:
            raise _NoForm
        return {
            name: _part(part, draw) for name, part in kind.fields.items() if not part.optional or draw.random() < 0.9
        }
    length = int(form_of(kind).layout or 3) if kind.type == "vector" else draw.randrange(5)
    of = kind.of or Type(type="json" if kind.type == "list" else "number")
    if of.type == "json" and of.fields is None:
        return [{}] * length
    return [_part(of, draw) for _ in range(length)]


def _part(kind: Type, draw: random.Random) -> Any:
    if kind.type in ("number", "integer"):
        return _rounded(kind, draw.gauss(0, 10))
    if kind.type == "boolean":
        return draw.random() < 0.5
    if kind.type == "timestamp":
        return _moment(draw.uniform(1.5e9, 1.7e9))
    if kind.type == "category":
        known = kind.labels or kind.known
        if known:
            return draw.choice(known)
        return {"text": _UNSEEN, "integer": 1, "boolean": True}[kind.base]
    return draw.choice(_WORDS) if kind.type == "text" else _nested(kind, draw)


def _number(column: ColumnProfile, draw: random.Random) -> float:
    levels = column.quantiles if len(column.quantiles) == len(_LEVELS) else (0.0,) * len(_LEVELS)
    return float(np.interp(draw.random(), _LEVELS, levels))


def _rounded(kind: Type, value: float) -> float | int:
    low, high = kind.min if kind.min is not None else -math.inf, kind.max if kind.max is not None else math.inf
    value = min(max(float(f"{value:.6g}"), low), high)
    return round(value) if kind.type == "integer" else value


def _moment(seconds: float) -> str:
    return f"{np.datetime64(round(seconds), 's')}Z"


def _category(kind: Type, column: ColumnProfile, draw: random.Random, row: int) -> Any:
    if row % 11 == 10 and kind.base == "text" and kind.labels is None and draw.random() < 0.9:
        return _UNSEEN
    values = [value for value, _ in column.values] or list(kind.text_labels()) or [_UNSEEN]
    weights = [count for _, count in column.values] or None
    text = draw.choices(values, weights if weights and len(weights) == len(values) else None)[0]
    if kind.base == "boolean":
        return text == "true"
    return int(float(text)) if kind.base == "integer" else text


def _text(column: ColumnProfile, draw: random.Random) -> str:
    length = min(max(int(column.mean_length), 1), 400)
    words: list[str] = []
    while sum(map(len, words)) + len(words) < length:
        words.append(draw.choice(_WORDS))
    return " ".join(words)

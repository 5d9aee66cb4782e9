"""Constant structures: of a few, the one a metric likes best on the rows it is fitted on."""

from typing import Any

import msgspec
import numpy as np

from smeaton.data.fold import Rows
from smeaton.metrics._defaults import default_metric, default_on_targets, load_metric, needs_verdicts
from smeaton.metrics._intervals import mean
from smeaton.task.table import PREDICTION, object_column
from smeaton.task.task import Task
from smeaton.task.types import Type

_MOST_ROWS = 2_000  # a constant is told from another by far fewer


def best_structure(task: Task, rows: Rows) -> Any:
    """The JSON value that scores best as the answer to every row: nothing at all (an empty list, nulls where they may
    be), the commonest value of each field, or the commonest value as a whole."""
    kind, values = task.output_type, rows.y.tolist()
    mass = [1.0] * len(values) if rows.weight is None else rows.weight.tolist()
    tries = [_commonest(values, mass), *(_fields(kind, values, mass, nothing=nothing) for nothing in (True, False))]
    known = {_key(value): value for value in tries}
    name = task.metric or default_metric(task)
    metric = load_metric(default_on_targets(task) if needs_verdicts(name) else name, task)
    some = np.unique(np.linspace(0, len(values) - 1, min(len(values), _MOST_ROWS)).astype(np.int64))
    weight = None if rows.weight is None or not rows.weight[some].any() else rows.weight[some]

    def worth(value: Any) -> float:
        stats = metric.rows({PREDICTION: object_column([value] * len(some))}, rows.y[some], (), weight)
        score = mean(metric, stats, weight)
        return score if metric.better == "higher" else -score

    # Of those that tie the smallest, whatever the order of the rows.
    return max(sorted(known.values(), key=_key, reverse=True), key=lambda value: (worth(value), -len(_key(value))))


def commonest(rows: Rows) -> Any:
    """The value with the most weight among the rows' answers; of those that tie the first by its JSON."""
    values = rows.y.tolist()
    return _commonest(values, [1.0] * len(values) if rows.weight is None else rows.weight.tolist())


def _fields(kind: Type, values: list[Any], mass: list[float], *, nothing: bool) -> Any:
    """An empty list; or an object with the commonest value of each field, or null where `nothing` and it may be."""
    if kind.type == "list":
        return []
    if kind.type != "object" or kind.fields is None:
        return None if nothing and kind.optional else _commonest(values, mass)
    held = [(value, weight) for value, weight in zip(values, mass, strict=True) if value is not None]
    left = [weight for _, weight in held]
    return {
        name: _fields(part, [value.get(name) for value, _ in held], left, nothing=nothing)
        for name, part in kind.fields.items()
    }


def _commonest(values: list[Any], mass: list[float]) -> Any:
    """The value with the most weight, the first by its JSON of those that tie."""
    counts: dict[bytes, float] = {}
    known: dict[bytes, Any] = {b"null": None}  # the values themselves: their fields stay in order
    for value, weight in zip(values, mass, strict=True):
        key = _key(value)
        counts[key] = counts.get(key, 0.0) + weight
        known[key] = value
    most = max(counts.values(), default=0.0)
    return known[min((key for key, count in counts.items() if count == most), default=b"null")]


def _key(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")

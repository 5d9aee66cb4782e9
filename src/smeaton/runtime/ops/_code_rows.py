"""How a user's function is asked: with rows as plain Python values, all at once or one at a time."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np

from smeaton.errors import SmeatonError
from smeaton.task.table import Array, Table, rows_in
from smeaton.task.types import Type


def call_function(
    function: Callable[..., Any], name: str, columns: Table, types: Mapping[str, Type], labels: Sequence[Any]
) -> Array:
    """The answers to typed rows: probabilities (rows, labels), or numbers (rows,).

    The function is given a list of mappings, or one mapping at a time where its only argument is called `row`. Values
    are float, int, bool, text, datetime (UTC, without a zone), lists and objects; None where null. It answers each row
    with a label or a number; of labels also with a mapping of labels to probabilities.

    Raises:
        SmeatonError: it raised, or an answer is none.
    """
    rows = plain_rows(columns, types)
    try:
        found = [function(row) for row in rows] if _one_by_one(function) else list(function(rows))
    except SmeatonError:
        raise
    except Exception as error:
        raise SmeatonError(f"{name} raised {type(error).__name__}: {error}", fix="correct the function") from error
    if len(found) != len(rows):
        raise SmeatonError(f"{name} gave {len(found)} answers to {len(rows)} rows", fix="answer each row, in order")
    if not labels:
        return np.array([_number(one, name) for one in found], dtype=np.float64)
    return np.array([_chances(one, labels, name) for one in found], dtype=np.float64).reshape(len(found), len(labels))


def plain_rows(columns: Table, types: Mapping[str, Type]) -> list[dict[str, Any]]:
    """Typed columns as rows of plain values, None for null."""
    plain = [_plain(columns[name], kind) for name, kind in types.items()]
    if not plain:
        return [{} for _ in range(rows_in(columns))]
    return [dict(zip(types, values, strict=True)) for values in zip(*plain, strict=True)]


def _plain(column: Array, kind: Type) -> list[Any]:
    values: list[Any] = column.tolist()
    if column.dtype.kind == "f":
        whole = kind.type == "integer"
        return [None if isnan(value) else int(value) if whole else value for value in values]
    return values


def _one_by_one(function: Callable[..., Any]) -> bool:
    try:
        return list(inspect.signature(function).parameters) == ["row"]
    except (TypeError, ValueError):  # a function of C, without names
        return False


def _number(answer: Any, name: str) -> float:
    plain = answer.item() if isinstance(answer, np.generic) else answer
    if isinstance(plain, bool) or not isinstance(plain, int | float) or not np.isfinite(plain):
        raise SmeatonError(f"{name} answered {plain!r}, which is no finite number", fix="answer with a number")
    return float(plain)


def _chances(answer: Any, labels: Sequence[Any], name: str) -> list[float]:
    plain = answer.item() if isinstance(answer, np.generic) else answer
    if isinstance(plain, Mapping):
        found = [_number(plain.get(label, 0.0), name) for label in labels]
        if min(found) < 0 or not 0.999 <= sum(found) <= 1.001 or any(label not in labels for label in plain):
            raise SmeatonError(
                f"{name} answered {dict(plain)!r}, which are no probabilities of {', '.join(map(str, labels))}",
                fix="give each label a probability; they sum to 1",
            )
        return [one / sum(found) for one in found]
    if not any(plain == label and type(plain) is type(label) for label in labels):
        raise SmeatonError(
            f"{name} answered {plain!r}, which is none of the labels: {', '.join(map(str, labels))}",
            fix="answer with a label, or a mapping of labels to probabilities",
        )
    return [float(plain == label) for label in labels]

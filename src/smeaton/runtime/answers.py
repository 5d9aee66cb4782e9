"""From columns of answers to what callers read: one plain mapping a row."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.types import Label, label_text


def as_answers(columns: Table, labels: Sequence[Label]) -> list[dict[str, Any]]:
    """One `{"prediction": ..., "probability": {label: p}, ...}` a row; numbers that are not finite become None.

    `labels` name the columns of `probability`; other columns are passed on under their own names.
    """
    return named_answers(columns, [label_text(label) for label in labels])


def named_answers(columns: Table, names: Sequence[str]) -> list[dict[str, Any]]:
    """`as_answers` with the texts of the labels."""
    prediction = plain(columns[PREDICTION])
    answers: list[dict[str, Any]] = [{PREDICTION: value} for value in prediction]
    if PROBABILITY in columns:
        for answer, shares in zip(answers, columns[PROBABILITY].tolist(), strict=True):
            answer[PROBABILITY] = dict(zip(names, shares, strict=True))
    if len(columns) == 1 + (PROBABILITY in columns):
        return answers
    for name, column in columns.items():
        if name not in (PREDICTION, PROBABILITY):
            for answer, value in zip(answers, plain(column), strict=True):
                answer[name] = value
    return answers


def plain(column: Array) -> list[Any]:
    """A column as Python values: null where a number is not finite or a moment is none; a matrix gives lists."""
    values = column.tolist()
    if column.dtype.kind == "f" and column.ndim == 1:
        return [value if isfinite(value) else None for value in values]
    if column.dtype.kind == "M":
        return [None if value is None else value.isoformat() + "Z" for value in values]
    return list(values)

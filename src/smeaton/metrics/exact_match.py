"""Exact match: share of rows whose text equals the expected one, but for case and white space (NFKC)."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import answered, column
from smeaton.metrics._row import RowMetric
from smeaton.task.table import PREDICTION, Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    predicted = column(answers, PREDICTION, len(target))
    if predicted is None:
        return np.zeros(len(target), dtype=bool)
    pairs = zip(predicted.tolist(), target.tolist(), strict=True)
    same = np.fromiter((_form(left) == _form(right) for left, right in pairs), dtype=bool, count=len(target))
    return same & answered(answers, len(target))


def _form(value: object) -> str | None:
    """Null is right only where null is expected."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split()) if isinstance(value, str) else None


part = RowMetric("higher", ("text",), "prediction", "share", 1.0, _rows)

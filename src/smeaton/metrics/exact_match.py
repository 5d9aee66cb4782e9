"""Exact match: share of rows whose answer is right as a whole.

Texts are compared but for case and white space (NFKC), sets of labels and structures by their content: the order of
labels, of fields and of the objects in a list does not matter. An answer that cannot be compared is wrong.
"""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from smeaton.metrics._read import answered, column, label_sets
from smeaton.metrics._row import RowMetric
from smeaton.task.table import PREDICTION, Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    if target.ndim == 2:
        return np.asarray((label_sets(answers, target, labels) == target.astype(bool)).all(axis=1))
    predicted = column(answers, PREDICTION, len(target))
    if predicted is None:
        return np.zeros(len(target), dtype=bool)
    pairs = zip(predicted.tolist(), target.tolist(), strict=True)
    same = np.fromiter((_form(left) == _form(right) for left, right in pairs), dtype=bool, count=len(target))
    return same & answered(answers, len(target))


def _form(value: object) -> str | None:
    """What is compared. Null is right only where null is expected."""
    if isinstance(value, list | dict):
        return json.dumps(_sorted(value), sort_keys=True, default=str)
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split()) if isinstance(value, str) else None


def _sorted(value: Any) -> Any:
    """JSON with lists of objects in one order, and numbers that are equal written alike."""
    if isinstance(value, dict):
        return {str(name): _sorted(part) for name, part in value.items()}
    if isinstance(value, list):
        parts = [_sorted(part) for part in value]
        objects = all(isinstance(part, dict) for part in parts)
        return sorted(parts, key=lambda part: json.dumps(part, sort_keys=True, default=str)) if objects else parts
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


part = RowMetric("higher", ("text", "many", "structure"), "prediction", "share", 1.0, _rows)

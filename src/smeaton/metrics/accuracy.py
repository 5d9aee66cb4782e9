"""Accuracy: share of rows whose label is right."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import codes
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    return np.asarray(codes(answers, labels, len(target)) == target)


part = RowMetric("higher", ("binary", "multiclass"), "prediction", "share", 1.0, _rows)

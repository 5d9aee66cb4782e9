"""Root of the mean squared error, in the target's unit. An invalid answer is off to the farther end of its range."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import errors
from smeaton.metrics._row import RowMetric, first
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    return np.square(errors(answers, target))


def _value(means: Array) -> Array:
    return np.sqrt(np.maximum(first(means), 0.0))


part = RowMetric("lower", ("number",), "prediction", "target", 0.0, _rows, _value)

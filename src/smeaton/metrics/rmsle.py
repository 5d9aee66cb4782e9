"""Root mean squared error of log(1 + number): errors by ratio rather than by size, for targets of 0 or more. An answer
below 0 is taken as 0."""

from collections.abc import Sequence

import numpy as np

from smeaton.errors import ProgramError
from smeaton.metrics._read import HUGE, numbers
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    truth = target.astype(np.float64)
    if not len(truth):
        return np.zeros(0)
    if truth.min() < 0:
        raise ProgramError(
            f"rmsle judges targets of 0 or more, and one is {truth.min():g}", fix="use another metric, such as mae"
        )
    logs = np.log1p(truth)
    off = np.abs(np.log1p(np.clip(numbers(answers, len(truth)), 0.0, HUGE)) - logs)
    worst = np.maximum(logs, logs.max() - logs)  # as if 0, or the largest of them all, had been answered
    return np.asarray(np.square(np.where(np.isnan(off), worst, off)))


def _value(means: Array) -> Array:
    return np.asarray(np.sqrt(means[..., 0]))


part = RowMetric("lower", ("number",), "prediction", "", 0.0, _rows, _value)

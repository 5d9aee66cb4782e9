"""What the metrics of prediction intervals read: both ends, and which rows have an interval at all."""

import numpy as np

from smeaton.metrics._read import column, numbers
from smeaton.task.table import HIGH, LOW, Array, Table
from smeaton.task.task import Task


def bands(answers: Table, rows: int) -> tuple[Array, Array, Array, Array]:
    """Low and high ends (rows,) float64, which rows were answered with an interval, and which count at all: an answer
    without an interval does not (nobody judged it), one that failed counts as wrong."""
    answered = np.isfinite(numbers(answers, rows))
    low, high = column(answers, LOW, rows), column(answers, HIGH, rows)
    if low is None or high is None:
        return np.zeros(rows), np.zeros(rows), np.zeros(rows, dtype=bool), ~answered
    low, high = low.astype(np.float64), high.astype(np.float64)
    given = np.isfinite(low) & np.isfinite(high) & answered
    return np.where(given, low, 0.0), np.where(given, high, 0.0), given, given | ~answered


def farthest(target: Array) -> Array:
    """How far each target is from the farther end of their range, (rows,) float64."""
    truth = target.astype(np.float64, copy=False)
    return np.maximum(truth - truth.min(), truth.max() - truth) if len(truth) else np.zeros(0)


def no_level(task: Task) -> str:
    """What a task lacks for these metrics, '' if it lacks nothing."""
    return "" if task.output_type.level is not None else "needs prediction intervals, and the output has none"

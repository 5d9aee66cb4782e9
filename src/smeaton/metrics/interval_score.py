"""Interval score of prediction intervals (Gneiting and Raftery 2007), in the target's unit: the width, and 2 / (1 -
level) times what the truth lies outside by. It is lowest in the mean for intervals that are narrow and hold what they
promise. A failed answer has no interval: it is off by the farther end of the target's range."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._bands import bands, farthest, no_level
from smeaton.metrics._of_task import TaskMetric
from smeaton.metrics._read import HUGE
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array, Table
from smeaton.task.task import Task
from smeaton.task.types import LEVEL, Label


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 1], 0.0)


def _bound(level: float) -> RowMetric:
    def rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
        low, high, given, counts = bands(answers, len(target))
        truth = target.astype(np.float64, copy=False)
        outside = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
        score = np.minimum(high - low + 2 / (1 - level) * outside, HUGE)
        score = np.where(given, score, 2 / (1 - level) * farthest(target))
        return np.stack([np.where(counts, score, 0.0), counts.astype(np.float64)], axis=1)

    return RowMetric("lower", ("number",), "prediction", "target", 0.0, rows, _value)


def _of(task: Task) -> RowMetric:
    return _bound(task.output_type.level or LEVEL)


_plain = _bound(LEVEL)
part = TaskMetric(
    "lower", ("number",), "prediction", "target", 0.0, _plain.statistics, _value, bound=_of, lacks=no_level
)

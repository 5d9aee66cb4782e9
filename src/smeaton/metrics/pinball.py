"""Pinball loss of a quantile (Koenker and Bassett 1978), in the target's unit: a miss below costs `quantile` a unit,
one above 1 - `quantile`. Of a task without a `quantile` it is that of the median: half the absolute error."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._bands import farthest
from smeaton.metrics._of_task import TaskMetric
from smeaton.metrics._read import HUGE, numbers
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.task import Task
from smeaton.task.types import Label


def _bound(quantile: float) -> RowMetric:
    def rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
        below = np.clip(target.astype(np.float64) - numbers(answers, len(target)), -HUGE, HUGE)
        loss = np.maximum(quantile * below, (quantile - 1) * below)
        return np.where(np.isnan(loss), max(quantile, 1 - quantile) * farthest(target), loss)

    return RowMetric("lower", ("number",), "prediction", "target", 0.0, rows)


def _of(task: Task) -> RowMetric:
    return _bound(task.output_type.quantile or 0.5)


part = TaskMetric("lower", ("number",), "prediction", "target", 0.0, _bound(0.5).statistics, bound=_of)

"""Mean width of the prediction intervals, in the target's unit. It says nothing without their coverage."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._bands import bands, farthest, no_level
from smeaton.metrics._of_task import TaskMetric
from smeaton.metrics._read import HUGE
from smeaton.metrics._row import ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    low, high, given, counts = bands(answers, len(target))
    width = np.where(given, np.minimum(high - low, HUGE), 2 * farthest(target))
    return np.stack([np.where(counts, width, 0.0), counts.astype(np.float64)], axis=1)


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 1], 0.0)


part = TaskMetric("lower", ("number",), "prediction", "target", 0.0, _rows, _value, lacks=no_level)

"""Coverage: the share of rows whose true number lies in its prediction interval (`low` to `high`, ends included)."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._bands import bands, no_level
from smeaton.metrics._of_task import TaskMetric
from smeaton.metrics._row import ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    low, high, given, counts = bands(answers, len(target))
    return np.stack([given & (low <= target) & (target <= high), counts], axis=1)


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 1], 0.0)


part = TaskMetric("higher", ("number",), "prediction", "share", 1.0, _rows, _value, lacks=no_level)

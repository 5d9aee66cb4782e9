"""F1 of the second label (true): 2 TP / (2 TP + FP + FN); 0 where that label neither occurs nor is answered."""

from smeaton.metrics._confusion import binary
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array


def _value(means: Array) -> Array:
    right, alarm, missed = means[..., 0], means[..., 1], means[..., 2]
    return ratio(2 * right, 2 * right + alarm + missed, 0.0)


part = RowMetric("higher", ("binary",), "prediction", "share", 1.0, binary, _value)

"""Recall of the second label (true): TP / (TP + FN); 0 where it does not occur."""

from smeaton.metrics._confusion import binary
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 0] + means[..., 2], 0.0)


part = RowMetric("higher", ("binary",), "prediction", "share", 1.0, binary, _value)

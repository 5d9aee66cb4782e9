"""Precision of the second label (true): TP / (TP + FP); 0 where it is never answered."""

from smeaton.metrics._confusion import binary
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 0] + means[..., 1], 0.0)


part = RowMetric("higher", ("binary",), "prediction", "share", 1.0, binary, _value)

"""Share of the rows that fit no label that are answered so; 0 where there is none."""

from smeaton.metrics._outside import OutsideMetric, binary
from smeaton.metrics._row import ratio
from smeaton.task.table import Array


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 0] + means[..., 2], 0.0)


part = OutsideMetric(binary, _value)

"""F1 of telling rows that fit no label: 2 TP / (2 TP + FP + FN); 0 where there is none and none is answered."""

from smeaton.metrics._outside import OutsideMetric, binary
from smeaton.metrics._row import ratio
from smeaton.task.table import Array


def _value(means: Array) -> Array:
    caught, alarm, missed = means[..., 0], means[..., 1], means[..., 2]
    return ratio(2 * caught, 2 * caught + alarm + missed, 0.0)


part = OutsideMetric(binary, _value)

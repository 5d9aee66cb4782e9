"""Accuracy on the rows whose true label is not the one that means "none of these"; turning one away is wrong."""

import numpy as np

from smeaton.metrics._outside import OutsideMetric
from smeaton.metrics._row import ratio
from smeaton.task.table import Array


def _rows(code: Array, target: Array, outside: int) -> Array:
    inside = target != outside
    return np.stack([inside & (code == target), inside], axis=1)


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 1], 0.0)


part = OutsideMetric(_rows, _value)

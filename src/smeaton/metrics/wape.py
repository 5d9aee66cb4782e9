"""Sum of absolute errors over the sum of absolute targets: an error in per cent that does not break at zero.

0 is perfect; 1 is what answering 0 everywhere costs. Hyndman and Koehler (2006) say why the mean of per-row
percentages is no good measure.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import errors
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    return np.stack([errors(answers, target), np.abs(target.astype(np.float64))], axis=1)


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 1], 1.0)


part = RowMetric("lower", ("number",), "prediction", "", 0.0, _rows, _value)

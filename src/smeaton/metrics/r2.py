"""Coefficient of determination: 1 - squared error / variance of the target; 0 where the target does not vary."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import errors
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    # Centred, so that the variance from means of squares does not cancel away for targets far from zero.
    centred = target - (target.mean() if len(target) else 0.0)
    return np.stack([np.square(errors(answers, target)), centred, np.square(centred)], axis=1)


def _value(means: Array) -> Array:
    variance = means[..., 2] - np.square(means[..., 1])
    return 1.0 - ratio(means[..., 0], variance, 1.0)


part = RowMetric("higher", ("number",), "prediction", "", 1.0, _rows, _value)

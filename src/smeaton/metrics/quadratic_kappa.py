"""Quadratic weighted kappa of ordered labels (Cohen 1968): 1 is perfect, 0 what chance gives, below 0 worse than that.

One minus the mean squared distance (in steps) over the one expected if answers and truth were paired by chance. That is
E[p^2] + E[t^2] - 2 E[p] E[t], so the value is a function of four means.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import steps_off
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    code, off = steps_off(answers, target, labels)
    return np.stack([np.square(off), code, target, np.square(code) + np.square(target)], axis=1)


def _value(means: Array) -> Array:
    chance = means[..., 3] - 2 * means[..., 1] * means[..., 2]
    return 1.0 - ratio(means[..., 0], chance, 0.0)


part = RowMetric("higher", ("ordered",), "prediction", "", 1.0, _rows, _value)

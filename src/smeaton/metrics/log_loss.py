"""Log-loss: mean of minus the natural logarithm of the probability given to the true label, cut at 1e-15."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import probabilities
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label

FLOOR = 1e-15


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    chance, valid = probabilities(answers, labels, len(target))
    given = chance[np.arange(len(target)), target]
    return np.asarray(np.abs(np.log(np.clip(np.where(valid, given, 0.0), FLOOR, 1.0))))


part = RowMetric("lower", ("binary", "multiclass"), "probability", "nats", 0.0, _rows)

"""Log-loss: mean of minus the natural logarithm of the probability given to the true label, cut at 1e-15.

With any number of labels a row, each label is a question of its own with two answers, and a row's loss is the mean over
its labels.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import marginals, probabilities
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label

FLOOR = 1e-15


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    if target.ndim == 2:
        return _each(answers, target, labels)
    chance, valid = probabilities(answers, labels, len(target))
    given = chance[np.arange(len(target)), target]
    return np.asarray(np.abs(np.log(np.clip(np.where(valid, given, 0.0), FLOOR, 1.0))))


def _each(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    chance, valid = marginals(answers, target, labels)
    right = np.where(target.astype(bool), chance, 1.0 - chance)
    return np.asarray(np.abs(np.log(np.clip(np.where(valid[:, None], right, 0.0), FLOOR, 1.0))).mean(axis=1))


part = RowMetric("lower", ("binary", "multiclass", "many"), "probability", "nats", 0.0, _rows)

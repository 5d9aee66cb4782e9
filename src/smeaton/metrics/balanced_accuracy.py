"""Balanced accuracy: mean recall over the labels that occur in the target."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import codes
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    truth = target[:, None] == np.arange(len(labels))
    right = codes(answers, labels, len(target)) == target
    return np.concatenate([truth & right[:, None], truth], axis=1)


def _value(means: Array) -> Array:
    right, truth = np.split(means, 2, axis=-1)
    return ratio(ratio(right, truth, 0.0).sum(axis=-1), (truth > 0).sum(axis=-1), 0.0)


part = RowMetric("higher", ("binary", "multiclass"), "prediction", "share", 1.0, _rows, _value)

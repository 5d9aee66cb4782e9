"""Macro F1: mean over the labels that occur (in target or answers) of each label's F1."""

import numpy as np

from smeaton.metrics._confusion import per_label
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array


def _value(means: Array) -> Array:
    right, said, truth = np.split(means, 3, axis=-1)
    return ratio(ratio(2 * right, said + truth, 0.0).sum(axis=-1), (said + truth > 0).sum(axis=-1), 0.0)


part = RowMetric("higher", ("binary", "multiclass", "many"), "prediction", "share", 1.0, per_label, _value)

"""Micro F1: F1 over all pairs of a row and a label, so frequent labels count more. 1 where there are none at all."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import label_sets
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    said, truth = label_sets(answers, target, labels), target.astype(bool)
    return np.stack([(said & truth).sum(axis=1), said.sum(axis=1), truth.sum(axis=1)], axis=1)


def _value(means: Array) -> Array:
    right, said, truth = means[..., 0], means[..., 1], means[..., 2]
    return ratio(2 * right, said + truth, 1.0)


part = RowMetric("higher", ("many",), "prediction", "share", 1.0, _rows, _value)

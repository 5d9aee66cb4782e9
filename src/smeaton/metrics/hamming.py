"""Hamming loss: share of the pairs of a row and a label that are wrong."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import label_sets
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    return np.asarray((label_sets(answers, target, labels) != target.astype(bool)).mean(axis=1))


part = RowMetric("lower", ("many",), "prediction", "share", 0.0, _rows)

"""Ranked probability score of ordered labels (Epstein 1969), 0 to 1: the squared distance between the cumulated
probabilities and the truth's, mean over the steps between two labels. Far misses cost more than near ones."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import probabilities
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    chance, valid = probabilities(answers, labels, len(target))
    steps = max(len(labels) - 1, 1)
    truth = target[:, None] <= np.arange(len(labels))
    below = np.cumsum(np.where(valid[:, None], chance, 0.0), axis=1)
    worst = np.maximum(target, steps - target) / steps
    return np.asarray(np.where(valid, np.square(below - truth)[:, :-1].sum(axis=1) / steps, worst))


part = RowMetric("lower", ("ordered",), "probability", "", 0.0, _rows)

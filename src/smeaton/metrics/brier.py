"""Brier score: squared distance of the probabilities from the truth, 0 to 1 (two labels) or 0 to 2 (more).

With two labels it is the square of one probability's error, otherwise the sum over labels, as Brier (1950) has it.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import probabilities
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    chance, valid = probabilities(answers, labels, len(target))
    scale = 0.5 if len(labels) == 2 else 1.0
    truth = target[:, None] == np.arange(len(labels))
    return np.where(valid, scale * np.square(np.where(valid[:, None], chance, 0.0) - truth).sum(axis=1), 2 * scale)


part = RowMetric("lower", ("binary", "multiclass"), "probability", "", 0.0, _rows)

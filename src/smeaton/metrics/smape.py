"""Symmetric mean absolute percentage error, 0 to 2: the mean of 2 |error| / (|target| + |answer|), 0 where both are 0
(Makridakis 1993). A failed answer counts 2."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import HUGE, numbers
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    truth = target.astype(np.float64)
    said = np.clip(numbers(answers, len(truth)), -HUGE, HUGE)
    size = np.abs(truth) + np.abs(said)
    share = 2 * np.abs(truth - said) / np.where(size > 0, size, 1.0)
    return np.where(np.isnan(share), 2.0, share)


part = RowMetric("lower", ("number",), "prediction", "", 0.0, _rows)

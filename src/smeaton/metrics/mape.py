"""Mean absolute percentage error, as a share: the mean of |error| / |target| over rows whose target is not 0.

It favours answers that are too low, and rows near 0 outweigh all others (Hyndman and Koehler 2006): `wape` has neither
fault. 1 where every target is 0.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import HUGE, errors
from smeaton.metrics._row import RowMetric, ratio
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    size = np.abs(target.astype(np.float64))
    counts = size > 0
    share = np.minimum(errors(answers, target) / np.where(counts, np.maximum(size, 1e-150), 1.0), HUGE)
    return np.stack([np.where(counts, share, 0.0), counts.astype(np.float64)], axis=1)


def _value(means: Array) -> Array:
    return ratio(means[..., 0], means[..., 1], 1.0)


part = RowMetric("lower", ("number",), "prediction", "", 0.0, _rows, _value)

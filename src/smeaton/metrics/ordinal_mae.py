"""Mean absolute error of ordered labels, in steps from label to label."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import steps_off
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    return np.asarray(steps_off(answers, target, labels)[1])


part = RowMetric("lower", ("ordered",), "prediction", "", 0.0, _rows)

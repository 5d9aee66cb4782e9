"""Checks: share of (row, check) that passed, over the task's own checks.

Read from the column `checked` that a trial keeps beside its answers (`_verdicts.py`). A row with an error fails all.
Each check has a statistic of its own, so that its share can be told from the others.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.errors import ProgramError
from smeaton.metrics._read import answered, column
from smeaton.metrics._row import RowMetric
from smeaton.task.table import CHECKED, Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    checked = column(answers, CHECKED, len(target))
    if checked is None or checked.ndim != 2:
        raise ProgramError("the answers were not checked: the task's checks run while it is built")
    return np.where(answered(answers, len(target))[:, None], np.nan_to_num(checked.astype(np.float64)), 0.0)


def _share(means: Array) -> Array:
    share: Array = means.mean(axis=-1)
    return share


part = RowMetric(
    "higher",
    ("number", "binary", "multiclass", "ordered", "many", "structure", "text"),
    "prediction",
    "share",
    1.0,
    _rows,
    _share,
)

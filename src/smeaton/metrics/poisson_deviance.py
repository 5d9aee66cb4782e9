"""Mean Poisson deviance (McCullagh and Nelder 1989): 2 (y log(y / answer) - y + answer), for counts and other targets
of 0 or more whose spread grows with their size. An answer below 1e-9 says that nothing can happen; it counts as 1e-9.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.errors import ProgramError
from smeaton.metrics._read import HUGE, numbers
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label

_LEAST = 1e-9


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    truth = target.astype(np.float64)
    if not len(truth):
        return np.zeros(0)
    if truth.min() < 0:
        raise ProgramError(
            f"poisson_deviance judges targets of 0 or more, and one is {truth.min():g}",
            fix="use another metric, such as rmse",
        )
    found = _deviance(truth, np.clip(numbers(answers, len(truth)), _LEAST, HUGE))
    ends = [_deviance(truth, np.full(len(truth), end)) for end in (_LEAST, max(float(truth.max()), _LEAST))]
    return np.where(np.isnan(found), np.maximum(*ends), found)


def _deviance(truth: Array, answer: Array) -> Array:
    logs = np.log(np.where(truth > 0, truth, 1.0)) - np.where(truth > 0, np.log(answer), 0.0)
    return np.asarray(np.maximum(2 * (truth * logs - truth + answer), 0.0))


part = RowMetric("lower", ("number",), "prediction", "", 0.0, _rows)

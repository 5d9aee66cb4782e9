"""What one answer in numbers costs by the task's metric: what fits are stopped by, and blends are put together for."""

from collections.abc import Callable
from functools import partial

import numpy as np

from smeaton.task.table import Array
from smeaton.task.task import Task

Loss = Callable[[Array, Array], Array]  #: answers and targets (rows,) to losses (rows,)

#: Metrics a median is best for.
ABSOLUTE = ("mae", "wape")
#: Metrics for which an answer that was found as a logarithm needs no correction toward the mean.
MEDIANS = (*ABSOLUTE, "mape", "smape", "rmsle")
_LEAST = 1e-9  # the rate below which an answer counts as this


def loss_of(task: Task) -> Loss:
    """The loss of a task with a number as its answer; squared where its metric is no sum over rows that is known."""
    return row_loss(task.metric, task.output_type.quantile)


def row_loss(metric: str | None, quantile: float | None = None) -> Loss:
    """The loss of a metric; of a task that asks for a quantile the pinball loss."""
    if quantile is not None:
        return partial(_pinball, quantile=quantile)
    if metric in ABSOLUTE:
        return _absolute
    return _BY_NAME.get(metric or "", _squared)


def _squared(answers: Array, target: Array) -> Array:
    return np.asarray(np.square(answers - target))


def _absolute(answers: Array, target: Array) -> Array:
    return np.asarray(np.abs(answers - target))


def _pinball(answers: Array, target: Array, quantile: float) -> Array:
    below = target - answers
    return np.maximum(quantile * below, (quantile - 1) * below)


def _logs(answers: Array, target: Array) -> Array:
    return np.asarray(np.square(np.log1p(np.maximum(answers, 0.0)) - np.log1p(np.maximum(target, 0.0))))


def _percentage(answers: Array, target: Array) -> Array:
    size = np.abs(target)
    return np.where(size > 0, np.abs(answers - target) / np.where(size > 0, size, 1.0), 0.0)


def _symmetric(answers: Array, target: Array) -> Array:
    size = np.abs(answers) + np.abs(target)
    return np.asarray(2 * np.abs(answers - target) / np.where(size > 0, size, 1.0))


def _deviance(answers: Array, target: Array) -> Array:
    rate = np.maximum(answers, _LEAST)
    some = target > 0
    logs = np.where(some, np.log(np.where(some, target, 1.0)) - np.log(rate), 0.0)
    return np.asarray(2 * (target * logs - target + rate))


_BY_NAME: dict[str, Loss] = {
    "rmsle": _logs,
    "mape": _percentage,
    "smape": _symmetric,
    "poisson_deviance": _deviance,
}

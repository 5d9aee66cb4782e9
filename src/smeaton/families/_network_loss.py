"""What a net is trained to lower: gradients of weighted losses with respect to its scores, and where scores begin."""

from collections.abc import Callable

import numpy as np

from smeaton.data.fold import Rows
from smeaton.families._ending import ABSOLUTE, ClassEnding, NumberEnding
from smeaton.families._network_net import Slope
from smeaton.task.table import Array


def first_scores(ending: ClassEnding | NumberEnding) -> Array:
    """The scores of a net that knows the targets alone: zero for standardised numbers, the logarithms of shares."""
    if isinstance(ending, NumberEnding):
        return np.zeros(1)
    logs = np.log(ending.prior)
    centred: Array = logs[1:] - logs[:1] if len(logs) == 2 else logs - logs.mean()
    return centred


def slopes(ending: ClassEnding | NumberEnding, rows: Rows, metric: str | None) -> Callable[[Array], Slope]:
    """For the positions of some rows, the gradient of their mean loss: log-loss for classes, squared error for numbers
    (absolute for `ABSOLUTE` metrics)."""
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight / max(float(rows.weight.mean()), 1e-300)
    weights = weight.astype(np.float32)

    def share(chosen: Array) -> Array:
        return (weights[chosen] / np.float32(len(chosen)))[None, :, None]

    if isinstance(ending, NumberEnding):
        target = ending.start(rows.y).astype(np.float32)
        make = _absolute if metric in ABSOLUTE else _squared
        return lambda chosen: make(target[None, chosen, None], share(chosen))
    if len(ending.prior) == 2:
        code = rows.y.astype(np.float32)
        return lambda chosen: _logistic(code[None, chosen, None], share(chosen))
    return lambda chosen: _softmax(rows.y[chosen], share(chosen))


def _squared(target: Array, share: Array) -> Slope:
    return lambda scores: (scores - target) * share


def _absolute(target: Array, share: Array) -> Slope:
    return lambda scores: np.sign(scores - target) * share


def _logistic(target: Array, share: Array) -> Slope:
    def slope(scores: Array) -> Array:
        yes = 0.5 * (1 + np.tanh(scores / 2))  # a sigmoid that cannot overflow
        found: Array = (yes - target) * share
        return found

    return slope


def _softmax(code: Array, share: Array) -> Slope:
    rows = np.arange(len(code))

    def slope(scores: Array) -> Array:
        raised: Array = np.exp(scores - scores.max(axis=2, keepdims=True))
        raised /= raised.sum(axis=2, keepdims=True)
        raised[:, rows, code] -= 1
        raised *= share
        return raised

    return slope

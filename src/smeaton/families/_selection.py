"""Greedy selection of an ensemble with replacement (Caruana et al. 2004)."""

import numpy as np

from smeaton.families._ensemble import Loss
from smeaton.task.table import Array

_STEPS = 30  # picks of the greedy selection: no weight is smaller than one in so many
_GAIN = 1e-7  # of the loss, relative: a pick that brings less is not made


def select(answers: Array, target: Array, weight: Array, loss: Loss) -> Array:
    """How often each column of `answers` (rows, members) is picked: each pick lowers the loss of the mean the most."""
    counts = np.zeros(answers.shape[1], dtype=np.int64)
    total = np.zeros(len(answers))
    now = np.inf
    for step in range(1, _STEPS + 1):
        losses = [loss((total + column) / step, target, weight) for column in answers.T]
        best = int(np.argmin(losses))
        if losses[best] > now * (1 - _GAIN) and step > 1:
            break
        counts[best] += 1
        total += answers[:, best]
        now = losses[best]
    return counts

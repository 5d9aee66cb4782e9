"""Counts behind precision, recall and F1."""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics._read import codes, label_sets
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def binary(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    """True positives, false positives, false negatives of the second label, (rows, 3).

    An invalid answer is wrong either way: it misses a positive, or raises a false alarm on a negative.
    """
    code = codes(answers, labels, len(target))
    positive = target == 1
    said = np.where(code < 0, ~positive, code == 1)
    return np.stack([said & positive, said & ~positive, ~said & positive], axis=1)


def per_label(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    """For each label whether the answer is right about it, names it, should name it: (rows, 3 x labels), in blocks.

    An invalid answer misses its label and is a false alarm spread evenly over the others, as a blind guess would be;
    with any number of labels it misses all and is a false alarm on all others.
    """
    if target.ndim == 2:
        chosen, true = label_sets(answers, target, labels), target.astype(bool)
        return np.concatenate([chosen & true, chosen, true], axis=1, dtype=np.float32)
    code = codes(answers, labels, len(target))
    every = np.arange(len(labels))
    truth = target[:, None] == every
    said = (code[:, None] == every).astype(np.float32)
    lost = code < 0
    said[lost] = ~truth[lost] / max(len(labels) - 1, 1)
    return np.concatenate([said * truth, said, truth], axis=1, dtype=np.float32)

"""Rows with the same inputs and different targets: noise in the labels, or a column that is missing."""

from dataclasses import dataclass

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.quality.keys import row_keys
from smeaton.task.table import Array, take


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Groups of positions of rows with the same inputs that disagree on the target, the largest first; how many rows
    are in them; and how many of those looked at (`of`) are right if each is answered as most of its group are."""

    groups: tuple[tuple[int, ...], ...]
    rows: int
    right: int
    of: int


def conflicts(dataset: Dataset, rows: Array, most: int = 20) -> Conflicts:
    """Conflicts among some rows; `most` groups are named."""
    if not dataset.table or not len(rows):
        return Conflicts((), 0, 0, len(rows))
    inputs = row_keys(take(dataset.table, rows))
    answers = row_keys({}, np.asarray(dataset.target[rows]))
    _, group, sizes = np.unique(inputs, return_inverse=True, return_counts=True)
    pairs, count = np.unique(np.stack([group.astype(np.uint64), answers]), axis=1, return_counts=True)
    owner = pairs[0].astype(np.int64)
    kinds = np.bincount(owner, minlength=len(sizes))
    common = np.zeros(len(sizes), dtype=np.int64)
    np.maximum.at(common, owner, count)
    mixed = np.flatnonzero(kinds > 1)
    largest = mixed[np.argsort(-sizes[mixed], kind="stable")][:most]
    named = tuple(tuple(rows[np.flatnonzero(group == one)].tolist()) for one in largest)
    return Conflicts(named, int(sizes[mixed].sum()), int(common.sum()), len(rows))

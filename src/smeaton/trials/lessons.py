"""From which held-out rows others are judged, so that no row is judged by what was learnt from it or from its future.

| rows | judged by what is learnt from |
|---|---|
| several folds | the other folds |
| one fold | the other four fifths of its held-out rows; groups stay whole |
| with a time | rows before it; the oldest rows are judged by nobody |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex

PARTS = 5
NEWEST_ROWS = 200  # the newer half of rows with a time is at least so many, where there are so many
NO_JUDGE = -1


@dataclass(frozen=True, slots=True)
class Lesson:
    """Held-out rows (mask) that one judge judges, and those (mask) it learns from."""

    judges: Array
    learns: Array


def lessons(dataset: "Dataset", folds: "Sequence[FoldIndex]", *, newest: bool = False) -> list[Lesson]:
    """The lessons over the held-out rows of all folds, in fold order; `newest`: of rows before the newer half."""
    rows = np.concatenate([fold.held for fold in folds])
    part = _parts(dataset, folds, rows)
    numbers = np.unique(part).tolist()
    if dataset.time is None:
        return [Lesson(part == number, part != number) for number in numbers if (part != number).any()]
    time = np.asarray(dataset.time[rows])
    older = [(number, part < number) for number in numbers if number != numbers[0]]
    return [Lesson(part == number, newer_half(time, some) if newest else some) for number, some in older]


def newer_half(time: Array, among: Array) -> Array:
    """The newer half of some rows, more where that is few: a mask."""
    moments = np.sort(time[among])
    if not len(moments):
        return among
    wanted = min(len(moments), max(len(moments) // 2, NEWEST_ROWS))
    return np.asarray(among & (time >= moments[-wanted]))


def _parts(dataset: "Dataset", folds: "Sequence[FoldIndex]", rows: Array) -> Array:
    """The part each held-out row is judged with, (rows,): the older the moment, the lower the part."""
    if dataset.time is not None:
        moments, code = np.unique(dataset.time[rows], return_inverse=True)
        return np.asarray(code * (2 * PARTS) // max(len(moments), 1))
    if len(folds) > 1:
        return np.repeat(np.arange(len(folds)), [len(fold.held) for fold in folds])
    if dataset.group is not None:
        return np.asarray(np.unique(dataset.group[rows], return_inverse=True)[1] % PARTS)
    return np.arange(len(rows)) % PARTS

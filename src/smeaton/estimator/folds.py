"""Folds of very few rows, where the usual ones would leave nothing to fit on."""

import numpy as np

from smeaton.data._deal import deal_rows, pick_rows
from smeaton.data.split import FoldIndex
from smeaton.task.table import Array

#: Fewer rows than this are split here.
FEW = 20
_MOST = 5


def few_folds(classes: Array, seed: int) -> list[FoldIndex]:
    """At most five folds of (rows,) class codes, all 0 where rows have none: each row is held out once, but the only
    row of a class never is; one row is left to stop on. At least 3 rows are wanted."""
    rng = np.random.default_rng([seed, 2])
    every = np.arange(len(classes))
    dealt = deal_rows(classes, min(_MOST, len(classes)), rng)
    folds = []
    for part in range(int(dealt.max()) + 1):
        held = dealt == part
        rest = every[~held]
        stop = pick_rows(classes[rest], 1 / len(rest), 1, rng)
        if not stop.any():
            stop = pick_rows(classes[rest], 1 / len(rest), 0, rng)
        folds.append(FoldIndex(rest[~stop], rest[stop], every[held]))
    return folds

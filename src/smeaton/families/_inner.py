"""Splits inside a fold: parts of its training rows, each to be answered by what was learnt on the others.

Groups stay whole. Rows in time order are answered by what is older alone, as they will be once the program serves.
"""

from collections.abc import Iterator

import numpy as np

from smeaton.data._deal import deal_groups, deal_rows
from smeaton.data.fold import Rows
from smeaton.task.table import Array


def inner_parts(rows: Rows, parts: int, seed: int, classes: bool) -> Iterator[tuple[Array, Array]]:
    """Pairs (positions to learn from, positions to answer); every row is answered at most once.

    With `time` the oldest of `parts` + 1 blocks is answered by none: the caller gives those rows what it gives a value
    it has never seen. The only row of a class is always learnt from.
    """
    every = np.arange(len(rows))
    if rows.time is not None:
        order = np.argsort(rows.time, kind="stable")
        block = np.empty(len(rows), dtype=np.int64)
        block[order] = every * (parts + 1) // max(1, len(rows))
        for number in range(1, parts + 1):
            held = every[block == number]
            if not len(held):
                continue
            older = rows.time < rows.time[held].min()
            if rows.group is not None:
                older &= ~np.isin(rows.group, rows.group[held])
            yield every[older], held
        return
    rng = np.random.default_rng([seed, 83])
    y = rows.y if classes else np.zeros(len(rows), dtype=np.int64)
    if rows.group is not None:
        parts = min(parts, len(np.unique(rows.group)))
        dealt = deal_groups(rows.group, y, [1 / parts] * parts, rng) if parts > 1 else np.full(len(rows), -1)
    else:
        dealt = deal_rows(y, parts, rng)
    for number in range(parts):
        if (dealt == number).any():
            yield every[dealt != number], every[dealt == number]

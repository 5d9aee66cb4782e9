"""Bins of about equally many rows."""

import numpy as np

from smeaton.task.table import Array


def starts(ranked: Array, count: int) -> Array:
    """Where about `count` bins of about equally many values begin in values sorted from low to high. Equal values stay
    together; a value that fills a bin or more has one of its own."""
    if not len(ranked):
        return np.zeros(0, dtype=np.int64)
    edges = ranked[np.linspace(0, len(ranked), count + 1).astype(np.int64)[1:-1]]
    values, times = np.unique(edges, return_counts=True)
    begin, end = np.searchsorted(ranked, values), np.searchsorted(ranked, values[times > 1], side="right")
    found = np.unique(np.concatenate([[0], begin, end]))
    return np.asarray(found[found < len(ranked)])


def bins(values: Array, most: int, fewest: int) -> list[Array]:
    """Positions of rows in at most about `most` such bins, by value, of about `fewest` rows at least."""
    order = np.argsort(values, kind="stable")
    first = starts(values[order], int(np.clip(len(order) // fewest, 1, most)))
    return np.split(order, first[1:]) if len(first) else []

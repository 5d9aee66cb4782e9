"""Dealing rows and groups into parts of given shares, evenly over classes."""

from collections.abc import Sequence

import numpy as np

from smeaton.task.table import Array

#: More groups than this are dealt by size alone: with so many, chance keeps the classes even.
_MANY_GROUPS = 20_000


def pick_rows(y: Array, share: float, keep: int, rng: np.random.Generator) -> Array:
    """A mask of about `share` of the rows, at least one if it can be; `keep` rows of each class stay out of it.

    `y` are codes of classes (all 0 where rows have none).
    """
    picked = np.zeros(len(y), dtype=bool)
    classes, counts = np.unique(y, return_counts=True)
    wanted = share * counts
    room = np.maximum(counts - keep, 0)
    take = np.minimum(np.floor(wanted).astype(np.int64), room)
    left = max(round(share * len(y)), 1) - int(take.sum())
    # The largest remainders first, ties by chance.
    for place in np.lexsort((rng.random(len(classes)), take - wanted)):
        if left > 0 and take[place] < room[place]:
            take[place] += 1
            left -= 1
    for rows, count in zip(_by_class(y), take, strict=True):
        picked[rng.permutation(rows)[:count]] = True
    return picked


def deal_rows(y: Array, parts: int, rng: np.random.Generator) -> Array:
    """The part of each row: parts of equal size, classes even over them. -1 for the only row of a class."""
    dealt = np.full(len(y), -1, dtype=np.int64)
    turn = 0
    for rows in _by_class(y):
        if len(rows) > 1 or len(y) == len(rows):
            dealt[rng.permutation(rows)] = (turn + np.arange(len(rows))) % parts
            turn += len(rows)
    return dealt


def deal_groups(group: Array, y: Array, shares: Sequence[float], rng: np.random.Generator) -> Array:
    """The part of each row; a group is in one part only, and no part is empty (if there are groups enough).

    Greedy, largest group first, to where it brings rows and classes nearest to the shares (as StratifiedGroupKFold of
    scikit-learn does with standard deviations).
    """
    names, codes = np.unique(group, return_inverse=True)
    sizes = np.bincount(codes)
    if len(names) > _MANY_GROUPS:
        order = rng.permutation(len(names))
        middle = np.cumsum(sizes[order]) - sizes[order] / 2
        home = np.empty(len(names), dtype=np.int64)
        home[order] = np.searchsorted(np.cumsum(shares)[:-1] * len(group), middle)
    else:
        home = _greedy(codes, y, np.asarray(shares, dtype=np.float64), rng)
    for part in range(len(shares)):
        held = np.bincount(home, minlength=len(shares))
        if held[part] == 0 and held.max() > 1:
            rich = np.flatnonzero(home == held.argmax())
            home[rich[sizes[rich].argmin()]] = part
    dealt: Array = home[codes]
    return dealt


def _greedy(codes: Array, y: Array, shares: Array, rng: np.random.Generator) -> Array:
    classes = np.unique(y, return_inverse=True)[1]
    counts = np.zeros((int(codes.max()) + 1, int(classes.max()) + 1))
    np.add.at(counts, (codes, classes), 1)
    total = counts.sum(axis=0)
    missing = shares[:, None] * total[None, :]
    home = np.empty(len(counts), dtype=np.int64)
    for place in np.lexsort((rng.random(len(counts)), -counts.sum(axis=1))):
        # What the squared distance to the shares grows by, for each part.
        growth = ((counts[place] * (counts[place] - 2 * missing)) / total).sum(axis=1)
        best = int(growth.argmin())
        home[place] = best
        missing[best] -= counts[place]
    return home


def _by_class(y: Array) -> list[Array]:
    order = np.argsort(y, kind="stable")
    edges = np.flatnonzero(np.diff(y[order])) + 1
    return np.split(order, edges) if len(y) else []

"""Exact Shapley values of sums of trees, one row against one row of reference, all leaves at once.

A leaf answers for a set of columns exactly if each column on its way agrees with it: the row's own value if the column
is in the set, the reference's if not. With `u` columns on the way whose own value alone agrees and `w` whose reference
alone does, each of the first is worth (u-1)! w! / (u+w)! of the leaf, each of the others -u! (w-1)! / (u+w)!
(interventional TreeSHAP; Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for
trees"). Features that are made from one column go with it.
"""

from functools import cache
from math import comb

import numpy as np

from smeaton.explain.tree_tables import Trees
from smeaton.task.table import Array


class TreeShapley:
    """An ensemble whose features belong to `owner` (features,): the place of a player, -1 for those that never differ.
    `worth` (leaves,) is what each leaf adds to the number explained."""

    def __init__(self, trees: Trees, owner: Array, worth: Array, players: int) -> None:
        self.trees, self.worth, self.players = trees, worth, players
        paths = trees.paths
        owner = owner[trees.features[paths.node]]
        order = np.lexsort((owner, paths.leaf))
        self._node, self._true = paths.node[order], paths.true[order]
        leaf, owner = paths.leaf[order], owner[order]
        new = np.flatnonzero((np.diff(leaf, prepend=-1) != 0) | (np.diff(owner, prepend=-2) != 0))
        self._groups, self._owner = new, owner[new]
        leaves = leaf[new]
        self._leaves = np.flatnonzero(np.diff(leaves, prepend=-1))
        self._leaf = leaves[self._leaves]
        self._sizes = np.diff(np.append(self._leaves, len(leaves)))

    def shares(self, row: Array, reference: Array) -> Array:
        """What each player adds, (players,): the mean over the rows of reference. `row` (1, features), `reference`
        (n, features), as the ensemble gets them."""
        own = self._agree(self.trees.decide(row)[0])
        total = np.zeros(self.players)
        for other in self.trees.decide(reference):
            total += self._against(own, self._agree(other))
        return total / len(reference)

    def _agree(self, decisions: Array) -> Array:
        """Whether all conditions of a group (one leaf, one owner) hold."""
        return np.asarray(np.logical_and.reduceat(decisions[self._node] == self._true, self._groups))

    def _against(self, own: Array, other: Array) -> Array:
        mine, theirs = own & ~other, other & ~own
        dead = np.logical_or.reduceat(~own & ~other, self._leaves)
        u, w = (np.add.reduceat(part.astype(np.int64), self._leaves) for part in (mine, theirs))
        worth = np.where(dead, 0.0, self.worth[self._leaf])
        plus, minus = (np.repeat(worth * weight, self._sizes) for weight in _weights(u, w))
        shares = np.where(mine, plus, 0.0) - np.where(theirs, minus, 0.0)
        known = self._owner >= 0
        return np.bincount(self._owner[known], weights=shares[known], minlength=self.players)


def _weights(u: Array, w: Array) -> tuple[Array, Array]:
    """(u-1)! w! / (u+w)! and u! (w-1)! / (u+w)!, 0 where the part without a member is not asked for."""
    table = _table(int(u.max(initial=0)), int(w.max(initial=0)))
    return table[0][u, w], table[1][u, w]


@cache
def _table(most_u: int, most_w: int) -> tuple[Array, Array]:
    plus, minus = (np.zeros((most_u + 1, most_w + 1)) for _ in range(2))
    for u in range(most_u + 1):
        for w in range(most_w + 1):
            plus[u, w] = 1.0 / (u * comb(u + w, u)) if u else 0.0
            minus[u, w] = 1.0 / (w * comb(u + w, w)) if w else 0.0
    return plus, minus

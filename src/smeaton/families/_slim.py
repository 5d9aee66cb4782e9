"""Boosted trees cut back: as few trees with as few splits as answer as well on the stop rows.

Each split must lower the training loss of a row by more than one number for all trees, the `complexity`
(cost-complexity pruning, Breiman et al. 1984, by LightGBM's gains). That number and the rounds are chosen together: of
all pairs that lose no more than one standard error of the difference to the best, and no more than a small part of what
was won over a constant answer, the one with the fewest splits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smeaton.compile.trees import Forest, Node, Tree, read_lightgbm
from smeaton.data.fold import Rows
from smeaton.families._ending import ClassEnding, NumberEnding
from smeaton.families._losses import row_loss
from smeaton.task.table import Array

#: Of what was won over a constant answer, or of what is still lacking: the most that may be lost. The board decides by
#: all rows, and with less than this the noise of few stop rows keeps every tree.
_SHARE = 0.01
_SHARES = (0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.87, 0.93)  # of the splits of all trees that a complexity takes away
_PLACES = 30  # numbers of rounds that are judged

#: Loss of each row from scores (rows, targets).
Losses = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Slim:
    """A forest cut back by `complexity`, and the value that each leaf of the trees as they were fitted has now: tree by
    tree, the first leaf of each at its entry of `firsts`."""

    forest: Forest
    values: Array
    firsts: Array
    complexity: float

    @property
    def rounds(self) -> int:
        """Trees for each score."""
        return len(self.forest.trees) // self.forest.targets

    def scores(self, leaves: Array) -> Array:
        """Sums (rows, targets), in double, for the leaves (rows, trees) that LightGBM says rows fall into."""
        targets, trees = self.forest.targets, len(self.forest.trees)
        reached = self.values[leaves[:, :trees] + self.firsts[:trees]]
        total: Array = np.column_stack([reached[:, target::targets].sum(axis=1) for target in range(targets)])
        return total


@dataclass(frozen=True, slots=True)
class _Splits:
    """The trees of a dump as arrays, one tree behind the other. Of each split its `gain` a row and its children:
    positions of splits, or ~position of a leaf. Of each leaf its `value` and the weight of the rows it was fitted on.
    """

    forest: Forest
    roots: Array  # of each tree: a split, or ~leaf
    firsts: Array  # the first leaf of each tree
    left: Array
    right: Array
    gain: Array
    value: Array
    weight: Array

    def levels(self) -> list[Array]:
        """The splits by their distance from the roots."""
        found = [self.roots[self.roots >= 0]]
        while len(found[-1]):
            below = np.concatenate([self.left[found[-1]], self.right[found[-1]]])
            found.append(below[below >= 0])
        return found[:-1]

    def kept(self, complexity: float, levels: Sequence[Array]) -> Array:
        """Which splits are part of the subtree of least (loss + complexity x splits), as a mask."""
        worth = np.append(np.zeros(len(self.gain)), 0.0)  # the last entry stands for leaves
        for level in reversed(levels):
            children = (np.where(side[level] >= 0, side[level], -1) for side in (self.left, self.right))
            below = sum(worth[child] for child in children)
            worth[level] = np.maximum(0.0, self.gain[level] - complexity + below)
        kept: Array = worth[:-1] > 0
        for level in levels:
            for side in (self.left, self.right):
                child = side[level]
                kept[child[child >= 0]] &= kept[level[child >= 0]]
        return kept

    def values(self, kept: Array, levels: Sequence[Array]) -> Array:
        """The value of each leaf as it was fitted, where those under a split that went share their weighted mean."""
        top = np.arange(len(self.gain))  # the highest split that went, above each one that went
        over = np.full(len(self.value), -1)
        for level in levels:
            gone = ~kept[level]
            for side in (self.left, self.right):
                child = side[level]
                inner, leaf = gone & (child >= 0), gone & (child < 0)
                top[child[inner]] = top[level[inner]]
                over[~child[leaf]] = top[level[leaf]]
        merged = over >= 0
        share = np.maximum(self.weight[merged], 1e-12)
        size = len(self.gain)
        sums = np.bincount(over[merged], weights=share * self.value[merged], minlength=size)
        mean = sums / np.maximum(np.bincount(over[merged], weights=share, minlength=size), 1e-300)
        values = self.value.copy()
        values[merged] = mean[over[merged]]
        return values

    def cut(self, rounds: int, complexity: float) -> Slim:
        """The first rounds, cut back."""
        levels = self.levels()
        kept = self.kept(complexity, levels)
        values = self.values(kept, levels)
        trees = self.forest.trees[: rounds * self.forest.targets]
        places = np.cumsum([0, *(len(tree.nodes) for tree in trees)])
        cut = [
            _cut(tree, kept[places[i] : places[i + 1]], values[self.firsts[i] : self.firsts[i] + len(tree.leaves)])
            for i, tree in enumerate(trees)
        ]
        return Slim(replace(self.forest, trees=tuple(cut)), values, self.firsts, complexity)


def cut_back(text: str, complexity: float) -> Slim:
    """All trees of LightGBM's dump (`Booster.model_to_string`), cut back by a complexity."""
    splits = _read(text)
    return splits.cut(len(splits.roots) // splits.forest.targets, complexity)


def choose_slim(text: str, leaves: Array, losses: Losses, weight: Array | None, start: Array) -> Slim:
    """The trees of LightGBM's dump with the rounds and the complexity that the stop rows ask for. `leaves` (rows,
    trees) are where these rows fall, `start` (targets,) the scores of a constant answer, `weight` that of the rows."""
    splits = _read(text)
    levels, targets = splits.levels(), splits.forest.targets
    rounds = len(splits.roots) // targets
    places = np.unique(np.geomspace(min(5, rounds), rounds, _PLACES).astype(np.int64))
    ends = np.cumsum([len(tree.nodes) for tree in splits.forest.trees])[places * targets - 1] - 1
    ordered = np.sort(splits.gain)
    complexities = [0.0, *(float(ordered[int(share * len(ordered))]) for share in _SHARES if len(ordered))]
    tried: list[tuple[int, int, float]] = []
    rows: list[Array] = []
    for complexity in complexities:
        kept = splits.kept(complexity, levels)
        reached = splits.values(kept, levels)[leaves + splits.firsts]
        sums = np.stack([np.cumsum(reached[:, target::targets], axis=1) for target in range(targets)], axis=2)
        sizes = np.append(np.cumsum(kept), 0)  # the last entry stands for no split at all
        tried.extend(
            (int(sizes[end]) + place * targets, place, complexity) for end, place in zip(ends, places, strict=True)
        )
        rows.extend(losses(sums[:, place - 1]) for place in places)
    constant = losses(np.tile(start, (len(leaves), 1)))
    share = np.ones(len(leaves)) if weight is None else weight
    _, place, complexity = tried[_fewest([size for size, _, _ in tried], rows, constant, share)]
    return splits.cut(int(place), complexity)


def row_losses(ending: ClassEnding | NumberEnding, rows: Rows, metric: str | None) -> Losses:
    """The log-loss of each row, or what its number costs by the metric."""

    def losses(scores: Array) -> Array:
        answers = ending.finish(scores)
        if isinstance(ending, ClassEnding):
            chance: Array = -np.log(np.maximum(answers[np.arange(len(rows)), rows.y], 1e-15))
            return chance
        return row_loss(metric, ending.quantile)(answers, rows.y)

    return losses


def start_of(ending: ClassEnding | NumberEnding) -> Array:
    """The scores of a constant answer, (targets,)."""
    if isinstance(ending, NumberEnding):
        return np.array([ending.centre])
    logs: Array = np.log(ending.prior)
    return logs if len(logs) > 2 else logs[1:] - logs[:1]


def _fewest(sizes: Sequence[int], rows: Sequence[Array], constant: Array, weight: Array) -> int:
    """Which is the smallest among those that answer nearly as well as the best; `rows` are the losses of each."""
    means = [float(np.average(loss, weights=weight)) for loss in rows]
    best = int(np.argmin(means))
    won = float(np.average(constant, weights=weight)) - means[best]
    allowed = _SHARE * max(0.0, min(won, means[best]))

    def near(number: int) -> bool:
        off = means[number] - means[best]
        spread = np.average(np.square(rows[number] - rows[best] - off), weights=weight) / max(1, len(weight) - 1)
        return number == best or off <= min(float(np.sqrt(spread)), allowed)

    return min(filter(near, range(len(sizes))), key=lambda number: (sizes[number], means[number]))


def _cut(tree: Tree, kept: Array, values: Array) -> Tree:
    """A tree with the splits of the mask `kept` alone; `values` are those its leaves have then."""
    nodes: list[Node] = []
    leaves: list[float] = []

    def take(child: int) -> int:
        """Copy what is at or under a child; its place in the new tree."""
        if child >= 0 and kept[child]:
            place, old = len(nodes), tree.nodes[child]
            nodes.append(old)
            left = take(old.left)
            nodes[place] = replace(old, left=left, right=take(old.right))
            return place
        while child >= 0:
            child = tree.nodes[child].left  # all leaves under it have one value
        leaves.append(float(values[~child]))
        return -len(leaves)

    take(0 if tree.nodes else -1)
    return Tree(tuple(nodes), tuple(leaves), tree.target)


def _read(text: str) -> _Splits:
    forest = read_lightgbm(text)
    blocks = text.split("\nTree=")[1:]
    nodes = np.cumsum([0, *(len(tree.nodes) for tree in forest.trees)])
    firsts = np.cumsum([0, *(len(tree.leaves) for tree in forest.trees)])
    roots: list[int] = []
    left: list[int] = []
    right: list[int] = []
    gains, weights = [np.zeros(0)], []
    rows = 1
    for number, (tree, block) in enumerate(zip(forest.trees, blocks, strict=True)):
        node, leaf = int(nodes[number]), int(firsts[number])
        roots.append(node if tree.nodes else ~leaf)
        for side, name in ((left, "left"), (right, "right")):
            children = (getattr(one, name) for one in tree.nodes)
            side.extend(child + node if child >= 0 else ~(~child + leaf) for child in children)
        fields: dict[str, Any] = dict(line.split("=", 1) for line in block.split("\n") if "=" in line)
        if tree.nodes and not number:
            rows = sum(map(int, fields["leaf_count"].split()))
        gains.append(np.array(fields["split_gain"].split(), dtype=np.float64) if tree.nodes else np.zeros(0))
        weights.append(np.array(fields["leaf_weight"].split(), dtype=np.float64) if tree.nodes else np.ones(1))
    value = np.concatenate([tree.leaves for tree in forest.trees])
    return _Splits(
        forest,
        np.array(roots),
        firsts[:-1],
        np.array(left, dtype=np.int64),
        np.array(right, dtype=np.int64),
        np.concatenate(gains) / rows,
        value,
        np.concatenate(weights),
    )

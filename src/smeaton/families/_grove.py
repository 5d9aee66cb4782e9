"""Forests by scikit-learn: trees grown one by one until the clock says so, then cut back and shrunk in one go.

How far the trees are cut back (nodes of few rows do not split) and how far a node's answer is drawn toward its parent's
(hierarchical shrinkage, Agarwal et al. 2022) need no second fit, so many sizes are judged on the stop rows.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.extras import needs
from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.trees_forest import Grove

_SIZES = (1, 5, 10, 20, 40, 80)  # rows (of mean weight) below which a node does not split
_SHRINKAGES = (0.0, 2.0, 10.0, 50.0)
_DEFAULT = (10.0, 2.0)  # where there are no rows to judge on
_MOST_LEAVES, _LEAVES_OF_A_ROW = 40_000, 12  # of all trees: about a megabyte; up to three times as many for more rows
_MOST_CELLS = 1_500_000  # leaves x values
_MOST_GROWN = 4_000_000  # nodes x values while fitting
_JUDGED = 2_000  # rows that sizes are judged on


@dataclass(frozen=True, slots=True)
class Cut:
    """Which nodes split; for every node the one that answers in its place (itself, or the one above it at which its
    tree was cut); and what those answer with, (nodes, values). `least` and `shrinkage` say how it came about."""

    splits: Array
    owner: Array
    values: Array
    least: float
    shrinkage: float


@dataclass(frozen=True)
class Grown:
    """Trees with, for each node, its answer (nodes, values) and the weight of its rows, in rows."""

    trees: tuple[Any, ...]
    grove: "Grove"
    values: Array
    weight: Array

    def leaves(self, matrix: Array) -> Array:
        """The nodes that rows of a single-precision matrix end in, by scikit-learn itself: (rows, trees)."""
        found = [tree.apply(matrix) + root for tree, root in zip(self.trees, self.grove.roots, strict=True)]
        return np.column_stack(found)

    def cut(self, least: float, shrinkage: float) -> Cut:
        """The trees without splits of nodes that weigh less than `least`, shrunk."""
        grove = self.grove
        splits = (grove.left >= 0) & (self.weight >= least)
        owner = np.arange(len(self.weight))
        for parents in _levels(grove):
            dead = parents[~splits[parents]]
            for child in (grove.left[dead], grove.right[dead]):
                owner[child], splits[child] = owner[dead], False
        pull = 1.0 / (1.0 + shrinkage / np.maximum(self.weight, 1e-12))
        values = np.zeros_like(self.values)
        values[grove.roots] = self.values[grove.roots]
        for parents in _levels(grove):
            alive = parents[splits[parents]]
            for child in (grove.left[alive], grove.right[alive]):
                values[child] = values[alive] + pull[alive, None] * (self.values[child] - self.values[alive])
        return Cut(splits, owner, values, least, shrinkage)

    def medians(self, cut: Cut, leaves: Array, y: Array, weight: Array | None) -> Cut:
        """The same with the weighted median of the rows in each leaf as its answer: best for absolute errors."""
        values = cut.values.copy()
        share = np.ones(len(y)) if weight is None else weight
        for ends in cut.owner[leaves].T:
            order = np.lexsort((y, ends))
            own, sums = ends[order], np.cumsum(share[order])
            first = np.flatnonzero(np.r_[True, own[1:] != own[:-1]])
            before = np.r_[0.0, sums[first[1:] - 1]]
            total = np.r_[before[1:], sums[-1]] - before
            spot = np.searchsorted(sums, before + 0.5 * total)
            values[own[first], 0] = y[order][np.minimum(spot, np.r_[first[1:], len(own)] - 1)]
        return replace(cut, values=values)


def mean_of(cut: Cut, leaves: Array) -> Array:
    """Means over the trees of the answers (rows, values) of the nodes (rows, trees) that rows end in, tree by tree."""
    total = np.zeros((len(leaves), cut.values.shape[1]))
    for ends in cut.owner[leaves].T:
        total += cut.values[ends]
    mean: Array = total / leaves.shape[1]
    return mean


def _levels(grove: "Grove") -> Iterator[Array]:
    """The nodes that have children, level by level from the roots."""
    level = grove.roots
    while len(level):
        level = level[grove.left[level] >= 0]
        if len(level):
            yield level
        level = np.concatenate([grove.left[level], grove.right[level]])


@dataclass(frozen=True, slots=True)
class Seed:
    """What trees are grown from: a single-precision matrix, targets (class codes, or scores), weights or None, how many
    classes (0 = numbers), the configuration, the seed and threads."""

    matrix: Array
    y: Array
    weight: Array | None
    classes: int
    given: Mapping[str, Any]
    seed: int
    threads: int

    @property
    def values(self) -> int:
        """Values that a leaf holds."""
        return self.classes if self.classes > 2 else 1

    def grow(self, most: int, deadline: float) -> Grown:
        """Grow trees until there are `most` or the moment has come; at least one for each thread."""
        seeds = np.random.default_rng([self.seed, 131]).integers(2**31 - 1, size=(most, 2))
        grown: list[Any] = []
        with ThreadPoolExecutor(self.threads) as pool:
            while len(grown) < most and (not grown or time.monotonic() < deadline):
                grown.extend(pool.map(self._tree, seeds[len(grown) : len(grown) + self.threads]))
        return self._gathered(grown)

    def _tree(self, seeds: Array) -> Any:
        with needs("build"):
            from sklearn import tree
        given = self.given
        kind = ("ExtraTree" if given["kind"] == "extra" else "DecisionTree") + (
            "Classifier" if self.classes else "Regressor"
        )
        model = getattr(tree, kind)(
            criterion="log_loss" if self.classes else "squared_error",
            max_features=given["max_features"],
            min_samples_leaf=self._least_leaf(),
            random_state=int(seeds[0]),
        )
        weight = self.weight
        if given["kind"] != "extra":  # a bootstrap sample
            drawn = np.random.default_rng(int(seeds[1])).integers(len(self.y), size=len(self.y))
            times = np.bincount(drawn, minlength=len(self.y)).astype(np.float64)
            weight = times if weight is None else times * weight
        return model.fit(self.matrix, self.y, sample_weight=weight)

    def _least_leaf(self) -> int:
        """Rows of a leaf: so many that the trees do not grow far beyond what is kept."""
        size, trees = len(self.y) * int(self.given["trees"]), self.values
        kept = size // (4 * most_leaves(self.values, len(self.y)))
        held = 2 * size * trees // _MOST_GROWN
        return max(int(self.given["min_samples_leaf"]), kept, held)

    def _gathered(self, models: list[Any]) -> Grown:
        from smeaton.compile.trees_forest import read_trees

        trees = tuple(model.tree_ for model in models)
        values = np.concatenate([tree.value[:, 0] for tree in trees]).astype(np.float64)
        if self.classes:
            full = np.zeros((len(values), max(2, self.classes)))
            full[:, models[0].classes_.astype(np.int64)] = values / values.sum(axis=1, keepdims=True)
            values = full if self.classes > 2 else full[:, 1:]
        weight = np.concatenate([tree.weighted_n_node_samples for tree in trees])
        scale = 1.0 if self.weight is None else float(self.weight.mean())
        return Grown(trees, read_trees(trees), values, weight / scale)


def most_leaves(values: int, rows: int = 0) -> int:
    """How many leaves the trees of a forest may have in all, fitted on so many rows."""
    return min(int(np.clip(_LEAVES_OF_A_ROW * rows, _MOST_LEAVES, 3 * _MOST_LEAVES)), _MOST_CELLS // values)


def sizes_of(grown: Grown, given: Mapping[str, Any], absolute: bool) -> list[tuple[float, float]]:
    """The pairs (`least`, `shrinkage`) to judge: what the configuration leaves open, as far as the trees stay small."""
    least = [float(size) for size in _SIZES] if given["least"] is None else [float(given["least"])]
    shrinkages = [0.0] if absolute else list(_SHRINKAGES) if given["shrinkage"] is None else [given["shrinkage"]]
    rows = round(float(grown.weight[grown.grove.roots].max()))
    most = most_leaves(grown.values.shape[1], rows)
    fitting = [size for size in least if _count(grown, size) <= most]
    size = least[-1]
    while not fitting:
        size *= 1.5
        fitting = [size] if _count(grown, size) <= most else []
    return list(product(fitting, shrinkages))


def default_size(sizes: list[tuple[float, float]]) -> tuple[float, float]:
    """The pair for trees that no rows judge."""
    return min(sizes, key=lambda pair: (abs(pair[0] - _DEFAULT[0]), abs(pair[1] - _DEFAULT[1])))


def _count(grown: Grown, least: float) -> int:
    return int(((grown.grove.left >= 0) & (grown.weight >= least)).sum()) + len(grown.trees)


def judged_rows(rows: int) -> Array:
    """Positions of the rows that sizes are judged on."""
    return np.unique(np.linspace(0, rows - 1, min(rows, _JUDGED)).astype(np.int64))


def best_cut(
    sizes: list[tuple[float, float]], make: Callable[[float, float], Cut], judge: Callable[[Cut], float]
) -> Cut:
    """The cut of least loss; the first of equals."""
    best: tuple[float, Cut] | None = None
    for size in sizes:
        cut = make(*size)
        loss = judge(cut)
        if best is None or loss < best[0]:
            best = loss, cut
    if best is None:
        raise ValueError("there is no size to try")
    return best[1]

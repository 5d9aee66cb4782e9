"""A `Forest` in numpy: the scores its trees give, by its own rules; and whether it is one at all."""

import numpy as np

from smeaton.compile.trees import ZERO, Forest, Tree
from smeaton.errors import ProgramError
from smeaton.task.table import Array


def forest_scores(forest: Forest, matrix: Array) -> Array:
    """Scores (n, targets), float64, of rows (n, features) with NaN for nulls: sums of the leaves each row reaches."""
    scores = np.zeros((len(matrix), forest.targets))
    for tree in forest.trees:
        scores[:, tree.target] += np.array(tree.leaves)[_leaves(tree, matrix)]
    return scores


def check_forest(forest: Forest) -> None:
    """Check that trees from a file are trees: whoever runs them follows their numbers without looking.

    Raises:
        ProgramError: a child does not stand behind its parent, is not there, or has two; a column is not there.
    """
    for number, tree in enumerate(forest.trees):
        children = [child for node in tree.nodes for child in (node.left, node.right)]
        parents = [place for place in range(len(tree.nodes)) for _ in range(2)]
        leaves = sorted(~child for child in children if child < 0)
        inner = sorted(child for child in children if child >= 0)
        whole = leaves == list(range(len(tree.leaves))) and inner == list(range(1, len(tree.nodes)))
        whole = whole if tree.nodes else len(tree.leaves) == 1
        behind = all(child < 0 or child > parent for child, parent in zip(children, parents, strict=True))
        known = all(0 <= node.feature < forest.features for node in tree.nodes)
        if not (whole and behind and known and 0 <= tree.target < forest.targets):
            raise ProgramError(f"its tree {number + 1} is none", fix="save the model again")


def _leaves(tree: Tree, matrix: Array) -> Array:
    """The number of the leaf that each row reaches."""
    if not tree.nodes:
        return np.zeros(len(matrix), dtype=np.int64)
    place = np.zeros(len(matrix), dtype=np.int64)
    for number, node in enumerate(tree.nodes):  # a child stands behind its parent
        here = np.flatnonzero(place == number)
        if len(here):
            column = matrix[here, node.feature]
            null = np.isnan(column) | (node.zero_null & (np.abs(column) <= ZERO))
            yes = column <= node.threshold if node.members is None else np.isin(column, node.members)
            place[here] = np.where(np.where(null, node.null_left, yes), node.left, node.right)
    return ~place

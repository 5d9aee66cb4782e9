"""Trees of scikit-learn into a `Forest`, and forests whose leaves hold several values.

The rules are those of scikit-learn 1.6 and later (`sklearn/tree/_tree.pyx`): a number goes left if float32(x) <= the
node's threshold, which is a double; a null goes where the node says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.compile._single import last_at_most
from smeaton.compile.graph import Graph
from smeaton.compile.trees import Forest, Node, Tree, add_forest
from smeaton.task.table import Array

_INT64 = 7  # onnx.TensorProto


@dataclass(frozen=True, slots=True)
class Grove:
    """Trees as arrays with one entry a node, one tree behind the other; parents come before their children.

    `left` and `right` are the children's positions (-1 where there is none), `null_left` says where a null goes;
    `roots` are the positions of the first nodes.
    """

    roots: Array
    left: Array
    right: Array
    feature: Array
    threshold: Array
    null_left: Array

    def forest(self, splits: Array, values: Array, features: int) -> Forest:
        """The trees as far as the nodes of the mask `splits` reach; where they end, the leaf is the node's entry of
        `values` (nodes,). All trees add to one score."""
        limits = self._limits()
        trees = [self._tree(int(root), splits, values, limits, 0) for root in self.roots]
        return Forest(features, 1, tuple(trees), "identity")

    def numbered(self, splits: Array, features: int) -> tuple[Forest, Array]:
        """The same for leaves of several values: a forest that answers, tree by tree, with the number of the leaf; and
        the positions of the leaves' nodes by that number."""
        limits = self._limits()
        leaves = self.leaves(splits)
        number = np.full(len(self.left), -1.0)
        number[leaves] = np.arange(len(leaves))
        trees = [self._tree(int(root), splits, number, limits, i) for i, root in enumerate(self.roots)]
        return Forest(features, len(trees), tuple(trees), "identity"), leaves

    def leaves(self, splits: Array) -> Array:
        """Positions of the nodes at which the trees end, where only the nodes of the mask `splits` split. A node below
        one that does not split must not be in the mask."""
        below = np.zeros(len(self.left), dtype=bool)
        below[self.roots] = True
        below[self.left[splits]] = True
        below[self.right[splits]] = True
        return np.flatnonzero(below & ~splits)

    def _limits(self) -> Array:
        """The last double that goes left at each node."""
        single = self.threshold.astype(np.float32)
        above = single.astype(np.float64) > self.threshold
        return last_at_most(np.where(above, np.nextafter(single, np.float32(-np.inf)), single))

    def _tree(self, root: int, splits: Array, values: Array, limits: Array, target: int) -> Tree:
        inner: list[int] = []
        leaves: list[float] = []
        place: dict[int, int] = {}
        found = [root]
        while found:
            node = found.pop()
            if splits[node]:
                place[node] = len(inner)
                inner.append(node)
                found.extend((int(self.right[node]), int(self.left[node])))
            else:
                place[node] = ~len(leaves)
                leaves.append(float(values[node]))
        nodes = [
            Node(
                int(self.feature[node]),
                float(limits[node]),
                None,
                bool(self.null_left[node]),
                False,
                place[int(self.left[node])],
                place[int(self.right[node])],
            )
            for node in inner
        ]
        return Tree(tuple(nodes), tuple(leaves), target)


def read_trees(trees: Sequence[object]) -> Grove:
    """The fitted `tree_` of scikit-learn's trees as one grove."""
    parts = [tree.__getstate__()["nodes"] for tree in trees]  # type: ignore[index]
    sizes = [len(nodes) for nodes in parts]
    roots = np.cumsum([0, *sizes[:-1]])
    shift = np.repeat(roots, sizes)
    every = np.concatenate(parts)
    left, right = every["left_child"], every["right_child"]
    return Grove(
        roots=roots,
        left=np.where(left < 0, -1, left + shift),
        right=np.where(right < 0, -1, right + shift),
        feature=every["feature"],
        threshold=every["threshold"],
        null_left=every["missing_go_to_left"].astype(bool),
    )


def add_numbered(graph: Graph, forest: Forest, table: Array, x: str) -> str:
    """The sums over all trees of the rows of `table` (leaves, targets) that the leaves' numbers name: (n, targets)."""
    numbers = graph.node("Cast", [add_forest(graph, forest, x)], to=_INT64)
    reached = graph.node("Gather", [graph.constant(table), numbers], axis=0)
    return graph.node("ReduceSum", [reached, graph.constant([1], np.int64)], keepdims=0)

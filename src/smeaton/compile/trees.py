"""Boosted trees from LightGBM's own text dump into one `TreeEnsemble`, in double: the same answers, bit for bit but
for the order of the sums.

The rules are those of LightGBM's `Tree::NumericalDecision` and `Tree::CategoricalDecision` and of its dense-row reader
(LightGBM 4, `include/LightGBM/tree.h`, `src/c_api.cpp`): |x| <= 1e-35f is read as 0.0; a null is 0.0 where training saw
none; else it follows the node's default direction; a category that is null, negative or not in the set goes right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smeaton.compile.graph import ML, Graph
from smeaton.errors import ProgramError
from smeaton.task.table import Array

#: LightGBM's kZeroThreshold, a float32 constant.
ZERO = float(np.float32(1e-35))
_BELOW_ZERO = float(np.nextafter(-ZERO, -np.inf))

_LEQ, _MEMBER = 0, 6
_MISSING = ("none", "zero", "nan")


@dataclass(frozen=True, slots=True)
class Node:
    """An inner node. Left is taken if `x[feature] <= threshold`, or, where `members` is given, if it is one of them.

    `null_left`: where a null goes. `zero_null`: zeros are nulls at this node. Children >= 0 are nodes of the same
    tree, others leaves: ~child.
    """

    feature: int
    threshold: float
    members: tuple[int, ...] | None
    null_left: bool
    zero_null: bool
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes (the first is the root; none = one leaf) and leaf values. It adds to the score `target`."""

    nodes: tuple[Node, ...]
    leaves: tuple[float, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees to sum, how many scores they add up to, and what turns scores into answers.

    `link`: `identity`, `exp`, `sigmoid` (of `slope` * score, for two classes) or `softmax`.
    """

    features: int
    targets: int
    trees: tuple[Tree, ...]
    link: str
    slope: float = 1.0

    def recode(self, maps: Mapping[int, Array]) -> "Forest":
        """The same forest for other category codes: `maps[feature][old code]` is the new code."""

        def node(old: Node) -> Node:
            if old.members is None or old.feature not in maps:
                return old
            codes = maps[old.feature]
            return replace(old, members=tuple(sorted(int(codes[m]) for m in old.members if m < len(codes))))

        trees = tuple(replace(tree, nodes=tuple(node(old) for old in tree.nodes)) for tree in self.trees)
        return replace(self, trees=trees)

    def thresholds(self) -> dict[int, Array]:
        """Each feature's thresholds as trained and rounded here, sorted, without repeats."""
        found: dict[int, set[float]] = {}
        for tree in self.trees:
            for node in tree.nodes:
                if node.members is None:
                    found.setdefault(node.feature, set()).add(node.threshold)
        return {feature: np.array(sorted(values)) for feature, values in sorted(found.items())}


def read_lightgbm(text: str) -> Forest:
    """Read `Booster.model_to_string()`.

    Raises:
        ProgramError: the model does what cannot be written exactly (linear trees, averaged output, custom objectives).
    """
    blocks = text.split("\nTree=")
    head = _fields(blocks[0])
    if "average_output" in blocks[0].split("\n"):
        raise ProgramError("a random forest of LightGBM averages its output", fix="train with boosting=gbdt")
    targets = int(head["num_tree_per_iteration"])
    link, slope = _link(head.get("objective", ""), targets)
    trees = tuple(_tree(_fields(block), i % targets) for i, block in enumerate(blocks[1:]))
    return Forest(int(head["max_feature_idx"]) + 1, targets, trees, link, slope)


def _fields(block: str) -> dict[str, str]:
    """`key=value` lines up to the end of the trees."""
    lines = block.split("\nend of trees", maxsplit=1)[0].split("\n")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _link(objective: str, targets: int) -> tuple[str, float]:
    name, *options = objective.split() or [""]
    given = dict(option.split(":", 1) for option in options if ":" in option)
    if "sqrt" in options:
        raise ProgramError("reg_sqrt models are not supported", fix="train without reg_sqrt")
    if name == "binary" and targets == 1:
        return "sigmoid", float(given.get("sigmoid", "1"))
    if name == "cross_entropy" and targets == 1:
        return "sigmoid", 1.0
    if name == "multiclass":
        return "softmax", 1.0
    if name in {"poisson", "gamma", "tweedie"}:
        return "exp", 1.0
    if name in {"regression", "regression_l1", "huber", "fair", "quantile", "mape"}:
        return "identity", 1.0
    raise ProgramError(
        f"the LightGBM objective {objective!r} has no exact form here",
        fix="use binary, multiclass, regression (l2, l1, huber, fair, quantile, mape), poisson, gamma or tweedie",
    )


def _tree(fields: Mapping[str, str], target: int) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise ProgramError("linear trees cannot be written exactly", fix="train with linear_tree=false")
    leaves = tuple(map(float, fields["leaf_value"].split()))
    if int(fields["num_leaves"]) == 1:
        return Tree((), leaves[:1], target)
    features, decisions, left, right = (
        [int(value) for value in fields[key].split()]
        for key in ("split_feature", "decision_type", "left_child", "right_child")
    )
    thresholds = [float(value) for value in fields["threshold"].split()]
    bounds = [int(value) for value in fields.get("cat_boundaries", "").split()]
    words = [int(value) for value in fields.get("cat_threshold", "").split()]

    def node(i: int) -> Node:
        members = None
        if decisions[i] & 1:
            which = int(thresholds[i])
            members = _members(words[bounds[which] : bounds[which + 1]])
        return _node(features[i], thresholds[i], members, decisions[i], (left[i], right[i]))

    return Tree(tuple(node(i) for i in range(len(features))), leaves, target)


def _members(words: Sequence[int]) -> tuple[int, ...]:
    """The numbers of the bits set in 32-bit words."""
    return tuple(32 * i + bit for i, word in enumerate(words) for bit in range(32) if word >> bit & 1)


def _node(
    feature: int, threshold: float, members: tuple[int, ...] | None, decision: int, children: tuple[int, int]
) -> Node:
    """A node with LightGBM's reading of zeros and nulls written into its threshold and default direction."""
    left, right = children
    if members is not None:
        return Node(feature, 0.0, members, False, False, left, right)
    # The zone |x| <= ZERO is read as 0.0, so it lies wholly on one side of the threshold.
    zero_left = threshold >= 0.0
    if -ZERO <= threshold <= ZERO:
        threshold = ZERO if zero_left else _BELOW_ZERO
    missing = _MISSING[decision >> 2 & 3]
    null_left = zero_left if missing == "none" else bool(decision & 2)
    return Node(feature, threshold, None, null_left, missing == "zero", left, right)


def add_forest(graph: Graph, forest: Forest, x: str) -> str:
    """Add the scores of rows x (n, features), float64: returns (n, targets), float64, before the link.

    Category columns hold integers (or NaN); members must fit into 31 bits.
    """
    zero_null = sorted({node.feature for tree in forest.trees for node in tree.nodes if node.zero_null})
    if zero_null:
        x = _with_zeros_as_nulls(graph, x, zero_null)
    extra = {feature: forest.features + i for i, feature in enumerate(zero_null)}
    table = _Table(extra)
    for tree in forest.trees:
        table.add(tree)
    if not table.roots:
        table.add(Tree((), (0.0,), 0))
    return graph.node("TreeEnsemble", [x], domain=ML, n_targets=forest.targets, **table.attributes())


def _with_zeros_as_nulls(graph: Graph, x: str, features: Sequence[int]) -> str:
    """x with further columns: the given ones, zeros turned into NaN."""
    columns = graph.node("Gather", [x, graph.constant(features, np.int64)], axis=1)
    zero = graph.node("LessOrEqual", [graph.node("Abs", [columns]), graph.constant(ZERO)])
    return graph.node("Concat", [x, graph.node("Where", [zero, graph.constant(np.nan), columns])], axis=1)


class _Table:
    """The attributes of a TreeEnsemble (ai.onnx.ml 5), filled tree by tree."""

    def __init__(self, zero_null: Mapping[int, int]) -> None:
        self.zero_null = zero_null  # feature -> the column where its zeros are NaN
        self.roots: list[int] = []
        self.leaves: list[float] = []
        self.targets: list[int] = []
        self.nodes: list[tuple[int, int, float, bool, tuple[int, bool], tuple[int, bool]]] = []
        self.members: list[float] = []

    def add(self, tree: Tree) -> None:
        """Append a tree.

        The standard's form of a lone leaf (a node with that leaf on both sides) is misread by onnxruntime before 1.30,
        so it is written as two leaves of the same value.
        """
        if not tree.nodes:
            split = Node(0, 0.0, None, False, False, ~0, ~1)
            tree = replace(tree, nodes=(split,), leaves=(tree.leaves[0], tree.leaves[0]))
        node_offset, leaf_offset = len(self.nodes), len(self.leaves)
        self.roots.append(node_offset)
        self.leaves.extend(tree.leaves)
        self.targets.extend([tree.target] * len(tree.leaves))

        def child(index: int) -> tuple[int, bool]:
            return (index + node_offset, False) if index >= 0 else (~index + leaf_offset, True)

        for node in tree.nodes:
            feature = self.zero_null[node.feature] if node.zero_null else node.feature
            mode, threshold = _LEQ, node.threshold
            if node.members:
                mode = _MEMBER
                self.members.extend([*map(float, node.members), np.nan])
            elif node.members is not None:
                threshold = -np.inf  # the empty set, which onnxruntime refuses as a set
            self.nodes.append((mode, feature, threshold, node.null_left, child(node.left), child(node.right)))

    def attributes(self) -> dict[str, object]:
        """What the operator takes."""
        modes, features, thresholds, null_left, left, right = zip(*self.nodes, strict=True)
        return {
            "aggregate_function": 1,  # sum
            "post_transform": 0,  # none
            "tree_roots": self.roots,
            "nodes_modes": np.array(modes, dtype=np.uint8),
            "nodes_featureids": list(features),
            "nodes_splits": np.array(thresholds, dtype=np.float64),
            "nodes_missing_value_tracks_true": [int(value) for value in null_left] if any(null_left) else None,
            "nodes_truenodeids": [index for index, _ in left],
            "nodes_trueleafs": [int(leaf) for _, leaf in left],
            "nodes_falsenodeids": [index for index, _ in right],
            "nodes_falseleafs": [int(leaf) for _, leaf in right],
            "leaf_targetids": self.targets,
            "leaf_weights": np.array(self.leaves, dtype=np.float64),
            "membership_values": np.array(self.members, dtype=np.float64) if self.members else None,
        }

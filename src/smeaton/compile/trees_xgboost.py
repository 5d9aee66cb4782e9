"""Boosted trees from XGBoost's own JSON (`Booster.save_raw("json")`) into a `Forest`, read without XGBoost.

The rules are those of XGBoost 2 and 3 (`include/xgboost/tree_model.h`, `src/common/categorical.h`): a number goes left
if float32(x) < threshold; a null goes where the node's default says; a category goes *right* if it is in the node's
set; leaf values are float32; the margin begins at `base_score`, which is stored as an answer.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from smeaton.compile._single import last_below
from smeaton.compile.trees import Forest, Node, Tree
from smeaton.errors import ProgramError
from smeaton.task.table import Array

_LINKS = {
    "binary:logistic": "sigmoid",
    "reg:logistic": "sigmoid",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
    "reg:squarederror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "count:poisson": "exp",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
}
_CATEGORICAL = 1  # `split_type`


class Stored(msgspec.Struct):
    """The fields of a tree that are read; one entry a node, the root first, -1 for no child."""

    left_children: list[int]
    right_children: list[int]
    split_indices: list[int]
    split_conditions: list[float]  # thresholds, and the values of leaves
    split_type: list[int]
    default_left: list[int]
    tree_param: dict[str, str]
    categories: list[int] = []
    categories_nodes: list[int] = []
    categories_segments: list[int] = []
    categories_sizes: list[int] = []

    @property
    def values(self) -> Array:
        """Thresholds and leaf values as XGBoost holds them, float32."""
        return np.array(self.split_conditions, dtype=np.float32)

    @property
    def sets(self) -> dict[int, frozenset[int]]:
        """The set of each node that splits by categories."""
        bounds = zip(self.categories_nodes, self.categories_segments, self.categories_sizes, strict=True)
        return {node: frozenset(self.categories[start : start + size]) for node, start, size in bounds}


class _Model(msgspec.Struct):
    trees: list[Stored]
    tree_info: list[int]


class _Booster(msgspec.Struct):
    name: str
    model: Any = None


class _Objective(msgspec.Struct):
    name: str


class _Learner(msgspec.Struct):
    gradient_booster: _Booster
    learner_model_param: dict[str, str]
    objective: _Objective


class _File(msgspec.Struct):
    learner: _Learner


class Saved(msgspec.Struct):
    """A model as far as it is read: its trees, the score each adds to, the starting scores, columns and link."""

    trees: list[Stored]
    targets: list[int]
    starts: list[float]
    features: int
    link: str


def open_xgboost(text: str | bytes) -> Saved:
    """Read a model saved as JSON.

    Raises:
        ProgramError: the model does what cannot be written exactly: dart, linear boosters, vector leaves, other
            objectives.
    """
    # Python's reader, because XGBoost writes thresholds beyond single precision as Infinity.
    return open_document(json.loads(text))


def open_document(document: Any) -> Saved:
    """The same from a document that was read already.

    Raises:
        ProgramError: as `open_xgboost`.
    """
    learner = msgspec.convert(document, _File).learner
    booster, given, objective = learner.gradient_booster, learner.learner_model_param, learner.objective.name
    if booster.name != "gbtree":
        raise ProgramError(f"a {booster.name} booster cannot be written exactly", fix="train with booster=gbtree")
    if objective not in _LINKS:
        raise ProgramError(
            f"the XGBoost objective {objective!r} has no exact form here", fix=f"use one of: {', '.join(_LINKS)}"
        )
    if int(given.get("num_target", "1")) > 1:
        raise ProgramError("a model of several targets at once is not supported", fix="train one model a target")
    model = msgspec.convert(booster.model, _Model)
    if any(int(tree.tree_param["size_leaf_vector"]) > 1 for tree in model.trees):
        raise ProgramError(
            "leaves that hold a vector are not supported", fix="train with multi_strategy=one_output_per_tree"
        )
    link = _LINKS[objective]
    starts = _starts(given["base_score"], max(1, int(given["num_class"])), link)
    return Saved(model.trees, model.tree_info, starts, int(given["num_feature"]), link)


def read_xgboost(text: str | bytes, categories: Mapping[int, int] | None = None) -> Forest:
    """Read a model saved as JSON; see `open_xgboost` and `to_forest`."""
    return to_forest(open_xgboost(text), categories or {})


def to_forest(saved: Saved, categories: Mapping[int, int]) -> Forest:
    """The trees, and a leaf for each starting score. `categories`: for each category column, how many codes it was
    trained with; a category without a code (NaN in training) follows the default direction, as in XGBoost.

    Raises:
        ProgramError: the trees split on categories of a column that `categories` does not name.
    """
    trees = [_tree(tree, target, categories) for tree, target in zip(saved.trees, saved.targets, strict=True)]
    trees.extend(Tree((), (start,), target) for target, start in enumerate(saved.starts) if start)
    return Forest(saved.features, len(saved.starts), tuple(trees), saved.link)


def _starts(stored: str, targets: int, link: str) -> list[float]:
    """The margins that boosting began with, from `base_score`: one number, or "[a,b,c]" (XGBoost 3.1)."""
    values = [float(np.float32(value)) for value in stored.strip("[]").split(",")]
    if link == "sigmoid":
        values = [math.log(value / (1.0 - value)) for value in values]
    elif link == "exp":
        values = [math.log(value) for value in values]
    return values if len(values) == targets else values * targets


def _tree(stored: Stored, target: int, categories: Mapping[int, int]) -> Tree:
    """One tree. Nodes that pruning left without a parent are not reached and not kept."""
    left, right, values = stored.left_children, stored.right_children, stored.values
    inner: list[int] = []
    leaves: list[int] = []
    place: dict[int, int] = {}
    found = [0]
    while found:
        node = found.pop()
        kind = leaves if left[node] == -1 else inner
        place[node] = ~len(leaves) if kind is leaves else len(inner)
        kind.append(node)
        if kind is inner:
            found.extend((right[node], left[node]))
    sets = stored.sets
    nodes = []
    for node, last in zip(inner, last_below(values[inner]).tolist(), strict=True):
        feature, default = stored.split_indices[node], bool(stored.default_left[node])
        children = place[left[node]], place[right[node]]
        if stored.split_type[node] != _CATEGORICAL:
            nodes.append(Node(feature, last, None, default, False, *children))
        elif feature in categories:
            nodes.append(_category(feature, sets[node], default, children, categories[feature]))
        else:
            raise ProgramError(f"the trees split on categories of column {feature}", fix="name it in `categories`")
    return Tree(tuple(nodes), tuple(values[leaves].astype(np.float64).tolist()), target)


def _category(feature: int, members: frozenset[int], default_left: bool, children: tuple[int, int], codes: int) -> Node:
    """A split by a set. What has no code goes the way of the side that is not listed, so the other one is listed."""
    left, right = children
    if default_left:
        return Node(feature, 0.0, tuple(sorted(members)), False, False, right, left)
    others = tuple(code for code in range(codes) if code not in members)
    return Node(feature, 0.0, others, False, False, left, right)

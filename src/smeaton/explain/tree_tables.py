"""`TreeEnsemble` (ai.onnx.ml 5) as numpy arrays: which way rows go at each node, and which nodes lead to each leaf."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from smeaton.errors import ProgramError
from smeaton.explain.graph_file import GraphNode
from smeaton.task.table import Array

_MEMBER = 6
_COMPARE = {
    0: np.less_equal,
    1: np.less,
    2: np.greater_equal,
    3: np.greater,
    4: np.equal,
    5: np.not_equal,
}


@dataclass(frozen=True, slots=True)
class Paths:
    """The conditions on the ways to all leaves of an ensemble, one line each: the leaf's number, the node, and whether
    the node must be true. `weights` and `targets` are those of each leaf."""

    leaf: Array
    node: Array
    true: Array
    weights: Array
    targets: Array


@dataclass(frozen=True, slots=True)
class Trees:
    """The nodes of an ensemble: the feature each looks at, and what it compares with."""

    features: Array
    modes: Array
    splits: Array
    members: Mapping[int, Array]
    null_true: Array
    paths: Paths

    def decide(self, rows: Array) -> Array:
        """Whether each node is true for each row: (rows, nodes) bool. `rows` (rows, features) as the operator gets
        them, in its own precision."""
        cells = rows[:, self.features]
        made = np.zeros(cells.shape, dtype=bool)
        with np.errstate(invalid="ignore"):
            for mode, compare in _COMPARE.items():
                chosen = np.flatnonzero(self.modes == mode)
                made[:, chosen] = compare(cells[:, chosen], self.splits[chosen])
        for node, members in self.members.items():
            made[:, node] = np.isin(cells[:, node], members)
        null = np.isnan(cells)
        return np.asarray(np.where(null, self.null_true, made))


def read_trees(node: GraphNode) -> Trees:
    """The trees of one operator.

    Raises:
        ProgramError: it aggregates or transforms its leaves in a way that is not a sum.
    """
    given = node.attributes
    if given.get("aggregate_function", 1) != 1 or given.get("post_transform", 0) != 0:
        raise ProgramError("these trees do not add up their leaves")
    features = given["nodes_featureids"]
    modes = np.asarray(given["nodes_modes"]).astype(np.int64)
    tracks = given.get("nodes_missing_value_tracks_true")
    null_true = np.zeros(len(features), dtype=bool) if tracks is None else tracks.astype(bool)
    return Trees(
        features,
        modes,
        given["nodes_splits"],
        _members(modes, given.get("membership_values")),
        null_true,
        _paths(node),
    )


def _members(modes: Array, values: Array | None) -> dict[int, Array]:
    """The set of each node that asks for membership; the sets lie one behind the other with NaN after each."""
    if values is None:
        return {}
    sets = np.split(values, np.flatnonzero(np.isnan(values)) + 1)
    nodes = np.flatnonzero(modes == _MEMBER).tolist()
    return {node: part[~np.isnan(part)] for node, part in zip(nodes, sets, strict=False)}


def _paths(node: GraphNode) -> Paths:
    given = node.attributes
    children = [
        (given["nodes_truenodeids"].tolist(), given["nodes_trueleafs"].tolist(), True),
        (given["nodes_falsenodeids"].tolist(), given["nodes_falseleafs"].tolist(), False),
    ]
    lines: list[tuple[int, int, bool]] = []
    todo: list[tuple[int, tuple[tuple[int, bool], ...]]] = [(root, ()) for root in given["tree_roots"].tolist()]
    while todo:
        place, path = todo.pop()
        for ids, leaf, true in children:
            step = (*path, (place, true))
            if leaf[place]:
                lines += [(ids[place], number, way) for number, way in step]
            else:
                todo.append((ids[place], step))
    leaf_, node_, true_ = zip(*lines, strict=True) if lines else ((), (), ())
    return Paths(
        np.array(leaf_, dtype=np.int64),
        np.array(node_, dtype=np.int64),
        np.array(true_, dtype=bool),
        np.asarray(given["leaf_weights"], dtype=np.float64),
        np.asarray(given["leaf_targetids"], dtype=np.int64),
    )

"""Trees of scikit-learn: single ones, forests, boosted ones and those of histograms, from their node arrays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smeaton.compile._single import LARGEST
from smeaton.compile.estimators.cells import Cell, Flow, NotCompiled, class_of
from smeaton.compile.estimators.final import Final
from smeaton.compile.links import add_link
from smeaton.compile.trees import Forest, Node, Tree, add_forest
from smeaton.compile.trees_forest import add_numbered, read_trees
from smeaton.task.table import Array

_SINGLE = frozenset({"DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"})
_MEANS = frozenset({"RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"})
_BOOSTED = frozenset({"GradientBoostingClassifier", "GradientBoostingRegressor"})
_HISTOGRAMS = frozenset({"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"})
TREES = _SINGLE | _MEANS | _BOOSTED | _HISTOGRAMS


def tree_final(estimator: Any) -> Final:
    """The form of an estimator whose class is among `TREES`."""
    name = class_of(estimator)
    if name in _BOOSTED:
        return BoostedFinal(estimator)
    return HistogramFinal(estimator) if name in _HISTOGRAMS else MeanFinal(estimator)


class MeanFinal(Final):
    """The mean over trees, or one tree; leaves hold shares of the classes, or a number."""

    largest = LARGEST

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        if getattr(estimator, "n_outputs_", 1) != 1:
            raise NotCompiled(f"{self.name}: not compiled with several outputs")
        self.trees = [one.tree_ for one in getattr(estimator, "estimators_", [estimator])]

    def write(self, flow: Flow, cells: Sequence[Cell]) -> str:
        """The trees as one operator; leaves that hold several values are a table beside them."""
        graph, matrix = flow.graph, flow.matrix(cells, self.name)
        grove = read_trees(self.trees)
        values = np.vstack([tree.value[:, 0, :] for tree in self.trees]) / len(self.trees)
        splits = grove.left >= 0
        if values.shape[1] > 2:
            forest, leaves = grove.numbered(splits, len(cells))
            return add_numbered(graph, forest, values[leaves], matrix)
        last = add_forest(graph, grove.forest(splits, values[:, -1], len(cells)), matrix)
        if not hasattr(self.estimator, "predict_proba"):
            return last
        return graph.node("Concat", [graph.node("Sub", [graph.constant(1.0), last]), last], axis=1)


class BoostedFinal(Final):
    """A constant and trees of single precision, one for each class and round."""

    nulls = False
    largest = LARGEST

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        if not (isinstance(estimator.init_, str) or class_of(estimator.init_).startswith("Dummy")):
            raise NotCompiled(f"{self.name}: not compiled with init={class_of(estimator.init_)}")
        loss = estimator.loss
        self.link = {"exponential": "sigmoid", "log_loss": "softmax"}.get(loss, "identity")
        self.targets = int(estimator.estimators_.shape[1])
        if loss == "log_loss" and self.targets == 1:
            self.link = "sigmoid"
        self.slope = 2.0 if loss == "exponential" else 1.0

    def write(self, flow: Flow, cells: Sequence[Cell]) -> str:
        """All trees and the constants as one operator."""
        matrix, rounds = flow.matrix(cells, self.name), self.estimator.estimators_
        trees: list[Tree] = []
        for target in range(self.targets):
            stored = [one.tree_ for one in rounds[:, target]]
            grove = read_trees(stored)
            values = np.concatenate([tree.value[:, 0, 0] for tree in stored]) * self.estimator.learning_rate
            found = grove.forest(grove.left >= 0, values, len(cells)).trees
            trees += [replace(tree, target=target) for tree in found]
        starts = self.estimator._raw_predict_init(np.zeros((1, len(cells))))[0]
        trees += [Tree((), (float(start),), target) for target, start in enumerate(starts)]
        scores = add_forest(flow.graph, Forest(len(cells), self.targets, tuple(trees), self.link), matrix)
        return add_link(flow.graph, scores, self.link, self.slope)


class HistogramFinal(Final):
    """Trees of double precision over histograms."""

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        if estimator.is_categorical_ is not None and np.any(estimator.is_categorical_):
            raise NotCompiled(f"{self.name}: not compiled with categorical_features")
        link = class_of(estimator._loss.link)
        links = {"IdentityLink": "identity", "LogLink": "exp", "LogitLink": "sigmoid", "MultinomialLogit": "softmax"}
        if link not in links:
            raise NotCompiled(f"{self.name}: not compiled with the link {link}")
        self.link = links[link]

    def write(self, flow: Flow, cells: Sequence[Cell]) -> str:
        """All trees and the constants as one operator."""
        rounds = self.estimator._predictors
        targets = len(rounds[0]) if rounds else np.size(self.estimator._baseline_prediction)
        trees = [_histogram_tree(one.nodes, target) for stage in rounds for target, one in enumerate(stage)]
        starts = np.ravel(self.estimator._baseline_prediction)
        trees += [Tree((), (float(start),), target) for target, start in enumerate(starts)]
        forest = Forest(len(cells), int(targets), tuple(trees), self.link)
        return add_link(flow.graph, add_forest(flow.graph, forest, flow.matrix(cells, self.name)), self.link)


def _histogram_tree(nodes: Array, target: int) -> Tree:
    """One tree: a number goes left if it is at most the threshold, a null where the node says."""
    if nodes["is_leaf"][0]:
        return Tree((), (float(nodes["value"][0]),), target)
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    leaves = np.flatnonzero(nodes["is_leaf"])
    place = np.empty(len(nodes), dtype=np.int64)
    place[inner] = np.arange(len(inner))
    place[leaves] = ~np.arange(len(leaves))
    found = [
        Node(
            int(node["feature_idx"]),
            float(node["num_threshold"]),
            None,
            bool(node["missing_go_to_left"]),
            False,
            int(place[int(node["left"])]),
            int(place[int(node["right"])]),
        )
        for node in nodes[inner]
    ]
    return Tree(tuple(found), tuple(nodes["value"][leaves].tolist()), target)

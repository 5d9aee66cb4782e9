"""scikit-learn's linear models, from `coef_` and `intercept_`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from smeaton.compile.estimators.cells import Cell, Flow, NotCompiled, class_of
from smeaton.compile.estimators.final import Final
from smeaton.compile.links import add_link
from smeaton.task.table import Array

#: Models of numbers whose answer is the score itself, and those whose answer is its exponential.
_PLAIN = frozenset({
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC", "Lars",
    "LarsCV", "ElasticNet", "ElasticNetCV", "BayesianRidge", "ARDRegression", "HuberRegressor", "SGDRegressor",
    "QuantileRegressor", "TheilSenRegressor", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "LinearSVR",
    "PassiveAggressiveRegressor",
})  # fmt: skip
_EXPONENTIAL = frozenset({"PoissonRegressor", "GammaRegressor"})
_CLASSES = frozenset({"LogisticRegression", "LogisticRegressionCV"})
LINEAR = _PLAIN | _EXPONENTIAL | _CLASSES | {"SGDClassifier", "OneVsRestClassifier", "TweedieRegressor"}


class LinearFinal(Final):
    """Scores, then a link."""

    nulls = False
    #: Sums of numbers up to here never leave double precision.
    largest = 1e100

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        self.link = _link(estimator)
        parts = [estimator]
        if self.name == "OneVsRestClassifier":
            parts = estimator.estimators_
            wrong = next((part for part in parts if class_of(part) not in _CLASSES), None)
            if wrong is not None:
                raise NotCompiled(f"OneVsRestClassifier: not compiled over {class_of(wrong)}")
        self.weights: Array = np.vstack([np.atleast_2d(part.coef_) for part in parts]).astype(np.float64).T
        self.bias: Array = np.concatenate([np.atleast_1d(part.intercept_) for part in parts]).astype(np.float64)

    def asked(self, matrix: Any) -> Array:
        """The trainer's answers; where one model a class finds none of them possible, the classes are alike."""
        found = super().asked(matrix)
        if self.link == "each":
            found[~(found.sum(axis=1) > 0)] = 1.0 / len(self.bias)
        return found

    def write(self, flow: Flow, cells: Sequence[Cell]) -> str:
        """One product."""
        graph, matrix = flow.graph, flow.matrix(cells, self.name)
        matrix = graph.node("Max", [matrix, graph.constant(-self.largest)])
        matrix = graph.node("Min", [matrix, graph.constant(self.largest)])
        scores = graph.node("MatMul", [matrix, graph.constant(self.weights)])
        scores = graph.node("Add", [scores, graph.constant(self.bias)])
        if self.link != "each":
            return add_link(graph, scores, self.link)
        # One model a class: their probabilities, made to sum to 1.
        chance = graph.node("Sigmoid", [scores])
        total = graph.node("ReduceSum", [chance, graph.constant([1], np.int64)], keepdims=1)
        none = graph.node("Equal", [total, graph.constant(0.0)])
        share = graph.node("Div", [chance, graph.node("Where", [none, graph.constant(1.0), total])])
        return graph.node("Where", [none, graph.constant(1.0 / len(self.bias)), share])


def _link(estimator: Any) -> str:
    """From scores to answers.

    Raises:
        NotCompiled: the model has none that a graph knows.
    """
    name = class_of(estimator)
    classes = len(getattr(estimator, "classes_", ()))
    if name in _PLAIN:
        return "identity"
    if name in _EXPONENTIAL:
        return "exp"
    if name == "TweedieRegressor":
        log = estimator.link == "log" or (estimator.link == "auto" and estimator.power > 0)
        return "exp" if log else "identity"
    if name == "SGDClassifier" and estimator.loss != "log_loss":
        raise NotCompiled(f"SGDClassifier: not compiled with loss={estimator.loss!r}, which gives no probabilities")
    if classes == 2:
        return "sigmoid"
    ovr = name in ("SGDClassifier", "OneVsRestClassifier") or getattr(estimator, "multi_class", "") == "ovr"
    return "each" if ovr else "softmax"

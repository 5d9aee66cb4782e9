"""Fitted estimators of scikit-learn, LightGBM, XGBoost and CatBoost, pipelines of them too, into a graph.

Read are fitted attributes and the trainers' own dumps, never pickles. What an estimator of these answers in double is
what the graph answers (proved to 1e-9 by whoever asks); an estimator that has no exact form is refused by its class.
Numbers so large that a trainer would refuse the row are read as the largest one it takes.
"""

import warnings
from typing import Any

import numpy as np

from smeaton.compile.estimators.boosters import BOOSTERS, booster_final
from smeaton.compile.estimators.cells import (
    READS,
    Cell,
    Flow,
    NotCompiled,
    class_of,
    first_cells,
    library_of,
    widths_of,
)
from smeaton.compile.estimators.final import Final
from smeaton.compile.estimators.linear import LINEAR, LinearFinal
from smeaton.compile.estimators.steps import apply
from smeaton.compile.estimators.trees import TREES, tree_final
from smeaton.compile.graph import Graph
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.task.types import Label

__all__ = ["Compiled", "NotCompiled", "read_estimator"]

_LIBRARIES = frozenset({"sklearn", "lightgbm", "xgboost", "catboost"})


class Compiled:
    """An estimator that a graph can stand for: its steps, and what stands at their end.

    Raises:
        NotCompiled: it has no exact form.
    """

    def __init__(self, estimator: Any, task: Task) -> None:
        self.task = task
        self.steps, last = _apart(estimator)
        self.final = _final(last)
        if task.is_class != hasattr(last, "predict_proba"):
            raise NotCompiled(f"{class_of(last)}: not compiled, for it does not give what the task asks for")
        other = {name: form.type for name, form in task.input_types.items() if form.type not in READS}
        for name, kind in other.items():
            raise NotCompiled(f"{class_of(estimator)}: not compiled, for the input {name!r} is of type {kind}")
        self._cells(Graph())  # whether its steps have a form is known only when they are written

    def answers(self, frame: Any) -> Array:
        """What the trainers answer to a frame: probabilities (rows, labels), or numbers (rows,)."""
        matrix = frame
        # What overflows here does so in the graph, and what is new is told of by nobody.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            for step in self.steps:
                if step is not None and not isinstance(step, str):
                    matrix = step.transform(matrix)
            found = self.final.answers(matrix)
        return by_label(found, self.classes, self.task) if self.task.is_class else found[:, 0]

    def write(self, graph: Graph) -> str:
        """The same as a value of a graph over the outputs of the `table` op: (rows, labels), or (rows, 1)."""
        flow, cells = self._cells(graph)
        value = self.final.write(flow, cells)
        if not self.task.is_class:
            return value
        places = label_places(self.classes, self.task)
        if places == list(range(len(self.task.labels))):
            return value
        zero = graph.node("Sub", [value, value])  # a label that the fit has not seen is never likely
        padded = graph.node(
            "Concat", [value, graph.node("Gather", [zero, graph.constant([0], np.int64)], axis=1)], axis=1
        )
        return graph.node("Gather", [padded, graph.constant(places, np.int64)], axis=1)

    def _cells(self, graph: Graph) -> tuple[Flow, list[Cell]]:
        """What reaches the last estimator.

        Raises:
            NotCompiled: a step has no exact form, or what reaches it is not what it takes.
        """
        cells = first_cells(self.task.input_types)
        flow = Flow(graph, *widths_of(self.task.input_types))
        for step in self.steps:
            cells = apply(flow, step, cells)
        flow.matrix(cells, self.final.name)
        null = next((cell for cell in cells if cell.null), None)
        if null is not None and not self.final.nulls:
            raise NotCompiled(f"{self.final.name}: not compiled, for it refuses nulls and {null.name!r} may be null")
        return flow, cells

    @property
    def classes(self) -> list[Label]:
        """The labels in the order of the estimator's probabilities."""
        return own_classes(self.final.estimator, self.task)


def read_estimator(estimator: Any, task: Task) -> Compiled:
    """A fitted estimator whose inputs are a task's, in order.

    Raises:
        NotCompiled: it, or a step of it, has no exact form; the message names the class.
    """
    return Compiled(estimator, task)


def own_classes(estimator: Any, task: Task) -> list[Label]:
    """The labels of `classes_`; where the estimator was given codes, those of the codes."""
    found = np.asarray(estimator.classes_).ravel().tolist()
    if takes_codes(estimator):
        return [task.labels[int(code)] for code in found]
    return found


def takes_codes(estimator: Any) -> bool:
    """Whether it is fitted on the numbers of labels, because it refuses the labels themselves (XGBoost)."""
    return library_of(_apart(estimator)[1]) == "xgboost"


def label_places(classes: list[Label], task: Task) -> list[int]:
    """For each label of the task its place among the classes; behind the last where it is none of them."""
    plain = {str(label): place for place, label in enumerate(classes)}
    return [plain.get(str(label), len(classes)) for label in task.labels]


def by_label(probability: Array, classes: list[Label], task: Task) -> Array:
    """Probabilities of the task's labels from those of classes; 0 for a label that is no class."""
    padded = np.hstack([probability, np.zeros((len(probability), 1))])
    return padded[:, label_places(classes, task)]


def _apart(estimator: Any) -> tuple[list[Any], Any]:
    """The steps before the last estimator of a pipeline, and that."""
    if class_of(estimator) != "Pipeline" or library_of(estimator) != "sklearn":
        return [], estimator
    *steps, last = [step for _, step in estimator.steps]
    inner, final = _apart(last)
    return [*steps, *inner], final


def _final(estimator: Any) -> Final:
    name = class_of(estimator)
    if library_of(estimator) in _LIBRARIES:
        if name in LINEAR:
            return LinearFinal(estimator)
        if name in TREES:
            return tree_final(estimator)
        if name in BOOSTERS:
            return booster_final(estimator)
    raise NotCompiled(f"{name}: not compiled")

"""The constant answer everything else must beat: label shares; the mean of a number, or what is best for its metric; of
structures nothing at all or what is commonest, whichever the metric likes better; the commonest text."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._constant import best_structure, commonest
from smeaton.families._ending import class_prior
from smeaton.families._losses import MEDIANS
from smeaton.families._parts import MODEL_FILE, Features, Model, answer_table, first_feature, refuse
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import Profile
from smeaton.task.table import PREDICTION, Array, Table, object_column, rows_in
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph


_CERTAIN = "certain"


class Constant(Model):
    """The same answer for every row: `value` is (labels,) probabilities, or a number (1,)."""

    def __init__(self, task: Task, value: Array) -> None:
        super().__init__(task)
        self.value = value

    def answers(self, features: Features) -> Array:
        """The constant, once a row."""
        return self._repeated(rows_in(features))

    def predict(self, rows: Table) -> Table:
        """The constant, once a row; nothing of the rows is looked at."""
        return answer_table(self.task, self._repeated(rows_in(rows)))

    def write(self, graph: "Graph") -> str:
        """The constant, repeated for as many rows as the first feature has."""
        rows = graph.node("Shape", [first_feature(graph, self.recipe.layout)], start=0, end=1)
        shape = graph.node("Concat", [rows, graph.constant([1], np.int64)], axis=0)
        return graph.node("Expand", [graph.constant(self.value[None, :]), shape])

    def _repeated(self, rows: int) -> Array:
        if self.task.labels:
            return np.repeat(self.value[None, :], rows, axis=0)
        return np.repeat(self.value, rows)


class ConstantValue:
    """The same JSON value for every row."""

    def __init__(self, task: Task, value: Any) -> None:
        self.task = task
        self.value = value

    def predict(self, rows: Table) -> Table:
        """The value, once a row."""
        return {PREDICTION: object_column([self.value] * rows_in(rows))}

    def export(self, folder: Path) -> Program:
        """A graph that is certain of the only label, which is the value."""
        from smeaton.compile.export import assemble
        from smeaton.compile.graph import Graph

        one = Constant(self.task, np.ones(1))
        graph = Graph()
        graph.output(_CERTAIN, one.write(graph), 1)
        folder.mkdir(parents=True, exist_ok=True)
        graph.save(folder / MODEL_FILE)
        certain = Step(op="onnx", inputs=graph.inputs(), outputs=(_CERTAIN,), files=(MODEL_FILE,))
        label = Step(op="labels", inputs=(_CERTAIN,), outputs=(PREDICTION,), args={"labels": [self.value]})
        program = assemble(self.task, one.recipe.steps(), certain)
        return msgspec.structs.replace(program, steps=(*program.steps, label))


class Baseline:
    """Fits a constant to the rows of a fold, those to stop on left out."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One try, for any task with labels, a number, a structure or text."""
        refusal = None if task.answer in ("many", "structure", "text") else refuse(task, quantile=True)
        return refusal or Space(starts=({},), effort=0.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> "Constant | ConstantValue":
        """The constant with the least loss on the training rows."""
        rows = fold.train
        if task.answer == "structure":
            return ConstantValue(task, best_structure(task, rows))
        if task.answer == "text":
            return ConstantValue(task, commonest(rows))
        if task.answer == "many":
            return Constant(task, _shares(rows))
        if task.is_class:
            return Constant(task, class_prior(task, rows))
        return Constant(task, np.array([_number(task, rows)]))


def _shares(rows: Rows) -> Array:
    """The weighted share of the rows that have each label, (labels,), with half a row for and half a row against."""
    shares = np.average(rows.y, axis=0, weights=rows.weight)
    smoothed: Array = (shares * len(rows) + 0.5) / (len(rows) + 1.0)
    return smoothed


def _number(task: Task, rows: Rows) -> float:
    """The number with the least loss by the metric: a quantile, a median, the mean of logarithms, or the mean."""
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight
    if task.output_type.quantile is not None:
        return _quantile(rows.y, weight, task.output_type.quantile)
    if task.metric == "mape" and (rows.y != 0).any():
        some = rows.y != 0
        return _quantile(rows.y[some], weight[some] / np.abs(rows.y[some]), 0.5)
    if task.metric == "rmsle":
        return float(np.expm1(np.average(np.log1p(np.maximum(rows.y, 0.0)), weights=weight)))
    if task.metric in MEDIANS:
        return _quantile(rows.y, weight, 0.5)
    return float(np.average(rows.y, weights=rows.weight))


def _quantile(values: Array, weight: Array, level: float) -> float:
    """The weighted quantile."""
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order])
    return float(values[order[min(int(np.searchsorted(mass, level * mass[-1])), len(values) - 1)]])


part = Baseline()

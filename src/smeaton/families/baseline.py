"""The constant answer everything else must beat: class shares; the mean of a number, or its median for `mae`."""

from typing import TYPE_CHECKING

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._ending import ABSOLUTE, class_prior
from smeaton.families._parts import Features, Model, answer_table, first_feature, refuse
from smeaton.task.profile import Profile
from smeaton.task.table import Array, Table, rows_in
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph


class Constant(Model):
    """The same answer for every row: `value` is (labels,) probabilities, or (1,) number."""

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
        if self.task.is_class:
            return np.repeat(self.value[None, :], rows, axis=0)
        return np.repeat(self.value, rows)


class Baseline:
    """Fits a constant to the rows of a fold, those to stop on left out."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One try, for any task with classes or a number."""
        return refuse(task) or Space(starts=({},), effort=0.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Constant:
        """The constant with the least loss on the training rows."""
        rows = fold.train
        if task.is_class:
            return Constant(task, class_prior(task, rows))
        value = _median(rows) if task.metric in ABSOLUTE else float(np.average(rows.y, weights=rows.weight))
        return Constant(task, np.array([value]))


def _median(rows: Rows) -> float:
    """The weighted median."""
    order = np.argsort(rows.y, kind="stable")
    mass = np.cumsum(np.ones(len(rows)) if rows.weight is None else rows.weight[order])
    return float(rows.y[order[np.searchsorted(mass, mass[-1] / 2)]])


part = Baseline()

"""A file of boosted trees (XGBoost, LightGBM, CatBoost) as a family: written as a graph, proved against its trainer."""

from pathlib import Path

import numpy as np

from smeaton.compile.estimators import by_label, label_places
from smeaton.compile.estimators.boosters import linked
from smeaton.compile.estimators.cells import Flow, first_cells, widths_of
from smeaton.compile.forest_files import StoredForest, read_forest_file
from smeaton.compile.graph import Graph
from smeaton.compile.links import CLASS_LINKS, add_link
from smeaton.compile.trees import add_forest
from smeaton.errors import TaskError
from smeaton.families import Family
from smeaton.families._own.elsewhere import FileFamily, as_it_is, classes_of, inputs_of, matrix_of, standing
from smeaton.families._own.shipping import graph_program
from smeaton.families._parts import answer_table
from smeaton.runtime.program import Program
from smeaton.task.table import Table
from smeaton.task.task import Own, Task
from smeaton.task.types import Label


class ForestFile(FileFamily):
    """Trees in a file."""

    def read(self, task: Task, own: Own) -> "ForestModel":
        """Read it, and match its columns and classes with the task's."""
        stored = read_forest_file(self.path)
        forest, gives = stored.forest, "labels" if stored.forest.link in CLASS_LINKS else "numbers"
        if task.is_class != (gives == "labels"):
            raise TaskError(f"the model gives {gives}, and the output is of type {task.output_type.type!r}", fix=_OTHER)
        classes: list[Label] = []
        if task.is_class:
            classes = classes_of(stored.classes, max(2, forest.targets), task, own)
        return ForestModel(task, own, stored, inputs_of(stored.features, task, own), classes)


_OTHER = "add it to a task whose output it was fitted for"


class ForestModel:
    """Trees with the inputs and labels they stand for. Its answers are the trainer's scores, in double."""

    def __init__(self, task: Task, own: Own, stored: StoredForest, names: list[str], classes: list[Label]) -> None:
        self.task, self.stored, self.names, self.classes = task, stored, names, classes
        self.barred, self.note = standing(own)
        if not stored.by_trainer:
            unproved = f"{stored.trainer} is not installed: proved against our own reading of its trees"
            self.note = "; ".join(filter(None, (self.note, unproved)))

    def predict(self, rows: Table) -> Table:
        """Answers for typed rows."""
        found = linked(self.stored.scores(matrix_of(rows, self.names)), self.stored.forest)
        labelled = self.task.is_class
        return answer_table(self.task, by_label(found, self.classes, self.task) if labelled else found[:, 0])

    def export(self, folder: Path) -> Program:
        """The trees as a graph."""
        return as_it_is(graph_program(self.task, folder, self._write))

    def _write(self, graph: Graph) -> str:
        cells = {cell.name: cell for cell in first_cells(self.task.input_types)}
        flow = Flow(graph, *widths_of(self.task.input_types))
        matrix = flow.matrix([cells[name] for name in self.names], self.stored.trainer)
        forest = self.stored.forest
        value = add_link(graph, add_forest(graph, forest, matrix), forest.link, forest.slope)
        if not self.task.is_class:
            return value
        places = label_places(self.classes, self.task)
        return graph.node("Gather", [value, graph.constant(places, np.int64)], axis=1)


def family(name: str, path: Path) -> Family:
    """The family of a file."""
    return ForestFile(name, path)

"""A network in a file of Keras (`.keras`) or PyTorch (`.pt2`) as a family: read without running any of it, written as a
graph in double."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smeaton.compile.estimators import label_places
from smeaton.compile.estimators.cells import Cell, Flow, widths_of
from smeaton.compile.graph import Graph
from smeaton.compile.networks import Tape, read_network
from smeaton.compile.onnx_files import Entry
from smeaton.errors import ProgramError
from smeaton.families import Family
from smeaton.families._own.elsewhere import FileFamily, as_it_is, classes_of, standing
from smeaton.families._own.ends import checked, feeds_of
from smeaton.families._own.shipping import graph_program
from smeaton.families._parts import answer_table, recipe
from smeaton.runtime.program import Program
from smeaton.task.table import PREDICTION, Array, Table
from smeaton.task.task import Own, Task
from smeaton.task.types import Label

_FRAMEWORKS = {".keras": "Keras", ".pt2": "PyTorch"}
_DOUBLE = 11  # onnx.TensorProto
Feeds = list[tuple[Entry, list[Cell]]]


class NetworkFile(FileFamily):
    """A network in its framework's own format."""

    def read(self, task: Task, own: Own) -> "NetworkModel":
        """Read it, and match its inputs and classes with the task's.

        Raises:
            ProgramError: its answers are not what the task asks for.
        """
        tape = read_network(self.path)
        feeds = feeds_of(
            [Entry(name, _DOUBLE, width or 1, not width) for name, width in tape.widths.items()], task, own
        )
        assert tape.output is not None
        shape, labels = tape.output.shape, len(task.labels) if task.is_class else 0
        width = shape[0] if len(shape) == 1 else 1 if not shape else 0
        fits = (width == labels or (width == 1 and labels == 2)) if labels else width == 1
        if not fits:
            what = f"probabilities of {labels} labels" if labels else "a number for each row"
            raise ProgramError(
                f"its output is {('rows', *shape)}, not {what}", fix="add it to a task it was fitted for"
            )
        classes: list[Label] = []
        if labels:
            classes = classes_of([], max(2, width), task, own)
            checked(_both(tape.output.trial), self.path.name)
        return NetworkModel(task, own, tape, feeds, classes)._noted(_FRAMEWORKS[self.path.suffix])


class NetworkModel:
    """A network with the columns and labels it stands for. Its answers are our own reading of it, in double."""

    def __init__(self, task: Task, own: Own, tape: Tape, feeds: Feeds, classes: list[Label]) -> None:
        self.task, self.tape, self.feeds, self.classes = task, tape, feeds, classes
        self.barred, self.note = standing(own)

    def _noted(self, framework: str) -> "NetworkModel":
        unproved = f"{framework} was not asked: proved against our own reading of its file"
        self.note = "; ".join(filter(None, (self.note, unproved)))
        return self

    def predict(self, rows: Table) -> Table:
        """Answers for typed rows.

        Raises:
            ProgramError: its answers are no probabilities.
        """
        features = recipe(self.task).columns(rows)
        found = self.tape.run({entry.name: entry.fed(features, cells) for entry, cells in self.feeds})
        if not self.task.is_class:
            return {PREDICTION: found.reshape(-1)}
        chances = checked(_both(found), "the network")
        return answer_table(self.task, chances[:, label_places(self.classes, self.task)])

    def export(self, folder: Path) -> Program:
        """The network as a graph."""
        return as_it_is(graph_program(self.task, folder, self._write))

    def _write(self, graph: Graph) -> str:
        flow = Flow(graph, *widths_of(self.task.input_types))
        value = self.tape.write(graph, {entry.name: _fed(flow, entry, cells) for entry, cells in self.feeds})
        assert self.tape.output is not None
        if not self.tape.output.shape:
            value = graph.node("Reshape", [value, graph.constant([-1, 1], np.int64)])
        if not self.task.is_class:
            return value
        if self.tape.output.shape in ((), (1,)):
            value = graph.node("Concat", [graph.node("Sub", [graph.constant(1.0), value]), value], axis=1)
        places = label_places(self.classes, self.task)
        return graph.node("Gather", [value, graph.constant(places, np.int64)], axis=1)


def _fed(flow: Flow, entry: Entry, cells: Sequence[Cell]) -> str:
    """The columns of an input, as it takes them."""
    matrix = flow.matrix(cells, "the network")
    return flow.graph.node("Reshape", [matrix, flow.graph.constant([-1], np.int64)]) if entry.flat else matrix


def _both(found: Array) -> Array:
    """Probabilities of all classes; one column is that of the second."""
    chances = found.reshape(len(found), -1)
    return np.hstack([1.0 - chances, chances]) if chances.shape[1] == 1 else chances


def family(name: str, path: Path) -> Family:
    """The family of a file."""
    return NetworkFile(name, path)

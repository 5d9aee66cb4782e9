"""An ONNX file as a family: its inputs are matched with the task's, its answer is recognised, and it runs as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile.estimators import label_places
from smeaton.compile.estimators.cells import Cell, widths_of
from smeaton.compile.export import assemble
from smeaton.compile.onnx_files import Answer, Entry, OnnxFile
from smeaton.families import Family
from smeaton.families._own.elsewhere import FileFamily, as_it_is, classes_of, standing
from smeaton.families._own.ends import checked, feeds_of
from smeaton.families._parts import MODEL_FILE, answer_table, recipe
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.runtime.program import Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Own, Task
from smeaton.task.types import Label

_TRIED = 3  # rows of zeros that show the form of its answers


class GraphFile(FileFamily):
    """A model in an ONNX file."""

    def read(self, task: Task, own: Own) -> "GraphModel":
        """Read it, and match its inputs and classes with the task's."""
        file = OnnxFile(self.path)
        feeds = feeds_of(file.entries, task, own)
        found = file.run({entry.name: _zeros(entry, len(cells)) for entry, cells in feeds})
        answer = file.answer(found, _TRIED, len(task.labels) if task.is_class else 0)
        classes: list[Label] = []
        if task.is_class:
            count = len(task.labels) if answer.kind == "labels" else max(2, answer.width)
            named = file.classes or (list(task.labels) if answer.kind == "labels" else [])
            classes = classes_of(named, count, task, own)
        return GraphModel(task, own, file, feeds, (answer, classes))


class GraphModel:
    """A model with the columns that go into it, and what its answer stands for."""

    def __init__(
        self,
        task: Task,
        own: Own,
        file: OnnxFile,
        feeds: list[tuple[Entry, list[Cell]]],
        answer: tuple[Answer, list[Label]],
    ) -> None:
        self.task, self.file, self.feeds = task, file, feeds
        self.answer, self.classes = answer
        self.barred, self.note = standing(own)

    def predict(self, rows: Table) -> Table:
        """What the file itself answers to typed rows.

        Raises:
            ProgramError: its answers are no probabilities.
        """
        features = recipe(self.task).columns(rows)
        found = self.file.run({entry.name: entry.fed(features, cells) for entry, cells in self.feeds})
        if not self.task.is_class:
            return {PREDICTION: np.asarray(found[self.answer.name], dtype=np.float64).reshape(-1)}
        chances = checked(self._chances(found), self.file.name)
        return answer_table(self.task, chances[:, label_places(self.classes, self.task)])

    def _chances(self, found: Mapping[str, Any]) -> Array:
        """Probabilities in the order of the model's classes."""
        if self.answer.mapped:
            (maps,) = (one for one in found.values() if isinstance(one, list))
            return np.array([[float(one[name]) for name in self.file.classes] for one in maps], dtype=np.float64)
        given = np.asarray(found[self.answer.name])
        if self.answer.kind == "labels":
            keys = [str(label if isinstance(label, str) else int(label)) for label in self._keys]
            return np.array([[float(str(one) == key) for key in keys] for one in given.ravel().tolist()])
        chances = given.astype(np.float64).reshape(len(given), -1)
        return np.hstack([1.0 - chances, chances]) if chances.shape[1] == 1 else chances

    @property
    def _keys(self) -> list[Any]:
        """The classes as the model answers with them."""
        return self.file.classes or list(self.classes)

    def export(self, folder: Path) -> Program:
        """The file, with columns gathered in front of it and its answer named behind it."""
        numbers, categories = widths_of(self.task.input_types)
        places = label_places(self.classes, self.task) if self.task.is_class else []
        widths = {NUMBERS: numbers, CATEGORIES: categories}
        data, inputs = self.file.wrapped(self.feeds, widths, self.answer, places, self._keys)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODEL_FILE).write_bytes(data)
        name = PROBABILITY if self.task.is_class else PREDICTION
        step = Step(op="onnx", inputs=inputs, outputs=(name,), files=(MODEL_FILE,))
        return as_it_is(assemble(self.task, recipe(self.task).steps(), step))


def family(name: str, path: Path) -> Family:
    """The family of a file."""
    return GraphFile(name, path)


def _zeros(entry: Entry, width: int) -> Array:
    """Rows to try it with."""
    made = np.full((_TRIED, width), "" if entry.text else 0.0, dtype=object if entry.text else np.float64)
    return entry.fed({"": made}, [Cell("", "number", "", place) for place in range(width)])

"""An ONNX file as a family: its inputs are matched with the task's, its answer is recognised, and it runs as it is."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile.estimators import label_places
from smeaton.compile.estimators.cells import Cell, first_cells, widths_of
from smeaton.compile.export import assemble
from smeaton.compile.onnx_files import Answer, Entry, OnnxFile
from smeaton.errors import ProgramError, TaskError
from smeaton.families import Family
from smeaton.families._own.elsewhere import FileFamily, as_it_is, classes_of, standing
from smeaton.families._parts import MODEL_FILE, answer_table, recipe
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.runtime.program import Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Own, Task
from smeaton.task.types import Label

_TRIED = 3  # rows of zeros that show the form of its answers
_SLACK = 1e-3  # of probabilities in single precision, or of few digits


class GraphFile(FileFamily):
    """A model in an ONNX file."""

    def read(self, task: Task, own: Own) -> "GraphModel":
        """Read it, and match its inputs and classes with the task's."""
        file = OnnxFile(self.path)
        feeds = _feeds(file.entries, task, own)
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
        chances = _checked(self._chances(found), self.file.name)
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


def _checked(chances: Array, name: str) -> Array:
    """Probabilities, as far as they are finite.

    Raises:
        ProgramError: they are none.
    """
    finite = chances[np.isfinite(chances).all(axis=1)]
    sums = finite.sum(axis=1)
    if len(finite) and (finite.min() < -_SLACK or finite.max() > 1 + _SLACK or np.abs(sums - 1).max() > _SLACK):
        raise ProgramError(
            f"{name} answers with {finite[np.abs(sums - 1).argmax()].tolist()}, which are no probabilities",
            fix="end the model with a softmax, or a sigmoid for two labels",
        )
    return chances


def _feeds(entries: Sequence[Entry], task: Task, own: Own) -> list[tuple[Entry, list[Cell]]]:
    """For each input of the model the columns that go into it.

    Raises:
        TaskError: they are not said and do not follow from names, or a column does not fit.
    """
    cells = {cell.name: cell for cell in first_cells(task.input_types)}
    unknown = [name for name in own.inputs if name and name not in {entry.name for entry in entries}]
    if unknown:
        raise TaskError(
            f"the model has no input {unknown[0]!r}", fix=_near(unknown[0], [entry.name for entry in entries])
        )
    return [(entry, [_fitting(entry, name, cells) for name in _named(entry, entries, task, own)]) for entry in entries]


def _named(entry: Entry, entries: Sequence[Entry], task: Task, own: Own) -> list[str]:
    """The columns of one input: as the task says; the column of its name; of the only one all inputs, if they fit."""
    columns = list(task.input_types)
    said = own.inputs.get(entry.name) or (own.inputs.get("") if len(entries) == 1 else None)
    if said is None and entry.name in columns and entry.width in (1, None):
        said = (entry.name,)
    if said is None and len(entries) == 1 and entry.width in (len(columns), None):
        said = tuple(columns)
    if said is None:
        wide = "any number of columns" if entry.width is None else f"{entry.width} columns"
        near = difflib.get_close_matches(entry.name, columns, 1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise TaskError(
            f"the model's input {entry.name!r} takes {wide}, and no input of the task has its name",
            fix=f"{hint}say which go into it: {{file: ..., inputs: {{{entry.name}: [...]}}}}",
        )
    if entry.width not in (len(said), None):
        raise TaskError(f"the model's input {entry.name!r} takes {entry.width} columns, not {len(said)}", fix=_COUNT)
    return list(said)


def _fitting(entry: Entry, name: str, cells: Mapping[str, Cell]) -> Cell:
    """The column of a name, if it fits.

    Raises:
        TaskError: it is no input, or is not what the model takes there.
    """
    cell = cells.get(name)
    if cell is None:
        raise TaskError(f"{name!r} is no input of the task", fix=_near(name, list(cells)))
    if cell.kind != ("text" if entry.text else "number"):
        takes, is_ = "text" if entry.text else "numbers", {"text": "a category"}.get(cell.kind, "neither")
        is_ = "a number" if cell.kind == "number" else is_
        raise TaskError(f"the model's input {entry.name!r} takes {takes}, and {name!r} is {is_}", fix=_TYPE)
    if entry.whole and cell.null:
        raise TaskError(
            f"the model's input {entry.name!r} takes whole numbers, which have no null, and {name!r} may be null",
            fix="export the model with a floating-point input",
        )
    return cell


_COUNT = "name as many as it takes, in its order"
_TYPE = "declare the input as the model takes it: numbers, or a category for text"


def _near(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, 1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names[:20])}"

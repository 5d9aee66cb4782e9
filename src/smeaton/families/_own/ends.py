"""Both ends of a model in a file: what goes into each of its inputs, and whether its answers are probabilities."""

import difflib
from collections.abc import Mapping, Sequence

import numpy as np

from smeaton.compile.estimators.cells import Cell, first_cells
from smeaton.compile.onnx_files import Entry
from smeaton.errors import ProgramError, TaskError
from smeaton.task.table import Array
from smeaton.task.task import Own, Task

_SLACK = 1e-3  # of probabilities in single precision, or of few digits


def checked(chances: Array, name: str) -> Array:
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


def feeds_of(entries: Sequence[Entry], task: Task, own: Own) -> list[tuple[Entry, list[Cell]]]:
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

"""Columns on their way through a pipeline, as a graph sees them.

A pipeline begins with the columns of a table. Each of its steps takes some and gives others; here they are `Cell`s,
each one column of a matrix that the graph has, so that nothing is written before something needs it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np

from smeaton.compile.graph import Graph
from smeaton.errors import ProgramError
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS, PARTS
from smeaton.task.types import Type

_AS_NUMBER = ("number", "integer", "boolean")
#: Types of inputs that the `table` op takes.
READS = (*_AS_NUMBER, "timestamp", "category", "text")


class NotCompiled(ProgramError):
    """An estimator, or a step of one, that has no exact form in a graph; the message begins with its class."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column: the `place` of the matrix `value`, of numbers or of texts; `other` where the graph has none of it.

    `null`: whether it may be null. Of texts: `fill` is what a null has become, `known` the values there can be (None:
    any), `base` what the values were (`text`, `integer`, `boolean`).
    """

    name: str
    kind: Literal["number", "text", "other"]
    value: str = ""
    place: int = 0
    null: bool = False
    fill: Any = None
    known: tuple[Any, ...] | None = None
    base: str = "text"


def first_cells(types: Mapping[str, Type]) -> list[Cell]:
    """The inputs of a task as the `table` op gives them, in order: numbers and booleans in one matrix, categories as
    text in another; texts and moments have no place in a graph."""
    cells, numbers, categories = [], 0, 0
    for name, form in types.items():
        if form.type in _AS_NUMBER:
            known = (False, True) if form.type == "boolean" else None
            cells.append(Cell(name, "number", NUMBERS, numbers, form.optional, known=known))
            numbers += 1
        elif form.type == "timestamp":
            cells.append(Cell(name, "other"))
            numbers += len(PARTS)
        elif form.type == "category":
            labels = None if form.labels is None else tuple(form.labels)
            cells.append(Cell(name, "text", CATEGORIES, categories, form.optional, known=labels, base=form.base))
            categories += 1
        else:
            cells.append(Cell(name, "other"))
    return cells


def widths_of(types: Mapping[str, Type]) -> tuple[int, int]:
    """How many columns the `table` op gives: numbers (parts of moments among them), and categories."""
    cells = first_cells(types)
    moments = len(PARTS) * sum(form.type == "timestamp" for form in types.values())
    return sum(cell.value == NUMBERS for cell in cells) + moments, sum(cell.value == CATEGORIES for cell in cells)


class Flow:
    """A graph with the widths of its matrices."""

    def __init__(self, graph: Graph, numbers: int, categories: int) -> None:
        self.graph = graph
        self._inputs = {NUMBERS: ("double", numbers), CATEGORIES: ("string", categories)}
        self._widths = {NUMBERS: numbers, CATEGORIES: categories}

    def matrix(self, cells: Sequence[Cell], reader: str) -> str:
        """The cells side by side, float64 (n, cells). `reader` is the class that needs them.

        Raises:
            NotCompiled: one is no number, or there are none.
        """
        wrong = next((cell for cell in cells if cell.kind != "number"), None)
        if wrong is not None:
            raise NotCompiled(f"{reader}: not compiled, for the column {wrong.name!r} reaches it and is no number")
        if not cells:
            raise NotCompiled(f"{reader}: not compiled, for no column reaches it")
        runs = groupby(cells, key=lambda cell: cell.value)
        parts = [self._take(value, [cell.place for cell in run]) for value, run in runs]
        return parts[0] if len(parts) == 1 else self.graph.node("Concat", parts, axis=1)

    def column(self, cell: Cell) -> str:
        """One cell as a matrix of one column."""
        return self._take(cell.value, [cell.place])

    def made(self, value: str, before: Sequence[Cell]) -> list[Cell]:
        """The columns of a matrix of numbers that a step has made, one from each cell."""
        self._widths[value] = len(before)
        return [Cell(cell.name, "number", value, place, cell.null) for place, cell in enumerate(before)]

    def _take(self, value: str, places: list[int]) -> str:
        if value in self._inputs:
            self.graph.input(value, *self._inputs[value])
        if places == list(range(self._widths[value])):
            return value
        return self.graph.node("Gather", [value, self.graph.constant(places, np.int64)], axis=1)


def class_of(estimator: Any) -> str:
    """What people call it."""
    return type(estimator).__name__


def library_of(estimator: Any) -> str:
    """The package its class comes from."""
    return str(type(estimator).__module__).partition(".")[0]

"""`Columns`: the one matrix that trees and networks read, learnt on the rows of a fold, alike in numpy and as a
graph.

A configuration says how:

    encode   "codes": each category as an integer code, commonest first, NaN where unseen (trees with native categories)
             "target": what the target was like where the value was seen; "onehot": one column for each common value
    derive   further columns: any of "counts", "pairs", "cross", "gaps"
    texts    "buckets": hashed words; "scores": what a linear model of words and characters says; "none"
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.families._ending import ClassEnding, NumberEnding
from smeaton.families._parts import Features, Model, Recipe, recipe
from smeaton.runtime.ops._features import CATEGORIES
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.encode import Vocabulary
    from smeaton.compile.graph import Graph
    from smeaton.compile.trees import Forest

#: What a configuration may leave out.
COLUMNS: dict[str, Any] = {"encode": "codes", "derive": [], "texts": "buckets"}


@dataclass(frozen=True)
class Columns:
    """The columns of the matrix: numbers, category codes, then each text's words."""

    recipe: Recipe
    vocabulary: "Vocabulary"

    @property
    def codes(self) -> tuple[int, ...]:
        """Which columns of the matrix are category codes."""
        layout = self.recipe.layout
        return tuple(layout.numbers + number for number in range(layout.categories))

    def encode(self, rows: Table) -> Features:
        """The outputs of the steps in front of the graph, for typed rows."""
        return self.recipe.features(rows)

    def matrix(self, features: Features) -> Array:
        """The matrix (rows, width), float64: NaN for nulls and unseen categories."""
        return self.recipe.layout.matrix(features, self.vocabulary)

    def write(self, graph: "Graph") -> str:
        """The same as a value of a graph, but that category columns hold shared codes (see `recoded`)."""
        from smeaton.compile.encode import add_matrix

        return add_matrix(graph, self.recipe.layout, self.vocabulary)

    def recoded(self, forest: "Forest") -> "Forest":
        """A forest that was fitted on `matrix`, for what `write` gives."""
        return forest.recode({place: self.vocabulary.to_shared(number) for number, place in enumerate(self.codes)})

    def added(self, folder: Path) -> tuple[Step, ...]:
        """Steps behind those of the recipe; their files are written into `folder`."""
        return ()


def learn_columns(
    task: Task, given: Mapping[str, Any], rows: Rows, ending: ClassEnding | NumberEnding, seed: int
) -> tuple[Columns, Array]:
    """Learn the columns on rows; with them the matrix of these very rows to fit on, in which whatever was learnt from
    targets is what other rows say (inside the splits of `_inner.py`)."""
    from smeaton.compile.encode import learn

    known = recipe(task)
    features = known.features(rows.x)
    columns = Columns(known, learn(features.get(CATEGORIES, np.empty((0, 0), dtype=object))))
    return columns, columns.matrix(features)


class MatrixModel(Model):
    """Base of what is fitted on `Columns`. `ending` turns scores into answers."""

    def __init__(self, task: Task, columns: Columns, ending: ClassEnding | NumberEnding) -> None:
        super().__init__(task)
        self.columns = columns
        self.ending = ending

    @abstractmethod
    def scores(self, matrix: Array) -> Array:
        """Scores (rows, targets) of a matrix, before the ending."""

    @abstractmethod
    def write_scores(self, graph: "Graph", matrix: str) -> str:
        """The same as a value of the graph; `matrix` is what `Columns.write` gave."""

    def encode(self, rows: Table) -> Features:
        """The outputs of the steps in front of the graph."""
        return self.columns.encode(rows)

    def added(self, folder: Path) -> tuple[Step, ...]:
        """The steps of the columns."""
        return self.columns.added(folder)

    def answers(self, features: Features) -> Array:
        """Probabilities, or numbers."""
        return self.ending.finish(self.scores(self.columns.matrix(features)))

    def write(self, graph: "Graph") -> str:
        """Columns, scores, ending."""
        return self.ending.write(graph, self.write_scores(graph, self.columns.write(graph)))

"""`Columns`: the one matrix that trees and networks read, learnt on the rows of a fold, alike in numpy and as a
graph.

A configuration says how:

    encode   "codes": each category as an integer code, commonest first, NaN where unseen (trees with native categories)
             "target": what the target was like where the value was seen (0/1 columns where there are few values)
             "onehot": a 0/1 column for each common value
    derive   further columns: any of "counts", "pairs", "cross", "gaps"
    texts    "buckets": hashed words; "scores": what a linear model of words and characters says; "none"
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.errors import InputError
from smeaton.families import Choice, Range
from smeaton.families._derive import derive
from smeaton.families._derive_means import learn_means, targets_of
from smeaton.families._derive_seen import Made, Seen
from smeaton.families._ending import ClassEnding, NumberEnding
from smeaton.families._parts import Features, Model, Recipe, recipe
from smeaton.families._scores import Scorer, learn_scores, string_recipe
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS, text_output, words_output
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table, rows_in
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.derived import Derived
    from smeaton.compile.encode import Layout, Vocabulary
    from smeaton.compile.graph import Graph
    from smeaton.compile.trees import Forest

#: What a configuration may leave out.
COLUMNS: dict[str, Any] = {"encode": "codes", "derive": [], "texts": "buckets"}
ENCODINGS = ("codes", "target", "onehot")
TEXTS = ("buckets", "scores", "none")
_FEW = 4  # values of a column of which means say no more than flags, and with more noise
_MOST_HOT = 30  # values of a column that get a 0/1 column
_MOST_LABELS = 10  # commonest first, that each category column has a mean of
_MOST_MEANS, _MOST_FLAGS = 60, 1_000  # columns of means with more than one label, and 0/1 columns
_MOST_CELLS = 60_000_000  # of either


@dataclass(frozen=True)
class Columns:
    """The columns of the matrix: numbers, category codes if `coded`, what is derived, the scores of strings, then the
    words of each text if `worded`."""

    recipe: Recipe
    vocabulary: "Vocabulary"
    coded: bool = True
    derived: "tuple[Derived, ...]" = ()
    scorers: tuple[Scorer, ...] = ()
    worded: bool = True

    @property
    def codes(self) -> tuple[int, ...]:
        """Which columns of the matrix are category codes."""
        first = len(self.recipe.numbers)
        return tuple(range(first, first + len(self.recipe.categories))) if self.coded else ()

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return self._layout.width + sum(part.width for part in self.derived) + sum(part.width for part in self.scorers)

    def encode(self, rows: Table) -> Features:
        """The outputs of the steps in front of the graph, for typed rows."""
        if self.worded:
            return self.recipe.features(rows)
        found = dict(self.recipe.columns(rows))
        for scorer in self.scorers:
            found[scorer.output] = scorer.scores(found.pop(text_output(scorer.name)).tolist())
        return found

    def matrix(self, features: Features) -> Array:
        """The matrix (rows, width), float64: NaN for nulls and unseen categories."""
        from smeaton.compile.derived import own_codes

        size = rows_in(features)
        numbers = features.get(NUMBERS, np.empty((size, 0)))
        codes = own_codes(self.vocabulary, features.get(CATEGORIES, np.empty((size, 0), dtype=object)))
        made = [part.apply(numbers, codes) for part in self.derived]
        made.extend(features[scorer.output] for scorer in self.scorers)
        return self._joined(features, numbers, codes, made)

    def write(self, graph: "Graph") -> str:
        """The same as a value of a graph, but that category columns hold shared codes (see `recoded`)."""
        from smeaton.compile.encode import add_codes, add_words

        parts = []
        if self.recipe.numbers:
            parts.append(graph.input(NUMBERS, "double", len(self.recipe.numbers)))
        if self.codes:
            parts.append(add_codes(graph, self.vocabulary))
        parts.extend(part.write(graph) for part in self.derived)
        parts.extend(graph.input(scorer.output, "double", scorer.width) for scorer in self.scorers)
        parts.extend(add_words(graph, self._layout))
        return parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)

    def recoded(self, forest: "Forest") -> "Forest":
        """A forest that was fitted on `matrix`, for what `write` gives."""
        return forest.recode({place: self.vocabulary.to_shared(number) for number, place in enumerate(self.codes)})

    def added(self, folder: Path) -> tuple[Step, ...]:
        """Steps behind those of the recipe; their files are written into `folder`."""
        return tuple(scorer.step(folder, number) for number, scorer in enumerate(self.scorers))

    @property
    def _layout(self) -> "Layout":
        """The columns that are features as they are."""
        from smeaton.compile.encode import Layout

        layout = self.recipe.layout
        return Layout(layout.numbers, layout.categories * self.coded, layout.texts if self.worded else {})

    def _joined(self, features: Features, numbers: Array, codes: Array, made: Sequence[Array]) -> Array:
        parts = [numbers]
        if self.codes:
            parts.append(np.where(codes < 0, np.nan, codes))
        parts.extend(made)
        if self.worded:
            parts.extend(features[words_output(name)].astype(np.float64) for name in self.recipe.texts)
        return np.hstack(parts)


def learn_columns(
    task: Task, given: Mapping[str, Any], rows: Rows, ending: ClassEnding | NumberEnding, seed: int
) -> tuple[Columns, Array]:
    """Learn the columns on rows; with them the matrix of these very rows to fit on, in which whatever was learnt from
    targets is what other rows say (inside the splits of `_inner.py`).

    Raises:
        InputError: the configuration asks for what there is not, or leaves no column.
    """
    from smeaton.compile.derived import own_codes
    from smeaton.compile.encode import learn

    chosen = _checked(given)
    known: Recipe = recipe(task)
    worded = chosen["texts"] == "buckets"
    features = known.features(rows.x) if worded else known.columns(rows.x)
    categories = features.get(CATEGORIES, np.empty((len(rows), 0), dtype=object))
    numbers = features.get(NUMBERS, np.empty((len(rows), 0)))
    vocabulary = learn(categories)
    seen = Seen(known, vocabulary, rows, numbers, own_codes(vocabulary, categories), ending, seed)
    scorers, scores = list[Scorer](), list[Array]()
    if chosen["texts"] == "scores":
        known = reading = string_recipe(known, seen.codes, seen.sizes)
        for name, texts in reading.read(features).items():
            scorer, apart = learn_scores(name, texts, ending, rows, seed)
            scorers.append(scorer)
            scores.append(apart)
    made = [*_encoded(chosen["encode"], seen), *derive(chosen["derive"], seen)]
    derived = tuple(part for part, _ in made)
    columns = Columns(known, vocabulary, chosen["encode"] == "codes", derived, tuple(scorers), worded)
    if not columns.width:
        raise InputError("the configuration leaves no column to learn from", fix="use the texts, or another family")
    return columns, columns._joined(features, numbers, seen.codes, [*(values for _, values in made), *scores])


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the defaults."""
    chosen = COLUMNS | {key: value for key, value in given.items() if key in COLUMNS}
    for key, known in (("encode", ENCODINGS), ("texts", TEXTS)):
        if chosen[key] not in known:
            raise InputError(f"there is no `{key}` {chosen[key]!r}", fix=f"use one of: {', '.join(known)}")
    return chosen


def _encoded(encode: str, seen: Seen) -> list[Made]:
    """What stands for the categories where their codes do not."""
    from smeaton.compile.derived import Lookup

    if encode == "codes" or not any(seen.sizes):
        return []
    if encode == "onehot":
        most = min(_MOST_FLAGS, _MOST_CELLS // len(seen.rows)) // len(seen.sizes)
        return [_flags(seen, [min(size, int(np.clip(most, 1, _MOST_HOT))) for size in seen.sizes])]
    labels = min(_MOST_MEANS, _MOST_CELLS // len(seen.rows)) // len(seen.sizes)
    targets = targets_of(seen.rows, seen.ending, int(np.clip(labels, 1, _MOST_LABELS)))
    few = [size if size <= max(_FEW, targets.width) else 0 for size in seen.sizes]
    made = [_flags(seen, few)] if any(few) else []
    many = [i for i, size in enumerate(seen.sizes) if size and not few[i]]
    if many:
        means = learn_means(seen.codes[:, many], [seen.sizes[i] for i in many], targets, seen.splits)
        made.append((Lookup(seen.vocabulary, tuple(many), means.tables), means.apart))
    return made


def _flags(seen: Seen, counts: Sequence[int]) -> Made:
    """0/1 columns for the first values of each category column; of two values one needs none where every row has a
    known value. (Of three and more each has one: what is true of one value alone is then one split, one weight.)"""
    from smeaton.compile.derived import Hot

    known: Array = np.asarray((seen.codes >= 0).all(axis=0))
    left = [count - bool(known[i] and count == 2 == seen.sizes[i]) for i, count in enumerate(counts)]
    hot = Hot(seen.vocabulary, tuple(left))
    return hot, hot.apply(seen.numbers, seen.codes)


def derivations(task: Task) -> list[str]:
    """What can be derived from the columns of a task."""
    kinds = [form.type for form in task.input_types.values()]
    categories, moments = kinds.count("category"), kinds.count("timestamp")
    numbers = kinds.count("number") + kinds.count("integer") + moments  # a timestamp has a year
    each = {"counts": categories >= 1, "pairs": numbers >= 2, "cross": categories >= 2, "gaps": moments >= 2}
    return [name for name, can in each.items() if can]


def column_choices(task: Task) -> dict[str, Choice | Range]:
    """What a search may choose of `encode` and `derive`, where a task has columns for it."""
    found = dict[str, Choice | Range]()
    can = derivations(task)
    if "counts" in can:
        found["encode"] = Choice(ENCODINGS[:2])
    if can:
        some = [[name for name in can if name in own] for own in ((), ("pairs", "gaps"), ("counts", "cross"), can)]
        found["derive"] = Choice(tuple(one for i, one in enumerate(some) if one not in some[:i]))
    return found


class MatrixModel(Model):
    """Base of what is fitted on `Columns`. `ending` turns scores into answers."""

    def __init__(self, task: Task, columns: Columns, ending: ClassEnding | NumberEnding) -> None:
        super().__init__(task)
        self.recipe = columns.recipe
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

"""What strings say: scores of a linear model of their runs of words and characters, one column for each target.

Read are the text columns, and category columns of so many values that most say little as such: names, titles, codes,
addresses. A row to fit on is scored by a model that was not fitted on it (stacking: Wolpert 1992), so that trees trust
the scores as much as they may. In serving the scores are one `bag` step a column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.fold import Rows
from smeaton.extras import needs
from smeaton.families._ending import ClassEnding, NumberEnding
from smeaton.families._inner import inner_parts
from smeaton.families._margins import Margins
from smeaton.families._ngrams import Grams, Terms, count, learn_terms, matrix, sums
from smeaton.families._parts import Features, Recipe
from smeaton.families._solver import Limits
from smeaton.runtime.ops._features import CATEGORIES, NULL_TEXT, text_output
from smeaton.runtime.program import Step
from smeaton.task.profile import Profile
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.task.types import Type

#: Labels, commonest first, that get a score: each has a model of its own for every column and part.
MOST_LABELS = 40
_PARTS = 4  # of the training rows: each is scored by a model of the others
_MOST_FITTED, _LEAST_FITTED = 100_000, 10_000  # rows x targets that one model is fitted on, and rows at least
_LEAST_ROWS = 5  # that hold a run of words or characters
_MOST_TERMS = 60_000
_COST, _PENALTY = 0.3, 3.0  # of the models: weak enough to say the same of rows they were not fitted on
_GRAMS = Grams(words=(1, 2), chars=(2, 3, 4), buckets=0, count="log", norm=True)
_MANY_VALUES = 100
_RARE_SHARE = 0.1  # of the rows, with values too rare to be known as such


@dataclass(frozen=True, slots=True)
class Scorer:
    """The linear scores of one column: `rows` (terms, targets) float32."""

    name: str
    terms: Terms
    rows: Array

    @property
    def output(self) -> str:
        """The name of the scores among the features."""
        return f"scores:{self.name}"

    @property
    def width(self) -> int:
        """Scores of one string."""
        return int(self.rows.shape[1])

    def scores(self, texts: Sequence[str | None]) -> Array:
        """Scores (texts, targets), by the numbers that serve."""
        return sums(texts, self.terms, self.rows, _GRAMS)

    def step(self, folder: Path, number: int) -> Step:
        """The step that answers the same; its files are written into `folder`."""
        arrays = {"keys": self.terms.keys, "idf": self.terms.idf, "rows": self.rows}
        files = tuple(f"scores-{number}.{part}.npy" for part in arrays)
        for file, array in zip(files, arrays.values(), strict=True):
            np.save(folder / file, array, allow_pickle=False)
        return Step(op="bag", inputs=(text_output(self.name),), outputs=(self.output,), args=_GRAMS.args, files=files)


@dataclass(frozen=True, slots=True)
class StringRecipe(Recipe):
    """A recipe whose table step also gives some category columns as texts."""

    strings: tuple[str, ...] = ()

    def steps(self) -> tuple[Step, ...]:
        """The steps of the recipe, the texts of categories behind the others."""
        table, *rest = Recipe.steps(self)
        args = table.args | {"texts": [*self.texts, *self.strings]}
        outputs = (*table.outputs, *(text_output(name) for name in self.strings))
        return (msgspec.structs.replace(table, args=args, outputs=outputs), *rest)

    def read(self, columns: Features) -> dict[str, list[str | None]]:
        """The strings to score, by column: of what the table step of the plain recipe gives."""
        found = {name: columns[text_output(name)].tolist() for name in self.texts}
        for name in self.strings:
            cells = columns[CATEGORIES][:, self.categories.index(name)].tolist()
            found[name] = [None if cell == NULL_TEXT else cell for cell in cells]
        return found


def string_recipe(recipe: Recipe, codes: Array, sizes: Sequence[int]) -> StringRecipe:
    """The recipe with those category columns as texts too whose values are many and rare in the rows at hand.

    Args:
        recipe: of the task.
        codes: (rows, category columns), -1 where a value is too rare to be known.
        sizes: known values of each column.
    """
    rare = (codes < 0).mean(axis=0)
    strings = tuple(
        name
        for i, name in enumerate(recipe.categories)
        if may_be_read(recipe.types[name]) and (rare[i] >= _RARE_SHARE or sizes[i] >= _MANY_VALUES)
    )
    return StringRecipe(recipe.types, recipe.numbers, recipe.categories, recipe.texts, recipe.parts, strings)


def may_be_read(form: Type | Any) -> bool:
    """Whether a type, or its plain form, is a category of open text: no numbers, no labels that are all known."""
    plain = form if isinstance(form, dict) else msgspec.to_builtins(form)
    return plain["type"] == "category" and plain.get("base", "text") == "text" and plain.get("labels") is None


def has_strings(task: Task, profile: Profile) -> bool:
    """Whether a table has texts, or categories that are read as such."""
    kinds = task.input_types
    if any(form.type == "text" for form in kinds.values()):
        return True
    return any(
        may_be_read(kinds[column.name])
        and (column.rare >= _RARE_SHARE * profile.rows or column.distinct >= _MANY_VALUES)
        for column in profile.columns
        if column.name in kinds
    )


def learn_scores(
    name: str, texts: Sequence[str | None], ending: ClassEnding | NumberEnding, rows: Rows, seed: int
) -> tuple[Scorer, Array]:
    """The scorer of a column fitted on all rows, and the score of each row by one that was not fitted on it (zeros
    for rows that have none: `_inner.py`)."""
    counted = count(texts, _GRAMS)
    terms = learn_terms(counted, _LEAST_ROWS, _MOST_TERMS)
    cells = matrix(counted, terms, _GRAMS)
    hits = _hits(ending, rows)
    most = max(_LEAST_FITTED, _MOST_FITTED // hits.shape[1])
    every = _some(np.arange(len(rows)), most, seed)
    whole = _weights(cells, hits, rows.weight, every, seed).astype(np.float32)
    apart = np.zeros((len(rows), whole.shape[1]))
    for learnt, answered in inner_parts(rows, _PARTS, seed, isinstance(ending, ClassEnding)):
        if len(learnt):
            apart[answered] = cells[answered] @ _weights(cells, hits, rows.weight, _some(learnt, most, seed), seed)
    used = np.flatnonzero(np.any(whole != 0, axis=1))
    return Scorer(name, Terms(terms.keys[used], terms.idf[used]), whole[used]), apart


def _hits(ending: ClassEnding | NumberEnding, rows: Rows) -> Array:
    """What is fitted, (rows, targets): which rows have the second of two labels, or each of the commonest; or scores
    of numbers."""
    if isinstance(ending, NumberEnding):
        scores: Array = ending.start(rows.y)[:, None]
        return scores
    labels = len(ending.prior)
    common = np.argsort(-np.bincount(rows.y, minlength=labels), kind="stable")
    hits: Array = rows.y[:, None] == (np.sort(common[:MOST_LABELS]) if labels > 2 else 1)
    return hits


def _some(rows: Array, most: int, seed: int) -> Array:
    """At most so many of the rows: more would tell a linear model little, and take the time of the trees."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng([seed, 97]).permutation(rows)[:most])


def _weights(cells: Any, hits: Array, weight: Array | None, rows: Array, seed: int) -> Array:
    """Weights of the terms fitted on some rows, (terms, targets): a linear machine for each label (one for two), ridge
    for numbers."""
    cells, hits = cells[rows], hits[rows]
    weight = None if weight is None else weight[rows]
    if hits.dtype == bool:
        weights, _, _ = Margins(cells, hits, weight, 0, False, seed).fit(_COST, Limits(float("inf"), None))
        return weights
    if not cells.shape[1]:
        return np.zeros((0, 1))
    with needs("build"):
        from sklearn.linear_model import Ridge
    ridge = Ridge(alpha=_PENALTY, solver="sparse_cg", random_state=seed)
    ridge.fit(cells, hits[:, 0], sample_weight=weight)
    return np.asarray(ridge.coef_, dtype=np.float64).reshape(-1, 1)

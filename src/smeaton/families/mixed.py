"""Boosted trees over numbers, categories and what each text says: the scores of a linear model of its runs of words and
characters stand beside the other columns.

A row the trees learn from is scored by a model that was not fitted on it (stacking: Wolpert 1992), so the trees trust
the scores as much as they may. In serving the scores are one `bag` step a text column.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.extras import needs
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._ending import ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._lightgbm import FIT_SHARE, Part, Watch, settings, train
from smeaton.families._margins import Margins
from smeaton.families._ngrams import Grams, Terms, count, learn_terms, matrix, sums
from smeaton.families._parts import STEPS, Features, Model, join_rows, recipe, refuse, some_rows
from smeaton.families._portfolio import boosting_starts
from smeaton.families._solver import Limits
from smeaton.runtime.ops._features import CATEGORIES, text_output
from smeaton.runtime.program import Step
from smeaton.task.profile import Profile
from smeaton.task.table import Array, Table
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.encode import Layout, Vocabulary
    from smeaton.compile.graph import Graph

_PARTS = 4  # of the training rows: each is scored by a model of the others
_LEAST_ROWS = 5  # that hold a run of words or characters
_MOST_TERMS = 60_000
_MOST_LABELS = 40  # each has a model of its own for every text column and part
_COST, _PENALTY = 0.3, 3.0  # of the scoring models: weak enough to say the same of rows they were not fitted on
_GRAMS = Grams(words=(1, 2), chars=(2, 3, 4), buckets=0, count="log", norm=True)


@dataclass(frozen=True, slots=True)
class Scorer:
    """The linear scores of one text column: `rows` (terms, targets) float32."""

    name: str
    terms: Terms
    rows: Array

    def scores(self, texts: Sequence[str | None]) -> Array:
        """Scores (texts, targets), by the numbers that serve."""
        return sums(texts, self.terms, self.rows, _GRAMS)


class MixedModel(Model):
    """Trees over one matrix: numbers, category codes, then the scores of each text column."""

    def __init__(self, task: Task, ending: ClassEnding | NumberEnding, vocabulary: "Vocabulary") -> None:
        super().__init__(task)
        self.ending = ending
        self.vocabulary = vocabulary
        self.scorers: tuple[Scorer, ...] = ()
        self.booster: Any = None
        self.rounds = 0

    @property
    def layout(self) -> "Layout":
        """The columns before the scores."""
        from smeaton.compile.encode import Layout

        return Layout(len(self.recipe.numbers), len(self.recipe.categories))

    @property
    def codes(self) -> tuple[int, ...]:
        """Which columns of the matrix are category codes."""
        return tuple(self.layout.numbers + i for i in range(self.layout.categories))

    def encode(self, rows: Table) -> Features:
        """The outputs of the table step, with scores in place of the texts."""
        found = dict(self.recipe.columns(rows))
        for scorer in self.scorers:
            found[_output(scorer.name)] = scorer.scores(found.pop(text_output(scorer.name)).tolist())
        return found

    def matrix(self, features: Features) -> Array:
        """What the trees are asked with."""
        plain = self.layout.matrix(features, self.vocabulary)
        return np.hstack([plain, *(features[_output(name)] for name in self.recipe.texts)])

    def answers(self, features: Features) -> Array:
        """Probabilities, or numbers."""
        asked = self.matrix(features)
        raw = self.booster.predict(asked, raw_score=True, num_iteration=self.rounds)
        return self.ending.finish(np.asarray(raw, dtype=np.float64).reshape(len(asked), -1))

    def added(self, folder: Path) -> tuple[Step, ...]:
        """A bag step for each text column."""
        steps = []
        for number, scorer in enumerate(self.scorers):
            arrays = {"keys": scorer.terms.keys, "idf": scorer.terms.idf, "rows": scorer.rows}
            files = tuple(f"scores-{number}.{part}.npy" for part in arrays)
            for file, array in zip(files, arrays.values(), strict=True):
                np.save(folder / file, array, allow_pickle=False)
            names = (text_output(scorer.name),), (_output(scorer.name),)
            steps.append(Step(op="bag", inputs=names[0], outputs=names[1], args=_GRAMS.args, files=files))
        return tuple(steps)

    def write(self, graph: "Graph") -> str:
        """The trees as one operator over the matrix, then the ending."""
        from smeaton.compile.encode import add_matrix
        from smeaton.compile.trees import add_forest, read_lightgbm

        forest = read_lightgbm(self.booster.model_to_string(num_iteration=self.rounds))
        codes = {place: self.vocabulary.to_shared(number) for number, place in enumerate(self.codes)}
        targets = self.scorers[0].rows.shape[1]
        values = [graph.input(_output(scorer.name), "double", targets) for scorer in self.scorers]
        asked = graph.node("Concat", [add_matrix(graph, self.layout, self.vocabulary), *values], axis=1)
        return self.ending.write(graph, add_forest(graph, forest.recode(codes), asked))


class Mixed:
    """Fits boosted trees over numbers, categories and the scores of texts."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """The portfolio of boosted trees; only for tables with texts and something beside them."""
        refused = refuse(task)
        if refused:
            return refused
        steps = recipe(task)
        if not steps.texts:
            return Refusal("there is no text among the inputs; `boosting` has the other columns")
        if not steps.numbers and not steps.categories:
            return Refusal("every input is text; `tfidf` reads it without trees")
        if len(task.labels) > _MOST_LABELS:
            return Refusal(f"{len(task.labels)} labels are more than the {_MOST_LABELS} it scores the texts for")
        params: dict[str, Choice | Range] = {
            "learning_rate": Range(0.01, 0.15, log=True),
            "num_leaves": Range(4, 63, log=True, integer=True),
            "min_data_in_leaf": Range(2, 100, log=True, integer=True),
            "feature_fraction": Range(0.3, 1.0),
            "lambda_l2": Range(1e-2, 50.0, log=True),
        }
        return Space(starts=boosting_starts(task, profile), params=params, fidelity="rows", effort=4.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> MixedModel:
        """Score the texts part by part, then boost until the loss on the stop rows no longer falls."""
        deadline = time.monotonic() + FIT_SHARE * run.seconds
        given = settings(task, config)
        limit = config.get(STEPS)
        some = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
        model, watch = _fit(task, given, (some, fold.stop), run, deadline, limit)
        clocked = watch.clocked and watch.rounds < given["rounds"]
        if given["refit"] and run.other_folds and run.fidelity == 1 and not clocked and limit is None:
            again, second = _fit(task, given, (join_rows(fold.train, fold.stop), None), run, deadline, model.rounds)
            clocked = second.rounds < model.rounds
            model = model if clocked else again
        if not given["log"]:
            model.refit = {STEPS: model.rounds}
        if clocked:
            model.steps = watch.rounds
            model.note = f"the clock ended it after {watch.rounds} rounds; the best was {model.rounds}"
        return model


def _output(name: str) -> str:
    return f"scores:{name}"


def _fit(
    task: Task, given: Mapping[str, Any], rows: tuple[Rows, Rows | None], run: Run, deadline: float, limit: int | None
) -> tuple[MixedModel, Watch]:
    """One fit on the first rows, stopped on the second (None: `limit` rounds)."""
    from smeaton.compile.encode import learn

    first, stop = rows
    ending = class_ending(task, first) if task.is_class else number_ending(first, bool(given["log"]))
    columns = dict(recipe(task).columns(first.x))
    known = columns.get(CATEGORIES, np.empty((0, 0), dtype=object))
    model = MixedModel(task, ending, learn(known))
    scorers = []
    for name in model.recipe.texts:
        scorer, apart = _stacked(name, columns.pop(text_output(name)).tolist(), ending, first, run.seed)
        scorers.append(scorer)
        columns[_output(name)] = apart
    model.scorers = tuple(scorers)
    own = Part(model.matrix(columns), first, model.codes)
    judged = None
    if stop is not None and len(stop):
        judged = Part(model.matrix(model.encode(stop.x)), stop, model.codes)
    model.booster, model.rounds, watch = train(task, given, (own, judged), ending, run, deadline, limit)
    return model, watch


def _stacked(
    name: str, texts: list[str | None], ending: ClassEnding | NumberEnding, rows: Rows, seed: int
) -> tuple[Scorer, Array]:
    """The scorer of a text column fitted on all rows, and the score of each row by one that was not fitted on it."""
    counted = count(texts, _GRAMS)
    terms = learn_terms(counted, _LEAST_ROWS, _MOST_TERMS)
    cells = matrix(counted, terms, _GRAMS)
    part = np.random.default_rng([seed, 79]).permutation(len(rows)) % _PARTS
    whole = _weights(cells, ending, rows, seed).astype(np.float32)
    apart = np.zeros((len(rows), whole.shape[1]))
    for number in range(_PARTS):
        own = np.flatnonzero(part != number)
        weights = None if rows.weight is None else rows.weight[own]
        held = np.flatnonzero(part == number)
        apart[held] = cells[held] @ _weights(cells[own], ending, Rows({}, rows.y[own], weights, own), seed)
    used = np.flatnonzero(np.any(whole != 0, axis=1))
    return Scorer(name, Terms(terms.keys[used], terms.idf[used]), whole[used]), apart


def _weights(cells: Any, ending: ClassEnding | NumberEnding, rows: Rows, seed: int) -> Array:
    """Weights of the terms, (terms, targets): a linear machine for each label (one for two), ridge for numbers."""
    if isinstance(ending, NumberEnding):
        if not cells.shape[1]:
            return np.zeros((0, 1))
        with needs("build"):
            from sklearn.linear_model import Ridge
        ridge = Ridge(alpha=_PENALTY, solver="sparse_cg", random_state=seed)
        ridge.fit(cells, ending.start(rows.y), sample_weight=rows.weight)
        return np.asarray(ridge.coef_, dtype=np.float64).reshape(-1, 1)
    labels = len(ending.prior)
    hits = (rows.y == 1)[:, None] if labels == 2 else rows.y[:, None] == np.arange(labels)
    weights, _, _ = Margins(cells, hits, rows.weight, 0, False, seed).fit(_COST, Limits(float("inf"), None))
    return weights


part = Mixed()

"""Linear models of word and character runs (tf-idf) of each text column, with the numbers and categories beside them.

Support vectors for labels, ridge for numbers. What is served is one `bag` step a text column, whose table rows are the
weights: as float32, which the model itself answers with too.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._ending import Ending, NumberEnding, class_ending, many_ending, number_ending
from smeaton.families._ngram_fit import FEW, Plan, Seen, fit_labels, fit_number, learn_columns, see, targets_of
from smeaton.families._ngrams import LEAST_ROWS, Grams, Terms, cells_of, is_dense, sums
from smeaton.families._parts import STEPS, Features, Model, recipe, refuse, some_rows
from smeaton.families._portfolio import wants_log
from smeaton.families._solver import Limits, hold_threads
from smeaton.runtime.ops._features import text_output
from smeaton.runtime.program import Step
from smeaton.task.profile import Profile
from smeaton.task.table import Array, Table
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph
    from smeaton.compile.linear import Linear

#: `words`, `chars`: longest runs (0 = none); `shortest`: of the runs of characters. `kind`: keep runs by their own hash
#: if `least` rows or more hold them, or all in buckets. `ratio`: scale columns by what they say on their own. `c`: cost
#: of errors, None = along a path judged on the stop rows; `slope`: slope and shift of the margins where no rows can
#: say. `refit`: fit again on training and stopping rows. `cells`: features of all rows, `values`: of a category.
DEFAULTS: dict[str, Any] = {
    "words": 2, "shortest": 2, "chars": 5, "kind": "vocabulary", "least": LEAST_ROWS, "count": "log", "norm": True,
    "ratio": True, "c": None, "slope": None, "log": False, "refit": False, "cells": 15_000_000, "values": 5_000,
}  # fmt: skip
_FIT_SHARE = 0.8  # of the seconds a fit has, that its solver may take
#: Weights of one text column, over all labels: bounds the size of what ships (4 bytes each).
_MOST_WEIGHTS = 10_000_000
_LEAST_TERMS, _MOST_TERMS = 1 << 14, 1 << 19
#: Seconds for each letter of all texts: counted, and solved for one label.
_COUNTED, _SOLVED = 1.2e-6, 1.4e-7
_LEAST_TEXTS = 2_000  # rows that are kept however many features they make
#: Runs of characters that are left where more would be too many features; in
#: scripts where a letter or two are a word, the words themselves say nothing.
_FEWER_CHARS = ((3, 4), ())
_FEWER_DENSE = ((1, 2),)


@dataclass(frozen=True, slots=True)
class Bag:
    """The fitted table of one text column: `rows` (terms, targets) float32."""

    name: str
    grams: Grams
    terms: Terms
    rows: Array


class TfidfModel(Model):
    """Sums of table rows over the runs of each text, plus a linear model of the other inputs, then an ending."""

    def __init__(self, task: Task, ending: Ending, bags: Sequence[Bag], plain: "Linear") -> None:
        super().__init__(task)
        self.ending = ending
        self.bags = tuple(bags)
        self.plain = plain

    def encode(self, rows: Table) -> Features:
        """The outputs of the table step, with those of the bag steps in place of the texts."""
        found = dict(self.recipe.columns(rows))
        for bag in self.bags:
            texts = found.pop(text_output(bag.name)).tolist()
            found[_output(bag.name)] = sums(texts, bag.terms, bag.rows, bag.grams)
        return found

    def scores(self, features: Features) -> Array:
        """What the ending is applied to, (rows, targets)."""
        scores = self.plain.scores(features)
        for bag in self.bags:
            scores = scores + features[_output(bag.name)]
        return scores

    def like(self, former: "TfidfModel") -> "TfidfModel":
        """This one with what another learnt of rows that it has not seen."""
        if isinstance(self.ending, NumberEnding) and isinstance(former.ending, NumberEnding):
            self.ending = self.ending.with_factor(former.ending.factor)
        return self

    def answers(self, features: Features) -> Array:
        """Probabilities, or numbers."""
        return self.ending.finish(self.scores(features))

    def added(self, folder: Path) -> tuple[Step, ...]:
        """A bag step for each text column."""
        steps = []
        for number, bag in enumerate(self.bags):
            parts = {"keys": bag.terms.keys, "idf": bag.terms.idf, "rows": bag.rows}
            files = [f"bag-{number}.{part}.npy" for part in parts]
            for file, array in zip(files, parts.values(), strict=True):
                np.save(folder / file, array, allow_pickle=False)
            names = (text_output(bag.name),), (_output(bag.name),)
            steps.append(Step(op="bag", inputs=names[0], outputs=names[1], args=bag.grams.args, files=tuple(files)))
        return tuple(steps)

    def write(self, graph: "Graph") -> str:
        """The terms added up, then the ending."""
        from smeaton.compile.linear import add_scores

        targets = len(self.plain.bias)
        if sum(self.plain.design.widths):
            scores = add_scores(graph, self.plain)
        else:
            scores = graph.constant(self.plain.bias)
        for bag in self.bags:
            scores = graph.node("Add", [graph.input(_output(bag.name), "double", targets), scores])
        return self.ending.write(graph, scores)


class TfidfFamily:
    """Fits linear models of n-grams."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Own hashes first, then buckets that forget nothing; scaled by ratios where there are few labels."""
        refused = _refused(task)
        if refused:
            return refused
        few = len(task.labels) <= FEW
        # With many labels the time and the size of a fit count: half the features, and as good on short texts.
        first: dict[str, Any] = {"ratio": few, "refit": True, **({} if few else {"shortest": 3, "chars": 4})}
        starts = [first, {**first, "kind": "hashed"}]
        params: dict[str, Choice | Range] = {
            "c": Range(0.05, 10.0, log=True),
            "words": Choice((1, 2, 3)),
            "shortest": Choice((2, 3)),
            "chars": Choice((0, 4, 5, 6)),
            "count": Choice(("log", "log1p", "once")),
            "kind": Choice(("vocabulary", "hashed")),
            "least": Range(LEAST_ROWS, 20, log=True, integer=True),
        }
        if task.labels:
            if few:
                starts.append({"ratio": False, "refit": True})
                params["ratio"] = Choice((False, True))
        else:
            params["c"] = Range(0.01, 100.0, log=True)
            if wants_log(task, profile):
                starts.insert(1, {**starts[0], "log": True})
                params["log"] = Choice((False, True))
        seconds = _seconds(task, profile)
        return Space(starts=tuple(starts), params=params, fidelity="rows", effort=2.0, seconds=seconds, whole=2)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> TfidfModel:
        """Fit along a short path of costs until the loss on the stop rows rises or the clock says so.

        Texts with too many features are fitted on a random share of the rows; `note` says so. Fits that end by
        themselves depend on nothing but rows, configuration and seed.
        """
        deadline = time.monotonic() + _FIT_SHARE * run.seconds
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        limits = Limits(deadline, config.get(STEPS))
        train = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
        grams, train, left = _affordable(task, given, train, run.seed)
        seen = see(task, train, grams), see(task, fold.stop, grams)
        with hold_threads(run.threads):
            model, choices = _fit(task, given, seen, grams, run, limits)
            clocked = limits.clocked
            if given["refit"] and run.other_folds and run.fidelity == 1 and limits.steps is None and not clocked:
                more = Limits(deadline, None)
                again, _ = _fit(task, {**given, **choices}, (seen[0].joined(seen[1]), None), grams, run, more)
                clocked = more.clocked
                model = model if clocked else again.like(model)
        if task.answer != "number":
            model.refit = {**choices, STEPS: targets_of(task)}
        if clocked:
            model.steps = limits.used
            model.note = f"the clock ended it after {limits.used} steps at a cost of {choices['c']:g}"
        elif left:
            model.note = left
        return model


def _seconds(task: Task, profile: Profile) -> float:
    """About what one fit takes: counting the runs of all texts, and solving for every label."""
    letters = sum(column.mean_length for column in profile.columns if column.type == "text")
    return 0.4 + profile.rows * letters * (_COUNTED + _SOLVED * targets_of(task))


def _refused(task: Task) -> Refusal | None:
    """Why this family cannot work on a task, None if it can."""
    refused = refuse(task, many=True)
    if refused is None and not any(form.type == "text" for form in task.input_types.values()):
        return Refusal("it counts runs of words and characters, and no input is a text; `linear` reads the others")
    return refused


def _output(name: str) -> str:
    return f"bag:{name}"


def _affordable(task: Task, given: Mapping[str, Any], rows: Rows, seed: int) -> tuple[dict[str, Grams], Rows, str]:
    """What is counted in each text column, on which of the rows, and what had to be left out: runs of characters
    first, then rows."""
    known = recipe(task)
    columns = known.columns(rows.x)
    texts = {name: columns[text_output(name)].tolist() for name in known.texts}
    dense = {name: is_dense(own) for name, own in texts.items()}
    for fewer in range(1 + len(_FEWER_CHARS)):
        grams = {name: _grams(task, given, dense[name], fewer) for name in texts}
        cells = sum(cells_of(own, grams[name]) for name, own in texts.items())
        if cells <= given["cells"]:
            return grams, rows, "" if not fewer else "fewer runs of characters: all would be too many features"
    share = min(1.0, max(given["cells"] / cells, _LEAST_TEXTS / max(1, len(rows))))
    note = f"fitted on {share:.0%} of the rows, with fewer runs of characters: all would be too many features"
    return grams, some_rows(rows, share, seed, task.is_class), note


def _grams(task: Task, given: Mapping[str, Any], dense: bool, fewer: int) -> Grams:
    """What is counted in a text column; `fewer` > 0 leaves runs of characters out. In dense scripts they are a size
    shorter."""
    buckets = 0
    if given["kind"] == "hashed":
        fitting = _MOST_WEIGHTS // targets_of(task)
        buckets = int(np.clip(1 << (fitting.bit_length() - 1), _LEAST_TERMS, _MOST_TERMS))
    words = tuple(range(1, int(given["words"]) + 1))
    chars = tuple(range(max(1, int(given["shortest"]) - dense), int(given["chars"]) + 1 - dense))
    if fewer:
        kept = (_FEWER_DENSE if dense else _FEWER_CHARS)[:fewer][-1]
        chars = tuple(size for size in chars if size in kept) if words else chars
    return Grams(words, chars, buckets, given["count"], bool(given["norm"]))


def _fit(
    task: Task,
    given: Mapping[str, Any],
    seen: tuple[Seen, Seen | None],
    grams: Mapping[str, Grams],
    run: Run,
    limits: Limits,
) -> tuple[TfidfModel, dict[str, Any]]:
    """A model fitted on the first rows, judged on the second (None: nothing to judge on); and the choices made."""
    from smeaton.compile.linear import Linear

    one, two = seen
    two = two if two is not None and len(two.rows) else None
    most = int(np.clip(_MOST_WEIGHTS // targets_of(task), _LEAST_TERMS, _MOST_TERMS))
    columns = learn_columns(one, grams, max(LEAST_ROWS, int(given["least"])), most, given["values"])
    plan = Plan(task, given, columns, run, limits)
    if task.answer == "number":
        found = fit_number(plan, number_ending(one.rows, bool(given["log"]), task), one, two)
    else:
        ending = class_ending(task, one.rows) if task.is_class else many_ending(one.rows)
        found = fit_labels(plan, ending, one, two)
    tables, weights = columns.split(found.weights)
    bags = [Bag(name, grams[name], terms, tables[name]) for name, terms in columns.terms.items()]
    plain = Linear(columns.design, weights, found.bias, "identity")  # the link is the ending's
    return TfidfModel(task, found.ending, bags, plain), found.choices


part = TfidfFamily()

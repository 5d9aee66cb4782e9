"""Linear models: logistic and softmax regression, ridge; on scaled numbers and their curves, category values, words.

The penalty is chosen on the fold's stop rows along a path. Small to ship, quick to answer, and strong company for trees
in a blend.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.extras import needs
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._curves import Curves, learn_curves, learn_numbers
from smeaton.families._ending import ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._parts import STEPS, Features, Model, join_rows, outdone, refuse, some_rows
from smeaton.families._portfolio import SMALL, wants_log
from smeaton.families._slim import start_of
from smeaton.families._solver import Limits, Problem, Solution, hold_threads, solve
from smeaton.families._sparse import keep, narrow_curves, narrow_design, thin, used
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.task.profile import Profile
from smeaton.task.table import Array, take
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph
    from smeaton.compile.linear import Design, Linear

#: `knots`: ramps in each number's curve, 0 = straight lines only. `log`: fit the logarithm of a positive target.
#: `refit`: fit again on training and stopping rows with the penalty found. `cells`: rows x columns x targets at most.
#: `sparse`: use few columns, as many as the stop rows ask for if True, so many if a number. `penalty`, `factor`: found
#: before on other rows (of the logarithm the factor of its ending); None = to be found.
DEFAULTS: dict[str, Any] = {
    "knots": 0, "log": False, "refit": False, "cells": 400_000_000, "values": 5_000, "sparse": False,
    "penalty": None, "factor": None,
}  # fmt: skip
_PENALTIES = (1.0, 0.25, 0.06, 0.015, 4e-3, 1e-3, 2.5e-4, 6e-5, 1.5e-5, 1e-6)
_UNJUDGED = (1e-3,)  # where there are no rows to judge on
_FIT_SHARE = 0.8  # of the seconds a fit has, that its solver may take
_WIDE = 20_000_000  # cells above which the design is float32
_MOST_RAMPS = 150_000_000  # cells of curves
_PIECE = 20_000  # rows of the design made at once
_LEAST_ROWS = 2_000  # rows that are kept however many cells they make


class LinearModel(Model):
    """A linear model: `plain` on scaled numbers, categories and words; `ramps` (ramps, targets) weigh the curves."""

    def __init__(self, task: Task, ending: ClassEnding | NumberEnding, plain: "Linear", curves: Curves | None) -> None:
        super().__init__(task)
        self.ending = ending
        self.plain = plain
        self.curves = curves
        self.ramps = np.zeros((0 if curves is None else len(curves.low), len(plain.bias)))

    def scores(self, features: Features) -> Array:
        """What the ending is applied to, (rows, targets)."""
        scores = self.plain.scores(features)
        return scores if self.curves is None else scores + self.curves.apply(features[NUMBERS]) @ self.ramps

    def answers(self, features: Features) -> Array:
        """Probabilities, or numbers."""
        return self.ending.finish(self.scores(features))

    def write(self, graph: "Graph") -> str:
        """The terms added up, then the ending."""
        from smeaton.compile.linear import add_scores

        scores = add_scores(graph, self.plain)
        if self.curves is not None:
            term = graph.node("MatMul", [self.curves.write(graph), graph.constant(self.ramps)])
            scores = graph.node("Add", [scores, term])
        return self.ending.write(graph, scores)

    def set_weights(self, weights: Array, bias: Array) -> None:
        """Take the solver's coefficients, in the order of `design_of`."""
        numbers, categories, _ = self.plain.design.widths
        ramps = len(self.ramps)
        ends = np.cumsum([numbers, ramps, sum(self.plain.design.texts.values()), categories])
        dense, self.ramps, words, values = np.split(weights, ends[:-1])
        self.plain = _linear(self.plain.design, np.vstack([dense, values, words]), bias)

    def narrow(self) -> None:
        """Forget what has no weight."""
        design, weights = narrow_design(self.plain.design, self.plain.weights)
        self.plain = _linear(design, weights, self.plain.bias)
        if self.curves is not None:
            self.curves, self.ramps = narrow_curves(self.curves, self.ramps)


class LinearFamily:
    """Fits linear models."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Straight lines first, then curves."""
        refused = refuse(task, quantile=True) or outdone(task, "linear")
        if refused:
            return refused
        refit = profile.rows < SMALL
        straight: dict[str, Any] = {"knots": 0, "refit": refit}
        if profile.rows * len(profile.columns) > _WIDE:  # encoding the curves alone would take the time of a fit
            return Space(starts=(straight,), fidelity="rows", effort=1.0, smaller={"sparse": True})
        starts = [straight, {"knots": 8, "refit": refit}]
        starts.append({**starts[-1], "sparse": True})
        params: dict[str, Choice | Range] = {"knots": Range(0, 30, integer=True)}
        if wants_log(task, profile):
            starts.insert(1, {"knots": 8, "log": True, "refit": refit})
            params["log"] = Choice((False, True))
        return Space(starts=tuple(starts), params=params, fidelity="rows", effort=1.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> LinearModel:
        """Fit along the path of penalties until the loss on the stop rows rises or the clock says so.

        A table with too many cells is fitted on a random share of its rows; `note` says so. Fits that end by
        themselves depend on nothing but rows, configuration and seed.
        """
        deadline = time.monotonic() + _FIT_SHARE * run.seconds
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        limits = Limits(deadline, config.get(STEPS))
        train = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
        with hold_threads(run.threads):
            model, best, cut = _fit(task, given, (train, fold.stop), _penalties(given), run, limits)
            again = given["refit"] and run.other_folds and run.fidelity == 1 and limits.steps is None
            clocked = limits.clocked
            if again and not clocked:
                more = Limits(deadline, None)
                joined = join_rows(fold.train, fold.stop)
                found = given | {"sparse": used(best)} if given["sparse"] else given
                refitted, _, _ = _fit(task, found, (joined, None), (best.penalty,), run, more)
                clocked = more.clocked
                if not clocked:
                    refitted.ending = _same_factor(refitted.ending, model.ending)
                    model = refitted
        if clocked:
            model.steps = limits.used
            model.note = f"the clock ended it after {limits.used} steps at a penalty of {best.penalty:g}"
        elif cut < 1:
            model.note = f"fitted on {cut:.0%} of the rows: all of them would be too many cells"
        if not clocked:
            model.refit = _again(given, model.ending, best)
        return model


def _penalties(given: Mapping[str, Any]) -> tuple[float, ...]:
    return _PENALTIES if given["penalty"] is None else (float(given["penalty"]),)


def _again(given: Mapping[str, Any], ending: ClassEnding | NumberEnding, best: Solution) -> dict[str, Any] | None:
    """How to fit the same without stop rows; None for quantiles, whose place these rows tell."""
    found = {"penalty": best.penalty, "refit": False} | ({"sparse": used(best)} if given["sparse"] else {})
    if isinstance(ending, NumberEnding):
        return None if ending.quantile is not None else found | ({"factor": ending.factor} if ending.log else {})
    return found


def _fit(
    task: Task,
    given: Mapping[str, Any],
    rows: tuple[Rows, Rows | None],
    penalties: tuple[float, ...],
    run: Run,
    limits: Limits,
) -> tuple[LinearModel, Solution, float]:
    """One path on the first rows, judged on the second (None: a refit at one penalty); the share of rows used."""
    train, stop = rows
    features = _features(task, train)
    model = _model(task, given, train, features)
    columns = sum(model.plain.design.widths[::2]) + len(model.ramps) + len(task.input_types)
    share = max(given["cells"] / (columns * len(model.plain.bias) * len(train)), _LEAST_ROWS / len(train))
    if share < 1:
        kept = some_rows(Rows({}, train.y, train.weight, np.arange(len(train))), share, run.seed, task.is_class)
        train = kept
        features = take(features, kept.index)
    problem = _problem(model, train, features)
    del features  # the solver needs the design alone
    if stop is None or not len(stop):
        known = stop is None or given["penalty"] is not None
        best = solve(problem, penalties if known else _UNJUDGED, lambda weights, bias: 0.0, limits)
        if given["sparse"] and given["sparse"] is not True and not limits.clocked:
            best = keep(problem, best, int(given["sparse"]), limits)
        _take(model, best, given)
        if given["factor"] is not None and isinstance(model.ending, NumberEnding):
            model.ending = model.ending.with_factor(float(given["factor"]))
        return model, best, min(1.0, share)
    judged = _problem(model, stop, _features(task, stop))

    def judge(weights: Array, bias: Array) -> float:
        return model.ending.loss(judged.scores(weights, bias), stop, task.metric)

    best = solve(problem, penalties, judge, limits, run.report)
    if given["sparse"] is True:
        nothing = judge(np.zeros_like(best.weights), start_of(model.ending))
        best = thin(problem, best, judge, nothing, limits)
    elif given["sparse"] and not limits.clocked:
        best = keep(problem, best, int(given["sparse"]), limits)
    scores = judged.scores(best.weights, best.bias)
    _take(model, best, given)
    if isinstance(model.ending, NumberEnding):
        model.ending = model.ending.corrected(scores, stop).moved(scores, stop)
    return model, best, min(1.0, share)


def _take(model: LinearModel, best: Solution, given: Mapping[str, Any]) -> None:
    model.set_weights(best.weights, best.bias)
    if given["sparse"]:
        model.narrow()


def _features(task: Task, rows: Rows) -> Features:
    from smeaton.families._parts import recipe

    return recipe(task).features(rows.x)


def _model(task: Task, given: Mapping[str, Any], train: Rows, features: Features) -> LinearModel:
    """The design learnt from the rows, without weights yet."""
    from smeaton.compile.encode import Vocabulary, learn
    from smeaton.compile.linear import Design
    from smeaton.families._parts import recipe

    ending = class_ending(task, train) if task.is_class else number_ending(train, bool(given["log"]), task)
    numbers = learn_numbers(features[NUMBERS]) if NUMBERS in features else None
    vocabulary = learn(features[CATEGORIES], most=given["values"]) if CATEGORIES in features else Vocabulary()
    knots = int(given["knots"])
    curves = None
    if numbers is not None and knots:
        knots = max(4, min(knots, _MOST_RAMPS // features[NUMBERS].size))
        curves = learn_curves(features[NUMBERS], knots, numbers.fill)
    targets = len(task.labels) if len(task.labels) > 2 else 1
    design = Design(numbers, vocabulary, recipe(task).layout.texts)
    plain = _linear(design, np.zeros((sum(design.widths), targets)), np.zeros(targets))
    return LinearModel(task, ending, plain, curves)


def _linear(design: "Design", weights: Array, bias: Array) -> "Linear":
    from smeaton.compile.linear import Linear

    return Linear(design, weights, bias, "identity")  # the link is the ending's


def _problem(model: LinearModel, rows: Rows, features: Features) -> Problem:
    """The design matrix: numbers, ramps, words; category values as a sparse part. Filled piece by piece, for the
    temporaries of a wide table would be several times its size."""
    with needs("build"):
        from scipy import sparse
    design = model.plain.design
    width = sum(design.widths[::2]) + len(model.ramps)
    dtype = np.float32 if width * len(rows) > _WIDE else np.float64
    dense = np.empty((len(rows), width), dtype=dtype)
    hot = np.empty((len(rows), len(design.vocabulary.columns)), dtype=np.int64)
    for start in range(0, len(rows), _PIECE):
        piece = {name: column[start : start + _PIECE] for name, column in features.items()}
        blocks = [design.dense(piece), design.words(piece)]
        if model.curves is not None:
            blocks.insert(1, model.curves.apply(piece[NUMBERS]))
        dense[start : start + _PIECE] = np.hstack(blocks)
        hot[start : start + _PIECE] = design.one_hot(piece)
    matrix = None
    if design.widths[1]:
        cells = hot >= 0
        ends = np.concatenate([[0], np.cumsum(cells.sum(axis=1))])
        shape = (len(rows), design.widths[1])
        matrix = sparse.csr_matrix((np.ones(int(ends[-1]), dtype=dtype), hot[cells], ends), shape=shape)
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight / rows.weight.mean()
    if isinstance(model.ending, NumberEnding):
        return Problem(dense, matrix, model.ending.start(rows.y), weight, "squares", 1)
    targets = len(model.plain.bias)
    return Problem(dense, matrix, rows.y, weight, "softmax" if targets > 1 else "logistic", targets)


def _same_factor(ending: ClassEnding | NumberEnding, former: ClassEnding | NumberEnding) -> ClassEnding | NumberEnding:
    if isinstance(ending, NumberEnding) and isinstance(former, NumberEnding):
        moved = replace(ending, mean=former.mean) if former.quantile is not None else ending
        return moved.with_factor(former.factor)
    return ending


part = LinearFamily()

"""Fits of linear models on counted texts with the numbers and categories beside them: labels by margins, numbers by
ridge regression, each along a short path of costs that the stop rows judge."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.extras import needs
from smeaton.families import Run
from smeaton.families._curves import learn_numbers
from smeaton.families._ending import Ending, NumberEnding
from smeaton.families._margins import SLOPE, Margins, calibrate
from smeaton.families._ngrams import Counted, Grams, Terms, count, learn_terms, matrix
from smeaton.families._parts import Features, join_rows, recipe
from smeaton.families._solver import Limits, Problem, solve
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS, text_output
from smeaton.task.table import Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.linear import Design

#: Labels up to which a fit has the time to scale columns for each label apart, and to try several costs.
FEW = 20
_COSTS = (1.0, 0.3, 3.0)
#: Ridge penalty of a cost of 1, for squared errors of standardised targets, in the mean over rows.
_PENALTY = 1e-3
_NUMBER_COSTS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows with what the table step makes of them, and the counted features of each text column."""

    rows: Rows
    features: Features
    counted: Mapping[str, Counted]

    def joined(self, other: "Seen") -> "Seen":
        """With other rows below."""
        features = {name: np.concatenate([own, other.features[name]]) for name, own in self.features.items()}
        counted = {name: own.joined(other.counted[name]) for name, own in self.counted.items()}
        return Seen(join_rows(self.rows, other.rows), features, counted)


def see(task: Task, rows: Rows, grams: Mapping[str, Grams]) -> Seen:
    """Encode rows and count their texts."""
    features = recipe(task).columns(rows.x)
    return Seen(rows, features, {name: count(features[text_output(name)].tolist(), own) for name, own in grams.items()})


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the matrix: the terms of each text, then the design of the numbers and categories."""

    grams: Mapping[str, Grams]
    terms: Mapping[str, Terms]
    design: "Design"

    @property
    def words(self) -> int:
        """Columns that are terms."""
        return sum(map(len, self.terms.values()))

    def matrix(self, seen: Seen) -> Any:
        """Rows as scipy CSR float64."""
        with needs("build"):
            from scipy import sparse
        parts = [matrix(seen.counted[name], terms, self.grams[name]) for name, terms in self.terms.items()]
        if sum(self.design.widths):
            parts.append(self.design.matrix(seen.features))
        return sparse.hstack(parts, format="csr") if len(parts) > 1 else parts[0]

    def split(self, weights: Array) -> tuple[dict[str, Array], Array]:
        """Weights (columns, targets) as table rows of each text, in float32, and the weights of the design."""
        ends = np.cumsum([len(terms) for terms in self.terms.values()])
        *tables, plain = np.split(weights, ends)
        return {name: table.astype(np.float32) for name, table in zip(self.terms, tables, strict=True)}, plain


def learn_columns(seen: Seen, grams: Mapping[str, Grams], least: int, most: int, values: int) -> Columns:
    """The columns for a fit on these rows: terms held by `least` rows, at most `most` of them for all texts together;
    at most `values` values of a category."""
    from smeaton.compile.encode import Vocabulary, learn
    from smeaton.compile.linear import Design

    each = max(1, most // len(grams))
    terms = {name: learn_terms(seen.counted[name], 1 if own.buckets else least, each) for name, own in grams.items()}
    features = seen.features
    numbers = learn_numbers(features[NUMBERS]) if NUMBERS in features else None
    vocabulary = learn(features[CATEGORIES], most=values) if CATEGORIES in features else Vocabulary()
    return Columns(grams, terms, Design(numbers, vocabulary))


@dataclass(frozen=True, slots=True)
class Found:
    """Coefficients whose scores the ending is applied to; `choices` are the keys of a configuration that fit the same
    again where nothing judges."""

    weights: Array
    bias: Array
    ending: Ending
    choices: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fit works with: a configuration, the columns, how scores become answers, whose run it is, its limits."""

    task: Task
    given: Mapping[str, Any]
    columns: Columns
    run: Run
    limits: Limits


def targets_of(task: Task) -> int:
    """Scores of one row: one for a number or two labels, else one a label."""
    return len(task.labels) if task.answer == "many" or len(task.labels) > 2 else 1


def fit_labels(plan: Plan, ending: Ending, one: Seen, two: Seen | None) -> Found:
    """Margins of each label on the first rows, made scores by the second (None: by the slope that is given)."""
    task, limits = plan.task, plan.limits
    shifts = task.answer == "many" or targets_of(task) == 1
    weight = None if one.rows.weight is None else one.rows.weight / one.rows.weight.mean()
    ratio, seed = bool(plan.given["ratio"]), plan.run.seed % (1 << 31)
    margins = Margins(plan.columns.matrix(one), _hits(task, one.rows), weight, plan.columns.words, ratio, seed)
    judged = None if two is None else plan.columns.matrix(two)
    slope, shift = plan.given["slope"] or (SLOPE, 0.0)
    best: Found | None = None
    least = math.inf
    for turn, cost in enumerate(_costs(plan.given, targets_of(task), two is not None)):
        weights, bias, whole = margins.fit(cost, limits)
        if best is not None and not whole:
            break
        loss = 0.0
        if two is not None:
            scores = judged @ weights + bias
            slope, shift = calibrate(scores, lambda moved: ending.loss(moved, two.rows), len(two.rows), shifts)
            loss = ending.loss(slope * scores + shift, two.rows)
            plan.run.report(limits.used, loss)
        if loss < least:
            least = loss
            best = Found(weights * slope, bias * slope + shift, ending, {"c": cost, "slope": [slope, shift]})
            if turn:  # the way was right, and the next goes the other way
                break
        if limits.clocked:
            break
    if best is None:
        raise ValueError("there is no cost to try")
    return best


def fit_number(plan: Plan, ending: NumberEnding, one: Seen, two: Seen | None) -> Found:
    """Ridge regression on the first rows, its penalty chosen on the second."""
    problem = _problem(plan.columns, ending, one)
    judged = None if two is None else _problem(plan.columns, ending, two)

    def judge(weights: Array, bias: Array) -> float:
        if judged is None or two is None:
            return 0.0
        return ending.loss(judged.scores(weights, bias), two.rows, plan.task.metric)

    cost = plan.given["c"]
    costs = (float(cost),) if cost else _NUMBER_COSTS if two is not None else (1.0,)
    best = solve(problem, [_PENALTY / cost for cost in costs], judge, plan.limits, plan.run.report)
    if judged is not None and two is not None:
        ending = ending.corrected(judged.scores(best.weights, best.bias), two.rows)
    return Found(best.weights, best.bias, ending, {"c": _PENALTY / best.penalty})


def _hits(task: Task, rows: Rows) -> Array:
    """Which rows have each label to fit, (rows, targets)."""
    if task.answer == "many":
        hits: Array = rows.y > 0
    elif targets_of(task) == 1:
        hits = rows.y[:, None] == 1
    else:
        hits = rows.y[:, None] == np.arange(len(task.labels))
    return hits


def _costs(given: Mapping[str, Any], targets: int, judged: bool) -> tuple[float, ...]:
    if given["c"]:
        return (float(given["c"]),)
    return _COSTS if judged and targets <= FEW else _COSTS[:1]


def _problem(columns: Columns, ending: NumberEnding, seen: Seen) -> Problem:
    rows = seen.rows
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight / rows.weight.mean()
    nothing = np.zeros((len(rows), 0))
    return Problem(nothing, columns.matrix(seen), ending.start(rows.y), weight, "squares", 1)

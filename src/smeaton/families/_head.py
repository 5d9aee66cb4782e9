"""A linear head on the vectors of texts, with the numbers and categories of a mixed table beside them."""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.extras import needs
from smeaton.families import Config, Run
from smeaton.families._compared import add_compared, compared, vector_output
from smeaton.families._curves import learn_numbers
from smeaton.families._ending import Ending, NumberEnding, class_ending, many_ending, number_ending
from smeaton.families._parts import STEPS, Features, Model, join_rows, some_rows
from smeaton.families._solver import Limits, Problem, Solution, solve
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.task.table import Array, Table
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph
    from smeaton.compile.linear import Linear

PENALTIES = (0.25, 0.06, 0.015, 4e-3, 1e-3, 2.5e-4, 6e-5, 1.5e-5)
_STRONGEST = 200.0  # over the number of rows: stronger penalties are too strong for so many
_LEAST_SHARE = 0.5  # of the seconds of a fit, that its head gets
UNJUDGED = 4e-3  # the penalty where there are no rows to judge on
_TOLERANCE = 1e-5  # of the objective; closer changes neither the choice nor the answers
_VALUES = 2_000  # categories of a column
_TINY = 1e-12


class HeadModel(Model):
    """A model with one linear head: `plain` on numbers and categories, `weights` (width, targets) on the vectors."""

    def __init__(self, task: Task, dim: int) -> None:
        super().__init__(task)
        self.dim = dim
        self.ending: Ending | None = None
        self.plain: Linear | None = None
        self.weights = np.zeros((0, 0))

    @abstractmethod
    def vectors(self, column: str, texts: Array) -> Array:
        """The vectors of a text column, float32 (rows, dim)."""

    def encode(self, rows: Table) -> Features:
        """Numbers and categories as the table step gives them, vectors in place of texts."""
        found = dict(self.recipe.columns(rows))
        for name in self.recipe.texts:
            found[vector_output(name)] = self.vectors(name, found.pop(f"text:{name}"))
        return found

    def seen(self, features: Features) -> Array:
        """What the head sees of the texts, float32."""
        return compared([features[vector_output(name)] for name in self.recipe.texts])

    def answers(self, features: Features) -> Array:
        """Probabilities, or numbers; in double, as the graph."""
        if self.plain is None or self.ending is None:
            raise ValueError("the head was not fitted")
        exact = [features[vector_output(name)].astype(np.float64) for name in self.recipe.texts]
        return self.ending.finish(self.plain.scores(features) + compared(exact) @ self.weights)

    def write(self, graph: "Graph") -> str:
        """The terms added up, then the ending."""
        from smeaton.compile.linear import add_scores

        if self.plain is None or self.ending is None:
            raise ValueError("the head was not fitted")
        seen = add_compared(graph, self.recipe.texts, self.dim)
        scores = graph.node("MatMul", [seen, graph.constant(self.weights)])
        if any(self.plain.design.widths):
            return self.ending.write(graph, graph.node("Add", [add_scores(graph, self.plain), scores]))
        return self.ending.write(graph, graph.node("Add", [scores, graph.constant(self.plain.bias)]))


class HeadProblem(Problem):
    """A problem whose scores stay in single precision: half the time where there are many labels."""

    def objective(self, flat: Array, penalty: float) -> tuple[float, Array]:
        """As its base, for `softmax`; other losses are small."""
        if self.loss != "softmax" or self.dense.dtype != np.float32:
            return super().objective(flat, penalty)
        theta = flat.reshape(self.width + 1, self.targets)
        d, narrow = self.dense.shape[1], theta.astype(np.float32)
        scores = self.dense @ narrow[:d]
        if self.sparse is not None:
            scores += self.sparse @ narrow[d:-1]
        scores += narrow[-1]
        scores -= scores.max(axis=1, keepdims=True)
        rows = np.arange(len(self.y))
        right = scores[rows, self.y].astype(np.float64)
        np.exp(scores, out=scores)
        total = scores.sum(axis=1, keepdims=True)
        loss = np.log(total[:, 0].astype(np.float64)) - right
        scores /= total
        scores[rows, self.y] -= 1.0
        scores *= (self.weight / len(self.y)).astype(np.float32)[:, None]
        slope = np.empty_like(theta)
        slope[:d] = self.dense.T @ scores
        if self.sparse is not None:
            slope[d:-1] = self.sparse.T @ scores
        slope[:-1] += penalty * theta[:-1]
        slope[-1] = scores.sum(axis=0)
        value = float(self.weight @ loss) / len(self.y) + 0.5 * penalty * float(np.vdot(theta[:-1], theta[:-1]))
        return value, slope.ravel()


class ManyProblem(Problem):
    """One logistic model for each label, all under one penalty; `y` is (rows, labels) of 0 and 1."""

    def _loss(self, scores: Array) -> tuple[Array, Array]:
        margin = (2.0 * self.y - 1.0) * scores
        chance = 0.5 * (1.0 + np.tanh(0.5 * scores))
        return np.logaddexp(0.0, -margin).sum(axis=1), chance - self.y


@dataclass(frozen=True, slots=True)
class Scale:
    """How the solver sees what the head sees: less its mean, in units of the spread of its part. One unit for a part
    (not for each column) keeps what the encoder says of how much a direction matters."""

    mean: Array
    unit: Array

    def apply(self, seen: Array) -> Array:
        """Float32 (rows, width)."""
        moved: Array = (seen - self.mean.astype(np.float32)) / self.unit.astype(np.float32)
        return moved


def learn_scale(seen: Array, part: int) -> Scale:
    """The scale of a matrix whose columns come in parts of `part` columns."""
    mean = seen.mean(axis=0, dtype=np.float64)
    spread = np.square(seen - mean.astype(np.float32)).mean(axis=0, dtype=np.float64)
    unit = np.empty(len(spread))
    for start in range(0, len(unit), part):
        unit[start : start + part] = np.sqrt(spread[start : start + part].mean()) or 1.0
    return Scale(mean, np.where(unit > _TINY, unit, 1.0))


def ending_of(task: Task, rows: Rows) -> Ending:
    """How scores of this task become answers, as learnt from `rows`."""
    if task.answer == "many":
        return many_ending(rows)
    return class_ending(task, rows) if task.is_class else number_ending(rows, log=False)


def penalties_for(rows: int) -> tuple[float, ...]:
    """The path of penalties for so many rows, strongest first."""
    return tuple(penalty for penalty in PENALTIES if penalty <= _STRONGEST / max(rows, 1)) or PENALTIES[-1:]


def fit_model(
    model: HeadModel,
    fold: Fold,
    run: Run,
    config: Config,
    seconds: float,
    look: Callable[[], None] | None = None,
) -> float:
    """Fit the head of a model along penalties judged on the stop rows; then, with `refit` in `config`, with the best
    one on training and stopping rows, where other folds judge.

    `config` may name the `penalty`, which is then not judged. `look` is called between the two, while the model has not
    learnt from the stop rows. Returns how good the first fit was on the stop rows (see `_quality`; NaN without any);
    `steps`, `note` and `refit` are the model's.
    """
    deadline = time.monotonic() + seconds
    train = some_rows(fold.train, run.fidelity, run.seed, model.task.is_class)
    features = model.encode(train.x)
    held = model.encode(fold.stop.x) if len(fold.stop) else {}
    # However long the texts took, the head gets its share: half a fit is worth nothing, and vectors are kept.
    limits = Limits(max(deadline, time.monotonic() + _LEAST_SHARE * seconds), config.get(STEPS) or None)
    known = config.get("penalty")
    if known is not None or not len(fold.stop):
        best = fit_head(model, (train, features), None, (known or UNJUDGED,), limits)
        quality = float("nan")
    else:
        stop = (fold.stop, held)
        best = fit_head(model, (train, features), stop, penalties_for(len(train)), limits, run.report)
        quality = _quality(model, *stop)
        if look is not None:
            look()
        again = bool(config.get("refit")) and run.other_folds and run.fidelity == 1
        if again and not limits.clocked and limits.steps is None:
            joined = {name: np.concatenate([column, stop[1][name]]) for name, column in features.items()}
            first = model.ending, model.plain, model.weights
            fit_head(model, (join_rows(train, fold.stop), joined), None, (best.penalty,), limits)
            if limits.clocked:
                model.ending, model.plain, model.weights = first
    model.refit = {"penalty": best.penalty, STEPS: 0}
    if limits.clocked:
        model.steps = limits.used
        model.note = f"the clock ended it after {limits.used} steps at a penalty of {best.penalty:g}"
    return quality


def _quality(model: HeadModel, rows: Rows, features: Features) -> float:
    """The share of right answers (labels); for numbers less the error, in units of the spread of the targets."""
    answers = model.answers(features)
    if model.task.answer == "number":
        spread = float(rows.y.std()) or 1.0
        return -float(np.sqrt(np.average(np.square(answers - rows.y), weights=rows.weight))) / spread
    right = (answers >= 0.5) == (rows.y > 0) if model.task.answer == "many" else answers.argmax(axis=1) == rows.y
    return float(np.average(right.reshape(len(rows), -1).mean(axis=1), weights=rows.weight))


def _silent(step: int, score: float) -> None:
    """Tell nobody."""


def fit_head(
    model: HeadModel,
    rows: tuple[Rows, Features],
    stop: tuple[Rows, Features] | None,
    penalties: Sequence[float],
    limits: Limits,
    told: Callable[[int, float], None] = _silent,
) -> Solution:
    """Fit the head on rows with their features, along penalties judged on the stop rows (None: the first penalty is
    taken); `model` has its ending and weights afterwards."""
    train, features = rows
    ending = model.ending = ending_of(model.task, train)
    plain = _plain(model, features)
    scale = learn_scale(model.seen(features), model.dim)
    problem = _problem(model, plain, scale, train, features)
    if stop is None:
        best = solve(problem, penalties[:1], lambda weights, bias: 0.0, limits, tolerance=_TOLERANCE)
    else:
        held, judged = stop[0], _problem(model, plain, scale, *stop)

        def judge(weights: Array, bias: Array) -> float:
            return ending.loss(judged.scores(weights, bias), held, model.task.metric)

        best = solve(problem, penalties, judge, limits, told, patience=1, tolerance=_TOLERANCE)
    _take(model, plain, scale, best)
    return best


def _plain(model: HeadModel, features: Features) -> "Linear":
    """Scaled numbers and known categories, without weights yet."""
    from smeaton.compile.encode import Vocabulary, learn
    from smeaton.compile.linear import Design, Linear

    numbers = learn_numbers(features[NUMBERS]) if NUMBERS in features else None
    vocabulary = learn(features[CATEGORIES], most=_VALUES) if CATEGORIES in features else Vocabulary()
    design = Design(numbers, vocabulary, {})
    targets = _targets(model.task)
    return Linear(design, np.zeros((sum(design.widths), targets)), np.zeros(targets), "identity")


def _targets(task: Task) -> int:
    if task.answer == "many":
        return len(task.labels)
    return len(task.labels) if len(task.labels) > 2 else 1


def _problem(model: HeadModel, plain: "Linear", scale: Scale, rows: Rows, features: Features) -> Problem:
    with needs("build"):
        from scipy import sparse
    design = plain.design
    dense = np.hstack([scale.apply(model.seen(features)), design.dense(features).astype(np.float32)])
    hot = design.one_hot(features)
    values = None
    if design.widths[1]:
        cells = hot >= 0
        ends = np.concatenate([[0], np.cumsum(cells.sum(axis=1))])
        shape = (len(rows), design.widths[1])
        values = sparse.csr_matrix((np.ones(int(ends[-1]), dtype=np.float32), hot[cells], ends), shape=shape)
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight / rows.weight.mean()
    targets = _targets(model.task)
    if model.task.answer == "many":
        return ManyProblem(dense, values, rows.y, weight, "logistic", targets)
    if isinstance(model.ending, NumberEnding):
        return HeadProblem(dense, values, model.ending.start(rows.y), weight, "squares", targets)
    return HeadProblem(dense, values, rows.y, weight, "softmax" if targets > 1 else "logistic", targets)


def _take(model: HeadModel, plain: "Linear", scale: Scale, best: Solution) -> None:
    """Give the model its weights, with the scale worked into them."""
    from smeaton.compile.linear import Linear

    width = len(scale.mean)
    model.weights = best.weights[:width] / scale.unit[:, None]
    bias = best.bias - scale.mean @ model.weights
    model.plain = Linear(plain.design, best.weights[width:], bias, "identity")  # numbers, then values, as the design

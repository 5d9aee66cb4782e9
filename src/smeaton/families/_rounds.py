"""Trees grown round by round over the columns by any trainer: one fit stopped on the stop rows, and the refit on all.

A trainer says how one fit is made (`grow`) and what came of it (`Grown`); when to end is decided here, so that all of
them stop, keep their time and repeat themselves alike.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Config, Refusal, Run
from smeaton.families._columns import COLUMNS, Columns, MatrixModel, learn_columns
from smeaton.families._ending import ABSOLUTE, ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._parts import STEPS, join_rows, some_rows
from smeaton.families._stopping import FIT_SHARE, Rounds
from smeaton.task.table import Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph
    from smeaton.compile.trees import Forest

_NEEDED = 10.0  # rounds x rate where there are no rows to stop on
_LEAST_ROUNDS = 40  # that a fit may have however many labels there are


def absent(package: str) -> Refusal | None:
    """Why a trainer cannot run, where its package is not installed."""
    if find_spec(package) is not None:
        return None
    return Refusal(f"the package {package!r} is not installed; run: pip install 'smeaton[boosting]'")


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows as a trainer takes them: the matrix in single precision, its columns of category codes with the number of
    codes of each, the label (class codes, or scores), and weights or None."""

    matrix: Array
    codes: Mapping[int, int]
    label: Array
    weight: Array | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a trainer is given beside the rows: the task, the configuration, seed and threads."""

    task: Task
    given: Mapping[str, Any]
    seed: int
    threads: int

    @property
    def trees(self) -> int:
        """Scores of a row: one, or one for each label."""
        labels = len(self.task.labels)
        return labels if labels > 2 else 1

    @property
    def absolute(self) -> bool:
        """Whether the absolute error is what counts."""
        return self.task.metric in ABSOLUTE


class Grown(Protocol):
    """Trees of one fit."""

    def keep(self, rounds: int) -> None:
        """Forget the rounds after the first `rounds`."""
        ...

    def margins(self, matrix: Array) -> Array:
        """Scores (rows, targets) in double, by the trainer's own decisions, of a matrix in single precision."""
        ...

    def forest(self) -> "Forest":
        """The trees to write."""
        ...


@dataclass(frozen=True, slots=True)
class Trainer:
    """One library that grows trees. `defaults` are its settings, with `rounds`, `learning_rate`, `log` and `refit`;
    `most_trees`, how many a model may have over all labels: more would be slow to answer and large to ship.

    `grow(lesson, own, stop, rounds)` fits on rows until `rounds.ended`, telling it the loss on the stop rows.
    """

    defaults: Mapping[str, Any]
    most_trees: int
    grow: Callable[[Lesson, Sample, Sample | None, Rounds], Grown]


class Lone:
    """No tree at all: rows of one answer, or columns that never change."""

    def __init__(self, start: Array, features: int) -> None:
        self.start, self.features = start, features

    def keep(self, rounds: int) -> None:
        """There is nothing to forget."""

    def margins(self, matrix: Array) -> Array:
        """The same scores for every row."""
        return np.tile(self.start, (len(matrix), 1))

    def forest(self) -> "Forest":
        """Leaves without a question."""
        from smeaton.compile.trees import Forest, Tree

        trees = tuple(Tree((), (float(score),), target) for target, score in enumerate(self.start))
        return Forest(self.features, len(self.start), trees, "identity")


class GrownModel(MatrixModel):
    """Trees over the columns."""

    def __init__(self, task: Task, columns: Columns, ending: ClassEnding | NumberEnding, grown: Grown) -> None:
        super().__init__(task, columns, ending)
        self.grown = grown
        self.rounds = 0

    def scores(self, matrix: Array) -> Array:
        """Sums of the leaves, (rows, targets)."""
        from smeaton.compile._single import to_single

        return self.grown.margins(to_single(matrix))

    def write_scores(self, graph: "Graph", matrix: str) -> str:
        """The trees as one operator."""
        from smeaton.compile.trees import add_forest

        return add_forest(graph, self.columns.recoded(self.grown.forest()), matrix)


def fit_rounds(trainer: Trainer, task: Task, config: Config, fold: Fold, run: Run) -> GrownModel:
    """Fit until the loss on the stop rows no longer falls, at most `rounds` or until the clock says so.

    Fits that end by themselves depend on nothing but rows, configuration and seed.
    """
    deadline = time.monotonic() + FIT_SHARE * run.seconds
    given = dict(trainer.defaults) | {key: value for key, value in config.items() if key in trainer.defaults}
    trees = len(task.labels) if len(task.labels) > 2 else 1
    given["rounds"] = min(given["rounds"], max(_LEAST_ROUNDS, trainer.most_trees // trees))
    fit = _Fit(trainer, task, given, {key: config[key] for key in COLUMNS if key in config}, run, deadline)
    limit = config.get(STEPS)
    some = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
    model, rounds = fit.on(some, fold.stop, limit)
    if isinstance(model.ending, NumberEnding) and model.ending.log and len(fold.stop):
        model.ending = model.ending.corrected(model.scores(model.columns.matrix(model.encode(fold.stop.x))), fold.stop)
    cut = rounds.cut
    # The stop rows may be fitted on too where other folds judge and calibrate, so that nothing else needs them.
    if given["refit"] and run.other_folds and run.fidelity == 1 and not cut and limit is None:
        again, second = fit.on(join_rows(fold.train, fold.stop), None, model.rounds)
        cut = second.clocked
        if not cut:
            if isinstance(again.ending, NumberEnding) and isinstance(model.ending, NumberEnding):
                again.ending = again.ending.with_factor(model.ending.factor)
            model = again
    if not given["log"]:  # whose answers are corrected by what the stop rows say
        model.refit = {STEPS: model.rounds}
    if cut:
        model.steps = rounds.done
        model.note = rounds.note(model.rounds)
    return model


@dataclass(frozen=True, slots=True)
class _Fit:
    """What is the same for both fits of a candidate."""

    trainer: Trainer
    task: Task
    given: Mapping[str, Any]
    shape: Mapping[str, Any]
    run: Run
    deadline: float

    def on(self, rows: Rows, stop: Rows | None, limit: int | None) -> tuple[GrownModel, Rounds]:
        """One fit on the first rows, stopped on the second (None: after `limit` rounds)."""
        task, rate = self.task, self.given["learning_rate"]
        ending = class_ending(task, rows) if task.is_class else number_ending(rows, bool(self.given["log"]), task)
        columns, matrix = learn_columns(task, self.shape, rows, ending, self.run.seed)
        own = _sample(columns, matrix, rows, ending)
        judged = None
        if stop is not None and len(stop):
            judged = _sample(columns, columns.matrix(columns.encode(stop.x)), stop, ending)
        unit = 1.0 if isinstance(ending, ClassEnding) or ending.log else ending.scale
        most = self.given["rounds"] if judged is not None or limit else round(_NEEDED / rate)
        patience = round(30 + 2 / rate)
        rounds = Rounds(
            self.run, patience, limit or most, self.deadline,
            unit=unit, nats=task.is_class, limited=limit is not None,
        )  # fmt: skip
        lesson = Lesson(task, self.given, self.run.seed, self.run.threads)
        if _settled(own):
            model = GrownModel(task, columns, ending, Lone(_start(lesson, own, ending), matrix.shape[1]))
            rounds.ended(None)
            model.rounds = 1
            rounds.clocked = False
            return model, rounds
        grown = self.trainer.grow(lesson, own, judged, rounds)
        model = GrownModel(task, columns, ending, grown)
        model.rounds = rounds.kept
        grown.keep(model.rounds)
        return model, rounds


def _sample(columns: Columns, matrix: Array, rows: Rows, ending: ClassEnding | NumberEnding) -> Sample:
    from smeaton.compile._single import to_single

    codes = {place: len(columns.vocabulary.columns[number]) for number, place in enumerate(columns.codes)}
    label = rows.y if isinstance(ending, ClassEnding) else ending.start(rows.y)
    return Sample(to_single(matrix), codes, label, rows.weight)


def _settled(own: Sample) -> bool:
    """Whether there is nothing to learn: one answer, or no column with two values."""
    if len(own.label) == 0 or (own.label == own.label[0]).all():
        return True
    first = own.matrix[0]
    return not any(
        ((column != value) & ~(np.isnan(column) & np.isnan(value))).any()
        for column, value in zip(own.matrix.T, first, strict=True)
    )


def _start(lesson: Lesson, own: Sample, ending: ClassEnding | NumberEnding) -> Array:
    """The best scores that are the same for every row."""
    if isinstance(ending, ClassEnding):
        logs = np.log(ending.prior)
        return logs if lesson.trees > 1 else logs[1:] - logs[:1]
    if lesson.absolute or not len(own.label):
        return np.array([np.median(own.label) if len(own.label) else 0.0])
    return np.array([np.average(own.label, weights=own.weight)])

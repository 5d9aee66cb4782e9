"""A few small trees taught by an ensemble (distillation: Bucila et al. 2006; Hinton, Vinyals and Dean 2015; for tables
Fakoor et al. 2020).

The teacher of a fold are that fold's programs, fitted without its held-out rows. Their answers to rows that they were
fitted on are too sure, so targets are mixed with them, and most is learnt from new rows.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Run
from smeaton.families._boosted import Boosted
from smeaton.families._columns import learn_columns
from smeaton.families._ending import ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._ensemble import Ensemble
from smeaton.families._lightgbm import Part, settings, train
from smeaton.families._parts import STEPS, some_rows
from smeaton.families._stopping import FIT_SHARE
from smeaton.families._student_rows import mingled
from smeaton.task.table import Array, Table, concat, rows_in, take
from smeaton.task.task import Task

_MOST_TRUE = 50_000  # training rows learnt from
_MOST_NEW = 20_000
_CHUNK = 1_000  # rows the teacher answers between two looks at the clock
_ASK_SHARE = 0.4  # of the fit's time, that the teacher's answers may take
_ROUNDS = 1 << 20  # more than any fit has: where the clock ended it, `steps` is answers * this + rounds
_LIKELY = 4  # labels of a row that are taught with their own probability; one more stands for all others
_LEAST_ROUNDS = 25
_RATE_ROUNDS, _FASTEST = 20.0, 0.3  # rounds x rate with which trees learn to the end, and the highest rate
#: The teacher's answers have no noise to be learnt: little is held back.
_TREES = {"min_data_in_leaf": 10, "lambda_l2": 0.1, "feature_fraction": 0.8, "bagging_fraction": 1.0}
_LEAST_SHARE = 0.01  # a label less likely is not taught by itself


@dataclass(frozen=True, slots=True)
class Lesson:
    """What rows of a matrix teach, by their `places` in it: `y` are numbers, the second label's probability, or codes
    of labels; all (lessons,)."""

    places: Array
    y: Array
    weight: Array

    def part(self, matrix: Array, categories: tuple[int, ...]) -> Part:
        """The lesson as trees are fitted to it."""
        return Part(matrix[self.places], Rows({}, self.y, self.weight, self.places), categories)


def taught(task: Task, given: Mapping[str, Any], fold: Fold, run: Run, teacher: Ensemble) -> Boosted:
    """Fit trees to the training rows, their targets drawn toward the teacher's answers, and to new rows that the
    teacher alone labels; stopped on the stop rows, whose targets are drawn alike.

    Where the clock cut short the answers or the rounds, `steps` holds the numbers of both.
    """
    begun = time.monotonic()
    answers, limit = divmod(int(given.get(STEPS, 0)), _ROUNDS)
    rows = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
    rows = some_rows(rows, _MOST_TRUE / max(1, len(rows)), run.seed, task.is_class)
    ending = class_ending(task, rows) if task.is_class else number_ending(rows, bool(given["log"]), task)
    columns, matrix = learn_columns(task, given, rows, ending, run.seed)
    count = int(np.clip(given["new"] * len(rows), given["least"], _MOST_NEW)) if given["new"] > 0 else 0
    new = mingled(rows.x, task.input_types, count, given["swap"], run.seed)
    asked = concat([rows.x, new])
    order = np.random.default_rng([run.seed, 89]).permutation(rows_in(asked))
    late = begun + _ASK_SHARE * run.seconds
    known, soft = _answered(teacher, asked, order[:answers] if answers else order, late if not answers else None)
    rng = np.random.default_rng([run.seed, 101])
    own = _drawn(task, rows, soft[: len(rows)], known[: len(rows)], given["truth"])
    used = np.flatnonzero(known[len(rows) :])
    matrix = np.concatenate([matrix, columns.matrix(columns.encode(take(new, used)))])
    weight = _weight(rows)
    weights = np.concatenate([weight, np.full(len(used), given["trust"] * weight.mean())])
    main = lesson(task, _above(ending, rows, np.concatenate([own, soft[len(rows) + used]])), weights, rng)
    stop = None
    if len(fold.stop):
        said = _drawn(task, fold.stop, teacher.answers(fold.stop.x), np.ones(len(fold.stop), bool), given["truth"])
        judged = columns.matrix(columns.encode(fold.stop.x))
        stop = lesson(task, _above(ending, rows, said), _weight(fold.stop), rng).part(judged, columns.codes)
    model = Boosted(task, columns, ending)
    parts = (main.part(matrix, columns.codes), stop)
    deadline = begun + FIT_SHARE * run.seconds
    trees = _trees(task, given)
    model.booster, rounds = train(task, trees, parts, ending, run, deadline, limit or None)
    model.rounds = rounds.kept
    if rounds.cut or known.sum() < len(known):
        model.steps = int(known.sum()) * _ROUNDS + (rounds.done if rounds.cut else 0)
        model.note = f"the clock ended it: {int(known.sum()):,} of {len(known):,} answers, {rounds.done} rounds"
    return model


def lesson(task: Task, soft: Array, weight: Array, rng: np.random.Generator) -> Lesson:
    """What answers teach: for numbers and two labels themselves; else each row once for each likely label."""
    every = np.arange(len(soft))
    if not task.is_class:
        return Lesson(every, soft, weight)
    if soft.shape[1] == 2:
        return Lesson(every, soft[:, 1], weight)
    likely = np.argsort(-soft, axis=1, kind="stable")[:, :_LIKELY]
    share = np.take_along_axis(soft, likely, axis=1)
    share[:, 1:][share[:, 1:] < _LEAST_SHARE] = 0.0
    rest = soft.copy()
    np.put_along_axis(rest, likely, np.take_along_axis(soft, likely, axis=1) * (share == 0), axis=1)
    left = rest.sum(axis=1)
    # One of the other labels, drawn by its probability, stands for all of them: right on average.
    drawn = (np.cumsum(rest, axis=1) > (rng.random(len(soft)) * left)[:, None]).argmax(axis=1)
    labels, shares = np.column_stack([likely, drawn]), np.column_stack([share, left])
    rows, which = np.nonzero(shares > 0)
    return Lesson(rows, labels[rows, which], weight[rows] * shares[rows, which])


def _answered(teacher: Ensemble, rows: Table, order: Array, late: float | None) -> tuple[Array, Array]:
    """Which rows the teacher answered, in their order until the clock says so, and what (0 where it did not)."""
    known = np.zeros(rows_in(rows), dtype=bool)
    soft: Array | None = None
    for start in range(0, len(order), _CHUNK):
        some = order[start : start + _CHUNK]
        said = teacher.answers(take(rows, some))
        if soft is None:
            soft = np.zeros((len(known), *said.shape[1:]))
        soft[some], known[some] = said, True
        if late is not None and time.monotonic() >= late:
            break
    assert soft is not None
    return known, soft


def _drawn(task: Task, rows: Rows, soft: Array, known: Array, truth: float) -> Array:
    """Targets as answers, mixed with the teacher's where it answered: `truth` is the targets' part."""
    target = np.eye(len(task.labels))[rows.y] if task.is_class else rows.y
    part = np.where(known, truth, 1.0)
    part = part[:, None] if target.ndim == 2 else part
    mixed: Array = part * target + (1.0 - part) * soft
    return mixed


def _above(ending: ClassEnding | NumberEnding, rows: Rows, soft: Array) -> Array:
    """What is taught; where logarithms are, none of it is below the least target of the training rows."""
    logs = isinstance(ending, NumberEnding) and ending.log
    return np.maximum(soft, rows.y.min()) if logs else soft


def _weight(rows: Rows) -> Array:
    return np.ones(len(rows)) if rows.weight is None else rows.weight


def _trees(task: Task, given: Mapping[str, Any]) -> dict[str, Any]:
    """LightGBM's settings. The trees of many labels share their number, down to a round of each."""
    labels = len(task.labels) if len(task.labels) > 2 else 1
    rounds = max(_LEAST_ROUNDS, round(given["trees"] / labels**0.5))
    own = {
        "rounds": rounds,
        "num_leaves": given["leaves"],
        "learning_rate": round(min(_FASTEST, _RATE_ROUNDS / rounds), 4),
    }
    # A probability is a target of its own here, not a label.
    soft = {"objective": "cross_entropy", "metric": "cross_entropy"} if len(task.labels) == 2 else {}
    return settings(task, _TREES | own) | soft

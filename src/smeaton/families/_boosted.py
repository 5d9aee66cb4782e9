"""Boosted trees by LightGBM over the columns: one fit stopped on the stop rows, and the refit on all rows."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Config, Run
from smeaton.families._columns import COLUMNS, Columns, MatrixModel, learn_columns
from smeaton.families._ending import ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._lightgbm import Part, settings, train
from smeaton.families._parts import STEPS, join_rows, some_rows
from smeaton.families._stopping import FIT_SHARE, Rounds
from smeaton.task.table import Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph
    from smeaton.families._slim import Slim


class Boosted(MatrixModel):
    """Trees over the columns."""

    def __init__(self, task: Task, columns: Columns, ending: ClassEnding | NumberEnding) -> None:
        super().__init__(task, columns, ending)
        self.booster: Any = None
        self.rounds = 0
        self.slim: Slim | None = None

    def scores(self, matrix: Array) -> Array:
        """Sums of the leaves, (rows, targets)."""
        if self.slim is not None:
            return self.slim.scores(self.leaves(matrix))
        raw = self.booster.predict(matrix, raw_score=True, num_iteration=self.rounds)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)

    def leaves(self, matrix: Array) -> Array:
        """The leaf that each row falls into in each tree, (rows, trees)."""
        found = self.booster.predict(matrix, pred_leaf=True, num_iteration=self.rounds)
        return np.asarray(found, dtype=np.int64).reshape(len(matrix), -1)

    def write_scores(self, graph: "Graph", matrix: str) -> str:
        """The trees as one operator."""
        from smeaton.compile.trees import add_forest, read_lightgbm

        text = self.booster.model_to_string(num_iteration=self.rounds)
        forest = read_lightgbm(text) if self.slim is None else self.slim.forest
        return add_forest(graph, self.columns.recoded(forest), matrix)


def fit_boosted(task: Task, config: Config, fold: Fold, run: Run) -> Boosted:
    """Fit until the loss on the stop rows no longer falls, at most `rounds` or until the clock says so.

    Fits that end by themselves depend on nothing but rows, configuration and seed.
    """
    deadline = time.monotonic() + FIT_SHARE * run.seconds
    given = settings(task, config)
    shape = COLUMNS | {key: value for key, value in config.items() if key in COLUMNS}
    limit = config.get(STEPS)
    some = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
    model, rounds = _fit(task, (given, shape), (some, fold.stop), run, deadline, limit)
    if given["slim"] is not False:
        _cut_back(model, fold.stop, given["slim"])
    model.ending = _corrected(model, fold.stop)
    cut = rounds.cut
    # The stop rows may be fitted on too where other folds judge and calibrate, so that nothing else needs them.
    if given["refit"] and run.other_folds and run.fidelity == 1 and not cut and limit is None:
        again = _refitted(task, (given, shape), (fold.train, fold.stop), run, deadline, model)
        cut = again is None
        model = again or model
    if not given["log"]:  # whose answers are corrected by what the stop rows say
        model.refit = {STEPS: model.rounds} | ({} if model.slim is None else {"slim": model.slim.complexity})
    if cut:
        model.steps = rounds.done
        model.note = rounds.note(model.rounds)
    return model


_Given = tuple[Mapping[str, Any], Mapping[str, Any]]  # of the trees, and of the columns


def _fit(
    task: Task, given: _Given, rows: tuple[Rows, Rows | None], run: Run, deadline: float, limit: int | None
) -> tuple[Boosted, Rounds]:
    """One fit on the first rows, stopped on the second (None: `limit` rounds)."""
    first, stop = rows
    trees, shape = given
    if task.is_class:
        ending: ClassEnding | NumberEnding = class_ending(task, first)
    else:
        ending = number_ending(first, bool(trees["log"]), task, rate=bool(trees["rate"]))
    columns, matrix = learn_columns(task, shape, first, ending, run.seed)
    model = Boosted(task, columns, ending)
    own = Part(matrix, first, columns.codes)
    judged = None
    if stop is not None and len(stop):
        judged = Part(columns.matrix(columns.encode(stop.x)), stop, columns.codes)
    model.booster, rounds = train(task, trees, (own, judged), ending, run, deadline, limit)
    model.rounds = rounds.kept
    return model, rounds


def _refitted(
    task: Task, given: _Given, rows: tuple[Rows, Rows], run: Run, deadline: float, model: Boosted
) -> Boosted | None:
    """The model fitted on training and stopping rows with the rounds found; None if the clock ends it first."""
    again, second = _fit(task, given, (join_rows(*rows), None), run, deadline, model.rounds)
    if second.done < model.rounds:
        return None
    if model.slim is not None:
        _cut_back(again, None, model.slim.complexity)
    if isinstance(again.ending, NumberEnding) and isinstance(model.ending, NumberEnding):
        again.ending = again.ending.with_factor(model.ending.factor)
    return again


def _cut_back(model: Boosted, stop: Rows | None, slim: bool | float) -> None:
    """Cut the trees back: by a complexity, or, where there are stop rows, as these ask for."""
    from smeaton.families._slim import choose_slim, cut_back, row_losses, start_of

    text = model.booster.model_to_string(num_iteration=model.rounds)
    if slim is not True or stop is None or not len(stop):
        model.slim = cut_back(text, float(slim is not True and slim))
        return
    leaves = model.leaves(model.columns.matrix(model.encode(stop.x)))
    losses = row_losses(model.ending, stop, model.task.metric)
    model.slim = choose_slim(text, leaves, losses, stop.weight, start_of(model.ending))
    model.rounds = model.slim.rounds


def _corrected(model: Boosted, stop: Rows) -> ClassEnding | NumberEnding:
    if isinstance(model.ending, ClassEnding) or not model.ending.log or not len(stop):
        return model.ending
    return model.ending.corrected(model.scores(model.columns.matrix(model.encode(stop.x))), stop)

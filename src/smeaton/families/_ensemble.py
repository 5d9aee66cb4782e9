"""A weighted mean of finished trials, and what its weights are learnt from.

The evidence for a fold are the answers and targets of the *other* folds' held-out rows; with one fold, the rows its
members were stopped on. So nothing here knows a target of the fold's own held-out rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Finished, Run
from smeaton.families._losses import ABSOLUTE, MEDIANS
from smeaton.families._losses import loss_of as number_loss
from smeaton.families._parts import answer_table
from smeaton.runtime.program import Program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Task

_MOST_ROWS = 50_000  # rows weights are learnt from

#: The weighted loss of answers (rows,) to targets; for classes an answer is the true label's probability.
Loss = Callable[[Array, Array, Array], float]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Members with their weights on one fold. `merged`: its program is made of proven ones."""

    task: Task
    fold: int
    members: Sequence[Finished]
    weights: Sequence[float]
    note: str = ""
    steps: int = 0
    merged: bool = True
    _engines: list[Any] = field(default_factory=list)

    def answers(self, rows: Table) -> Array:
        """The weighted mean of what the members' programs answer, each calibrated: probabilities (rows, labels) or
        numbers (rows,)."""
        from smeaton.compile.calibrate import apply
        from smeaton.runtime.engine import Engine
        from smeaton.runtime.files import open_program

        if not self._engines:
            folders = [member.folders[self.fold] for member in self.members]
            self._engines.extend(
                Engine(open_program(folder), folder, types=self.task.input_types) for folder in folders
            )
        total: Array = np.zeros(1)
        for engine, member, weight in zip(self._engines, self.members, self.weights, strict=True):
            answers = engine.predict(rows)
            step = member.calibrations[self.fold]
            found = answers[PROBABILITY if self.task.is_class else PREDICTION]
            total = total + weight * (found if step is None else apply(step, found))
        return total

    def predict(self, rows: Table) -> Table:
        """The answers as a table."""
        return answer_table(self.task, self.answers(rows))

    @property
    def refit(self) -> dict[str, Any]:
        """Which members are to be fitted again, by their weights."""
        return {"parts": {one.key: weight for one, weight in zip(self.members, self.weights, strict=True)}}

    def known(self) -> tuple[Table, Table]:
        """The answers to the fold's held-out rows and to its stop rows, from those that the members left."""
        column = PROBABILITY if self.task.is_class else PREDICTION
        pairs = list(zip(self.members, self.weights, strict=True))
        held: Array = np.sum([weight * one.held[self.fold][column] for one, weight in pairs], axis=0)
        stop: Array = np.sum([weight * one.stop[self.fold][column] for one, weight in pairs], axis=0)
        return answer_table(self.task, held), answer_table(self.task, stop)

    def export(self, folder: Path) -> Program:
        """The members' fold programs merged into one."""
        from smeaton.compile.merge import average

        folders = [member.folders[self.fold] for member in self.members]
        steps = [member.calibrations[self.fold] for member in self.members]
        return average(folders, list(self.weights), steps, folder)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What members answered to rows that none of them was fitted on.

    `answers` (rows, members): numbers, or for classes the probability of the true label. `target` (rows,): numbers or
    codes; `weight` (rows,) sums to 1.
    """

    answers: Array
    target: Array
    weight: Array
    loss: Loss

    def losses(self) -> Array:
        """The loss of each member alone."""
        return np.array([self.loss(column, self.target, self.weight) for column in self.answers.T])

    def score(self, weights: Array) -> float:
        """The loss of the members' weighted mean."""
        return float(self.loss(self.answers @ weights, self.target, self.weight))

    @property
    def constant(self) -> float:
        """The loss of the best constant answer."""
        if self.loss is _log_loss:
            shares = np.bincount(self.target, weights=self.weight)
            return float(-(shares[shares > 0] @ np.log(shares[shares > 0])))
        answer = float(self.weight @ self.target)
        if self.loss is _absolute:
            order = np.argsort(self.target, kind="stable")
            answer = float(self.target[order][np.searchsorted(np.cumsum(self.weight[order]), 0.5)])
        return float(self.loss(np.full(len(self.target), answer), self.target, self.weight))

    def only(self, members: Sequence[int] | Array) -> "Evidence":
        """Of some members."""
        return Evidence(self.answers[:, members], self.target, self.weight, self.loss)


def evidence(task: Task, pool: Sequence[Finished], fold: Fold, run: Run) -> Evidence:
    """What the weights of one fold may be learnt from.

    Raises:
        InputError: there are no such rows.
    """
    known = min(len(member.held) for member in pool)
    others = [number for number in sorted(run.other_folds) if number < known and number != fold.number]
    if others:
        columns = [
            np.concatenate([_answers(task, member.held[n], run.other_folds[n]) for n in others]) for member in pool
        ]
        target = np.concatenate([run.other_folds[number] for number in others])
        weight = np.ones(len(target))
    else:
        columns = [_answers(task, member.stop[fold.number], fold.stop.y) for member in pool]
        target = fold.stop.y
        weight = np.ones(len(target)) if fold.stop.weight is None else fold.stop.weight
    if not len(target):
        raise InputError("a blend has no rows to learn weights from", fix="give the task more rows")
    answers = np.column_stack(columns)
    if len(target) > _MOST_ROWS:
        some = np.linspace(0, len(target) - 1, _MOST_ROWS).astype(np.int64)
        answers, target, weight = answers[some], target[some], weight[some]
    return Evidence(answers, target, weight / weight.sum(), loss_of(task))


def loss_of(task: Task) -> Loss:
    """What the weights of a task's ensemble minimise."""
    if task.is_class:
        return _log_loss
    if task.output_type.quantile is not None or task.metric in (*MEDIANS, "poisson_deviance"):
        own = number_loss(task)
        return _absolute if task.metric in ABSOLUTE else lambda answers, y, weight: float(weight @ own(answers, y))
    return _squared


def _answers(task: Task, table: Table, target: Array) -> Array:
    if not task.is_class:
        return np.asarray(table[PREDICTION], dtype=np.float64)
    return np.asarray(table[PROBABILITY], dtype=np.float64)[np.arange(len(target)), target]


def _log_loss(answers: Array, target: Array, weight: Array) -> float:
    return float(weight @ -np.log(np.maximum(answers, 1e-15)))


def _squared(answers: Array, target: Array, weight: Array) -> float:
    return float(weight @ np.square(answers - target))


def _absolute(answers: Array, target: Array, weight: Array) -> float:
    return float(weight @ np.abs(answers - target))

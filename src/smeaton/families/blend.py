"""A weighted mean of finished trials, by greedy selection with replacement (Caruana et al. 2004).

The weights for a fold come from the answers and targets of the *other* folds, so a blend's score on held-out rows is as
honest as any other's. With one fold they come from the rows its members were stopped on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Config, Finished, Refusal, Run, Space
from smeaton.families._ending import ABSOLUTE
from smeaton.families._parts import answer_table, refuse
from smeaton.runtime.program import Program
from smeaton.task.profile import Profile
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Task

_STEPS = 30  # picks of the greedy selection: no weight is smaller than one in so many
_MOST_ROWS = 200_000  # rows weights are learnt from
_GAIN = 1e-7  # of the loss, relative: a pick that brings less is not made


@dataclass(frozen=True, slots=True)
class Blend:
    """Members with their weights on one fold."""

    task: Task
    fold: int
    members: Sequence[Finished]
    weights: Sequence[float]
    note: str = ""
    steps: int = 0
    _engines: list[Any] = field(default_factory=list)

    def predict(self, rows: Table) -> Table:
        """The weighted mean of what the members' programs answer, each calibrated."""
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
        return answer_table(self.task, total)

    def export(self, folder: Path) -> Program:
        """The members' fold programs merged into one."""
        from smeaton.compile.merge import average

        folders = [member.folders[self.fold] for member in self.members]
        steps = [member.calibrations[self.fold] for member in self.members]
        return average(folders, list(self.weights), steps, folder)


class BlendFamily:
    """Learns the weights."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One way, over whatever the pool holds. The config may name the `members` by key, or the `top` so many."""
        return refuse(task) or Space(starts=({},), effort=0.2, needs_pool=2)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Blend:
        """Choose weights for one fold from what the pool stored.

        Raises:
            InputError: fewer than two finished trials, or none of their answers can be learnt from.
        """
        pool = sorted(run.pool, key=lambda member: member.key)
        if "members" in config:
            pool = [member for member in pool if member.key in config["members"]]
        if len(pool) < 2:
            raise InputError("a blend needs at least two finished trials", fix="try more families first")
        answers, target, weight = _evidence(task, pool, fold, run)
        loss = _loss_of(task)
        if "top" in config:
            order = np.argsort([loss(column, target, weight) for column in answers.T], kind="stable")
            best = np.sort(order[: max(2, int(config["top"]))])
            pool, answers = [pool[i] for i in best], answers[:, best]
        counts = select(answers, target, weight, loss)
        used = np.flatnonzero(counts)
        weights = [float(counts[i] / counts.sum()) for i in used]
        run.report(int(counts.sum()), loss(answers[:, used] @ np.array(weights), target, weight))
        return Blend(task, fold.number, [pool[i] for i in used], weights)


def select(answers: Array, target: Array, weight: Array, loss: "Any") -> Array:
    """How often each column of `answers` (rows, members) is picked: each pick lowers the loss of the mean the most."""
    counts = np.zeros(answers.shape[1], dtype=np.int64)
    total = np.zeros(len(answers))
    now = np.inf
    for step in range(1, _STEPS + 1):
        losses = [loss((total + column) / step, target, weight) for column in answers.T]
        best = int(np.argmin(losses))
        if losses[best] > now * (1 - _GAIN) and step > 1:
            break
        counts[best] += 1
        total += answers[:, best]
        now = losses[best]
    return counts


def _loss_of(task: Task) -> Any:
    if task.is_class:
        return _log_loss
    return _absolute if task.metric in ABSOLUTE else _squared


def _log_loss(answers: Array, target: Array, weight: Array) -> float:
    """`answers` are the probabilities of the true labels."""
    return float(weight @ -np.log(np.maximum(answers, 1e-15)))


def _squared(answers: Array, target: Array, weight: Array) -> float:
    return float(weight @ np.square(answers - target))


def _absolute(answers: Array, target: Array, weight: Array) -> float:
    return float(weight @ np.abs(answers - target))


def _evidence(task: Task, pool: Sequence[Finished], fold: Fold, run: Run) -> tuple[Array, Array, Array]:
    """What each member answered (for classes the probability of the true label), targets and weights with sum 1."""
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
    return answers, target, weight / weight.sum()


def _answers(task: Task, table: Table, target: Array) -> Array:
    if not task.is_class:
        return np.asarray(table[PREDICTION], dtype=np.float64)
    return np.asarray(table[PROBABILITY], dtype=np.float64)[np.arange(len(target)), target]


part = BlendFamily()

"""Out-of-scope rejection of a trial's answers; what one is and how it is learnt: `outside.py`.

A row is judged by coefficients and a threshold learnt without it: those of the other folds; with one fold, those of
its stop rows and the other half of its held-out rows; where rows have a time, or one fold has groups, those of the
stop rows alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from smeaton.runtime.ops.reject import reject, same_label
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, take
from smeaton.task.task import Task
from smeaton.trials.calibrate import MAX_ROWS, Scored
from smeaton.trials.outside import Rejection, fit
from smeaton.trials.relabel import relabelled

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex

REJECTION_FILE = "rejection.json"
_SLOPE = 1e3  # how much more than a probability the logit may move: logarithms of small shares are steep


class Rejections(msgspec.Struct, frozen=True, kw_only=True):
    """Of one trial: what its held-out rows were judged by, and what ships (None: answers do not tell outside rows).

    `judges` has one entry for each fold, or two for a single fold: for its even and its odd held-out rows.
    """

    judges: list[Rejection | None]
    ships: Rejection | None


def outside_code(task: Task) -> int | None:
    """The code of the outside label of a pinned task, None if it has none."""
    outside = task.output_type.outside
    if outside is None or task.answer != "class":
        return None
    return next((code for code, label in enumerate(task.labels) if same_label(label, outside)), None)


def learn(
    dataset: "Dataset", folds: "Sequence[FoldIndex]", held: Sequence[Table], stop: Sequence[Table | None]
) -> Rejections:
    """The rejections of a trial from its calibrated answers to held-out and to stop rows, one table a fold.

    `stop` tables are needed where there is one fold or rows have a time; None where a fit may have used those rows.
    """
    task = dataset.task
    outside, recall = outside_code(task), task.output_type.recall
    assert outside is not None
    parts = [_scored(dataset, fold.held, table, outside) for fold, table in zip(folds, held, strict=True)]
    stops = [
        None if table is None else _scored(dataset, fold.stop, table, outside)
        for fold, table in zip(folds, stop, strict=True)
    ]
    known = [part for part in stops if part is not None] if len(folds) == 1 else []
    ships = fit(_join([*known, *parts]), outside, recall)
    if dataset.time is not None or (len(folds) == 1 and dataset.group is not None):
        judges = [None if part is None else fit(part, outside, recall) for part in stops]
        return Rejections(judges=judges, ships=ships)
    if len(folds) == 1:
        rows = np.arange(len(folds[0].held))
        halves = [rows[half::2] for half in (0, 1)]
        parts = [_scored(dataset, folds[0].held[half], take(held[0], half), outside) for half in halves]
    judges = [
        fit(_join([*known, *(part for other, part in enumerate(parts) if other != number)]), outside, recall)
        for number in range(len(parts))
    ]
    return Rejections(judges=judges, ships=ships)


def judged(rejections: Rejections, held: Sequence[Sequence[Table]], task: Task) -> list[list[dict[str, Array]]]:
    """The answers to held-out rows (repeats of each fold) after rejection, each row by what was learnt without it."""
    judges = rejections.judges
    if len(held) == len(judges):
        return [[rejected(table, judge, task) for table in tables] for tables, judge in zip(held, judges, strict=True)]
    return [[_interleaved([rejected(table, judge, task) for judge in judges]) for table in held[0]]]


def _interleaved(tables: Sequence[Table]) -> dict[str, Array]:
    """Row i from table i modulo their number."""
    mixed = {name: column.copy() for name, column in tables[0].items()}
    for number, table in enumerate(tables[1:], 1):
        for name, column in table.items():
            mixed[name][number :: len(tables)] = column[number :: len(tables)]
    return mixed


def rejected(answers: Table, rejection: Rejection | None, task: Task) -> dict[str, Array]:
    """Answers after a rejection: other labels, the same probabilities. What failed stays as it is."""
    if rejection is None or PROBABILITY not in answers:
        return dict(answers)
    found = rejection.outside, rejection.coefficients, rejection.threshold
    return relabelled(answers, task, lambda chance: reject(chance, *found)[0])


def read_rejections(trial: Path) -> Rejections | None:
    """What a trial's folder holds; None where nothing is rejected."""
    path = trial / REJECTION_FILE
    return msgspec.json.decode(path.read_bytes(), type=Rejections) if path.exists() else None


def ships(trial: Path) -> Rejection | None:
    """The rejection that ships with the trial kept in a folder, None where none does."""
    kept = read_rejections(trial)
    return None if kept is None else kept.ships


def step_args(rejection: Rejection, task: Task) -> dict[str, Any]:
    """The arguments of its `reject` step."""
    return {
        "labels": list(task.labels),
        "outside": task.labels[rejection.outside],
        "coefficients": list(rejection.coefficients),
        "threshold": rejection.threshold,
    }


def rejected_like(
    goal: Table, found: Table, rejection: Rejection | None, task: Task, tolerance: float
) -> dict[str, Array]:
    """What `found` is held against: the goal after a rejection. Where both stand on the line between outside and the
    other labels to within the tolerance, either label is right, and the goal takes that of `found`."""
    after = rejected(goal, rejection, task)
    if rejection is not None:
        chance = np.asarray(goal[PROBABILITY], dtype=np.float64)
        _, score = reject(chance, rejection.outside, rejection.coefficients, rejection.threshold)
        near = np.abs(score) <= _SLOPE * tolerance
        after[PREDICTION] = np.where(near, found[PREDICTION], after[PREDICTION])
    return after


def _scored(dataset: "Dataset", rows: Array, answers: Table, outside: int) -> Scored:
    """The rows that can teach, at most MAX_ROWS of either side."""
    chance = np.asarray(answers[PROBABILITY], dtype=np.float64)
    weight = np.ones(len(rows)) if dataset.weight is None else dataset.weight[rows].astype(np.float64)
    with np.errstate(invalid="ignore"):
        usable = (np.abs(chance.sum(axis=1) - 1) < 1e-3) & (chance.min(axis=1, initial=np.inf) >= 0) & (weight > 0)
    y = np.asarray(dataset.target[rows])
    sides = [np.flatnonzero(usable & side) for side in (y == outside, y != outside)]
    index = np.sort(np.concatenate([_thinned(side) for side in sides]))
    return Scored(chance[index], y[index], weight[index])


def _thinned(index: Array) -> Array:
    """At most MAX_ROWS positions, evenly chosen."""
    if len(index) <= MAX_ROWS:
        return index
    return index[np.linspace(0, len(index) - 1, MAX_ROWS).astype(np.int64)]


def _join(parts: Sequence[Scored]) -> Scored:
    return Scored(
        np.concatenate([part.probability for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )

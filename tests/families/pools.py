"""Pools of finished trials for families that learn from them: a few members fitted on the folds of one table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tables import make_rows, make_run, some

from smeaton import plugins
from smeaton.compile.calibrate import Calibration, apply
from smeaton.data.fold import Fold
from smeaton.families import Finished, Run
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, object_column
from smeaton.task.task import Task


def folds_of(kind: str, count: int, rows: int = 360) -> tuple[list[Fold], dict[int, Array]]:
    """Folds of generated rows and the targets of their held-out rows."""
    every = make_rows(rows, kind)
    folds, targets = [], {}
    for number in range(count):
        held = np.arange(number, rows, max(count, 4))
        rest = np.setdiff1d(np.arange(rows), held)
        parts = some(every, rest[rest % 7 != 0]), some(every, rest[rest % 7 == 0])
        folds.append(Fold(number, *parts, some(every, held).x, held))
        targets[number] = every.y[held]
    return folds, targets


def finished(
    name: str, task: Task, folds: Sequence[Fold], root: Path, calibration: Calibration | None = None
) -> Finished:
    """A family's first configuration fitted on all folds, its programs under `root`."""
    held, stop, folders = [], [], []
    for fold in folds:
        fitted = plugins.load("families", name).fit(task, {"rounds": 20}, fold, make_run(root))
        folder = root / name / str(fold.number)
        folder.mkdir(parents=True)
        save_program(fitted.export(folder), folder)
        folders.append(folder)
        for side, rows in ((held, fold.held), (stop, fold.stop.x)):
            answers = dict(fitted.predict(rows))
            if calibration is not None:
                answers[PROBABILITY] = apply(calibration, answers[PROBABILITY])
                answers[PREDICTION] = object_column(task.labels)[answers[PROBABILITY].argmax(axis=1)]
            side.append(answers)
    return Finished(name, name, 0.0, held, stop, folders, [calibration] * len(folds))


def pool_run(root: Path, pool: Sequence[Finished], targets: dict[int, Array], fold: int, seconds: float = 60.0) -> Run:
    """A run of one fold that sees the pool and the other folds' targets."""
    run = make_run(root, seconds)
    run.pool = pool
    run.other_folds = {number: target for number, target in targets.items() if number != fold}
    return run

"""Finished trials as the next ones may use them: calibrated answers and the folders of the fold programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec
import numpy as np

from smeaton.data.split import FoldIndex, some_held
from smeaton.errors import SmeatonError
from smeaton.families import Finished
from smeaton.runtime.ops import Effect
from smeaton.task.table import Array, take
from smeaton.task.task import Task
from smeaton.trials.evaluate import open_trial
from smeaton.trials.executors import Job
from smeaton.trials.record import Trial
from smeaton.trials.results import (
    HELD,
    PROGRAM,
    STOP,
    calibrated,
    fold_folder,
    read_answers,
    read_calibrations,
    read_fit,
)


def finished(root: Path, trial: Trial) -> Finished:
    """A full trial of the build in `root`, each fold calibrated by its own step.

    Raises:
        SmeatonError: the trial left no programs, or its answers are damaged.
    """
    task = msgspec.json.decode((root / "data" / "task.json").read_bytes(), type=Task)
    return open_finished(root / "trials" / trial.key, task)


def open_finished(
    folder: Path, task: Task, fold: int | None = None, asked: Sequence[tuple[FoldIndex, FoldIndex]] = ()
) -> Finished:
    """The full trial kept in a folder.

    Seen from one `fold`, all folds are calibrated by that fold's step. It was fitted without that fold's held-out
    rows, so nothing learnt from these answers and the other folds' targets knows a target of that fold. Where `asked`
    gives each fold whole and with only some of its held-out rows, the answers are to these rows.

    Raises:
        SmeatonError: the trial was not judged, or left no programs.
    """
    trial = open_trial(folder)
    steps = read_calibrations(folder)
    folders = [fold_folder(folder, number) / PROGRAM for number in range(len(steps))]
    whole = bool(folders) and all(program.is_dir() for program in folders)
    if trial.score is None or not whole or (fold is not None and fold >= len(steps)):
        raise SmeatonError("this trial is not a finished full one", where=str(folder))
    chosen = steps if fold is None else [steps[fold]] * len(steps)
    rows = [_positions(read_fit(folder, number).job, pair) for number, pair in enumerate(asked[: len(steps)])]
    sides = {
        side: [calibrated(read_answers(folder, number, side)[0], step, task) for number, step in enumerate(chosen)]
        for side in (HELD, STOP)
    }
    return Finished(
        key=trial.key,
        family=trial.candidate.family,
        score=trial.score.value,
        held=[take(table, index) for table, index in zip(sides[HELD], rows, strict=True)] if rows else sides[HELD],
        stop=sides[STOP],
        folders=folders,
        calibrations=chosen,
        config=trial.candidate.config,
        effect=cast(Effect, trial.effect or "pure"),
    )


def _positions(job: Job, wanted: tuple[FoldIndex, FoldIndex]) -> Array:
    """Where the rows wanted of a fold (whole, and with only some of its held-out rows) stand among those answered.

    Raises:
        SmeatonError: not all of them were answered.
    """
    whole, some = wanted
    answered = some_held(whole, job.fold, job.asked).held
    places = np.minimum(np.searchsorted(answered, some.held), max(0, len(answered) - 1))
    if not np.array_equal(answered[places], some.held):
        raise SmeatonError("a trial of the pool was not asked the rows of this one", where=job.out)
    return places

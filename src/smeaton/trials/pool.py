"""Finished trials as the next ones may use them: calibrated answers and the folders of the fold programs."""

from pathlib import Path

import msgspec

from smeaton.errors import SmeatonError
from smeaton.families import Finished
from smeaton.task.task import Task
from smeaton.trials.evaluate import open_trial
from smeaton.trials.record import Trial
from smeaton.trials.results import HELD, PROGRAM, STOP, calibrated, fold_folder, read_answers, read_calibrations


def finished(root: Path, trial: Trial) -> Finished:
    """A full trial of the build in `root`, each fold calibrated by its own step.

    Raises:
        SmeatonError: the trial left no programs, or its answers are damaged.
    """
    task = msgspec.json.decode((root / "data" / "task.json").read_bytes(), type=Task)
    return open_finished(root / "trials" / trial.key, task)


def open_finished(folder: Path, task: Task, fold: int | None = None) -> Finished:
    """The full trial kept in a folder.

    Seen from one `fold`, all folds are calibrated by that fold's step. It was fitted without that fold's held-out
    rows, so nothing learnt from these answers and the other folds' targets knows a target of that fold.

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
    sides = {
        side: [calibrated(read_answers(folder, number, side)[0], step, task) for number, step in enumerate(chosen)]
        for side in (HELD, STOP)
    }
    return Finished(
        key=trial.key,
        family=trial.candidate.family,
        score=trial.score.value,
        held=sides[HELD],
        stop=sides[STOP],
        folders=folders,
        calibrations=chosen,
    )

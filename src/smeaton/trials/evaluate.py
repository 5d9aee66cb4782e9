"""From the answers of a trial's folds to its frozen record: calibrated, scored on every held-out row, with intervals."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from smeaton.compile.calibrate import Calibration
from smeaton.metrics import Metric
from smeaton.metrics._defaults import load_metric
from smeaton.metrics._intervals import interval, mean
from smeaton.runtime.files import durable_write
from smeaton.task.arrays import save_table
from smeaton.task.table import PROBABILITY, Array, Table
from smeaton.task.task import Task
from smeaton.trials.calibrate import cross_fit, fit_checked, scored
from smeaton.trials.record import Candidate, Interval, Trial
from smeaton.trials.results import (
    CALIBRATION_FILE,
    HELD,
    STOP,
    TRIAL_FILE,
    FitResult,
    calibrated,
    calibrations_form,
    read_answers,
    read_fit,
    stack,
)

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex

OOF = "oof"
ROW = "row"


def evaluate(
    root: Path,
    candidate: Candidate,
    fidelity: float,
    seed: int,
    dataset: "Dataset",
    folds: "Sequence[FoldIndex]",
    metric_name: str,
    seconds: float,
) -> Trial:
    """Judge a candidate from what its fits left under `root/trials/<key>`, over the folds given (all must be there).

    Writes `calibration.json`, `oof/` (calibrated answers with `row`, their position in the dataset) and `trial.json`
    beside them. Repeated answers to the same rows are averaged in score, not in answer. `seconds` is what the fits
    took. Deterministic.

    Raises:
        SmeatonError: a fold has no result, or its answers do not fit the rows.
    """
    key = f"{candidate.key}-{fidelity:g}-{seed}"
    folder = root / "trials" / key
    task = dataset.task
    fits = [read_fit(folder, fold) for fold in range(len(folds))]
    held = [read_answers(folder, fold, HELD) for fold in range(len(folds))]
    steps = _calibrations(folder, dataset, folds, held, fits)
    answers = [[calibrated(table, step, task) for table in tables] for tables, step in zip(held, steps, strict=True)]
    stats, rows = _statistics(load_metric(metric_name, task), answers, dataset, folds)
    scores, score = _scores(load_metric(metric_name, task), stats, rows, dataset, folds, seed)
    parities = [fit.parity for fit in fits if fit.parity is not None]
    trial = Trial(
        key=key,
        candidate=candidate,
        state="done",
        fidelity=fidelity,
        seed=seed,
        scores=scores,
        score=score,
        seconds=seconds,
        money=sum(fit.money for fit in fits),
        folder=f"trials/{key}",
        calibrated=any(step is not None for step in steps),
        parity=max(parities) if parities else None,
    )
    durable_write(folder / CALIBRATION_FILE, calibrations_form(steps))
    _write_table({ROW: rows, **stack([tables[0] for tables in answers])}, folder / OOF)
    durable_write(folder / TRIAL_FILE, msgspec.json.encode(trial))
    return trial


def open_trial(folder: Path) -> Trial:
    """The record that `evaluate` left in a trial's folder."""
    return msgspec.json.decode((folder / TRIAL_FILE).read_bytes(), type=Trial)


def _calibrations(
    folder: Path,
    dataset: "Dataset",
    folds: "Sequence[FoldIndex]",
    held: Sequence[Sequence[Table]],
    fits: Sequence[FitResult],
) -> list[Calibration | None]:
    """A step for each fold, fitted on the held-out rows of the others; with one fold on its stop rows, which the fit
    has seen only to know when to end. None where the program could not carry it."""
    none: list[Calibration | None] = [None] * len(folds)
    portable = all(fit.mergeable or not fit.effect for fit in fits)
    if not dataset.task.is_class or not portable or any(PROBABILITY not in tables[0] for tables in held):
        return none
    if len(folds) > 1:
        parts = zip(folds, held, strict=True)
        return cross_fit([_scored(dataset, fold.held, tables[0]) for fold, tables in parts])
    if not len(folds[0].stop):
        return none
    return [fit_checked(_scored(dataset, folds[0].stop, read_answers(folder, 0, STOP)[0]))]


def _scored(dataset: "Dataset", rows: Array, answers: Table) -> "Scored":
    weight = None if dataset.weight is None else dataset.weight[rows]
    return scored(answers[PROBABILITY], dataset.target[rows], weight)


def _statistics(
    metric: Metric, answers: Sequence[Sequence[Table]], dataset: "Dataset", folds: "Sequence[FoldIndex]"
) -> tuple[Array, Array]:
    """Statistics of every held-out row, averaged over repeats, and the rows' positions; in fold order."""
    rows = np.concatenate([fold.held for fold in folds])
    weight = None if dataset.weight is None else dataset.weight[rows]
    group = None if dataset.group is None else dataset.group[rows]
    repeats = min(len(tables) for tables in answers)
    found = [
        metric.rows(stack([tables[repeat] for tables in answers]), dataset.target[rows], dataset.task.labels, weight, group)
        for repeat in range(repeats)
    ]
    return np.mean(np.stack(found), axis=0) if repeats > 1 else np.asarray(found[0]), rows


def _scores(
    metric: Metric, stats: Array, rows: Array, dataset: "Dataset", folds: "Sequence[FoldIndex]", seed: int
) -> tuple[tuple[float, ...], Interval]:
    weight = None if dataset.weight is None else dataset.weight[rows]
    group = None if dataset.group is None else dataset.group[rows]
    ends = np.cumsum([0, *(len(fold.held) for fold in folds)])
    each = tuple(
        mean(metric, stats[start:end], None if weight is None else weight[start:end])
        for start, end in zip(ends[:-1], ends[1:], strict=True)
    )
    return each, Interval(*interval(metric, stats, weight, group, seed))


def _write_table(table: Table, folder: Path) -> None:
    """Put a table in place whole; a build that died here leaves the former one or none."""
    beside = folder.with_name(f"{folder.name}.tmp-{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    save_table(table, beside)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)

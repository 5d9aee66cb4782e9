"""From the answers of a trial's folds to its frozen record: calibrated, scored on every held-out row."""

import os
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from smeaton.compile.calibrate import Calibration
from smeaton.data.split import open_folds, some_held
from smeaton.metrics import Metric
from smeaton.metrics._defaults import load_metric
from smeaton.metrics._intervals import interval, mean
from smeaton.runtime.files import durable_write, open_program
from smeaton.task.arrays import save_table
from smeaton.task.table import PROBABILITY, Array, Table, take
from smeaton.trials.calibrate import Scored, cross_fit, fit_checked, halves_of, scored
from smeaton.trials.record import Candidate, Interval, Trial
from smeaton.trials.reject import REJECTION_FILE, Rejections, judged, learn, outside_code
from smeaton.trials.results import (
    CALIBRATION_FILE,
    HELD,
    PROGRAM,
    STOP,
    TRIAL_FILE,
    FitResult,
    calibrated,
    fold_folder,
    read_answers,
    read_fit,
    stack,
)
from smeaton.trials.settle import settle
from smeaton.trials.thresholds import THRESHOLD_FILE, Marked, Thresholds, applied, marked, takes_thresholds, wants
from smeaton.trials.thresholds import learn as learn_thresholds
from smeaton.trials.verdict import revised

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex

OOF = "oof"
EFFECTS = ("", "pure", "state", "external")
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

    Writes `calibration.json`, `oof/` (calibrated answers, of numbers with their intervals, and `row`, their position in
    the dataset) and `trial.json` beside them. Repeated answers to the same rows are averaged in score, not in answer.
    `seconds` is what the fits took. Deterministic.

    Raises:
        SmeatonError: a fold has no result, or its answers do not fit the rows.
    """
    key = f"{candidate.key}-{fidelity:g}-{seed}"
    folder = root / "trials" / key
    task = dataset.task
    fits = [read_fit(folder, fold) for fold in range(len(folds))]
    folds = [some_held(index, number, fits[number].job.asked) for number, index in enumerate(folds)]
    held = [read_answers(folder, fold, HELD) for fold in range(len(folds))]
    seen = stop_rows_seen(candidate, len(folds), len(open_folds(root / "data")) if len(folds) == 1 else 1)
    steps = [None] * len(folds) if seen else _calibrations(folder, dataset, folds, held, fits)
    answers = [[calibrated(table, step, task) for table in tables] for tables, step in zip(held, steps, strict=True)]
    rejections = _rejections(folder, dataset, folds, [tables[0] for tables in answers], steps, fits, seen)
    if rejections is not None:
        answers = judged(rejections, answers, task)
        durable_write(folder / REJECTION_FILE, msgspec.json.encode(rejections))
    answers, cut = _cut(folder, dataset, folds, answers, metric_name, seen)
    answers, said = settle(folder, dataset, folds, answers, (metric_name, fits))
    if task.checks and task.judge is None:  # what calibration or thresholds changed is checked again
        answers = [
            [revised(task, take(dataset.table, fold.held), old, new) for old, new in zip(before, after, strict=True)]
            for fold, before, after in zip(folds, held, answers, strict=True)
        ]
    metric = load_metric(metric_name, task)
    stats, rows = _statistics(metric, answers, dataset, folds)
    scores, score = _scores(metric, stats, rows, dataset, folds)
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
        note="; ".join(dict.fromkeys(filter(None, (*(fit.note for fit in fits), cut, said)))),
        calibrated=any(step is not None for step in steps),
        parity=max(parities) if parities else None,
        effect=max((fit.effect for fit in fits), key=EFFECTS.index, default=""),
        merged=all(fit.mergeable or not fit.effect for fit in fits),
        barred=next((fit.barred for fit in fits if fit.barred), ""),
    )
    durable_write(folder / CALIBRATION_FILE, msgspec.json.encode(steps))
    _write_table({ROW: rows, **stack([tables[0] for tables in answers])}, folder / OOF)
    durable_write(folder / TRIAL_FILE, msgspec.json.encode(trial))
    return trial


def stop_rows_seen(candidate: Candidate, folds: int, made: int) -> bool:
    """Whether a fit may have used its stop rows after all, so that nothing may be learnt from its answers to them.

    A `refit` on all rows of a fold is sound where calibration and blends learn from the other folds. The search may
    settle for the first fold after such fits were made.
    """
    return folds == 1 < made and bool(candidate.config.get("refit"))


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
    """A step for each fold, fitted on the held-out rows of the others. With one fold, or where rows have a time (the
    other folds may lie in the future), on the fold's stop rows, which the fit has seen only to know when to end.
    None where the program could not carry a step."""
    none: list[Calibration | None] = [None] * len(folds)
    portable = all((fit.mergeable or not fit.effect) and not fit.barred for fit in fits)
    if not dataset.task.is_class or not portable or any(PROBABILITY not in tables[0] for tables in held):
        return none
    if len(folds) > 1 and dataset.time is None:
        parts = zip(folds, held, strict=True)
        return cross_fit([_scored(dataset, fold.held, tables[0]) for fold, tables in parts])
    stops = [
        _scored(dataset, fold.stop, read_answers(folder, number, STOP)[0]) if len(fold.stop) else None
        for number, fold in enumerate(folds)
    ]
    return [None if stop is None else fit_checked(stop, dataset.time is not None) for stop in stops]


def _rejections(
    folder: Path,
    dataset: "Dataset",
    folds: "Sequence[FoldIndex]",
    held: Sequence[Table],
    steps: Sequence[Calibration | None],
    fits: Sequence[FitResult],
    seen: bool,
) -> Rejections | None:
    """What answers with the outside label, learnt from calibrated answers; None for a task without such a label, or
    where the program could not carry the step."""
    task = dataset.task
    portable = all((fit.mergeable or not fit.effect) and not fit.barred for fit in fits)
    if outside_code(task) is None or not portable or any(PROBABILITY not in table for table in held):
        return None
    stop: list[Table | None] = [None] * len(folds)
    if not seen and (len(folds) == 1 or dataset.time is not None):
        stop = [
            calibrated(read_answers(folder, number, STOP)[0], step, task) if len(fold.stop) else None
            for number, (fold, step) in enumerate(zip(folds, steps, strict=True))
        ]
    return learn(dataset, folds, held, stop)


def _cut(
    folder: Path,
    dataset: "Dataset",
    folds: "Sequence[FoldIndex]",
    answers: list[list[dict[str, Array]]],
    metric: str,
    seen: bool,
) -> tuple[list[list[dict[str, Array]]], str]:
    """The answers with the labels that reach their thresholds, where any are learnt, and what is said of them."""
    cuts = _thresholds(folder, dataset, folds, answers, metric, seen)
    if cuts is None:
        return answers, ""
    durable_write(folder / THRESHOLD_FILE, msgspec.json.encode(cuts))
    pairs = zip(answers, cuts.judges, strict=True)
    return [[applied(table, judge, dataset.task) for table in tables] for tables, judge in pairs], cuts.note


def _thresholds(
    folder: Path,
    dataset: "Dataset",
    folds: "Sequence[FoldIndex]",
    held: Sequence[Sequence[Table]],
    metric: str,
    seen: bool,
) -> Thresholds | None:
    """From which probability on labels count as given; None for a task or metric without a use for them, or where a
    program has no place for them."""
    programs = [fold_folder(folder, number) / PROGRAM for number in range(len(folds))]
    portable = all(takes_thresholds(open_program(path)) for path in programs if path.exists())
    if not wants(dataset.task, metric) or not portable or any(PROBABILITY not in tables[0] for tables in held):
        return None
    stop: list[Marked | None] = []
    if len(folds) == 1 or dataset.time is not None:
        stop = [
            None if seen or not len(fold.stop) else _marked(dataset, fold.stop, read_answers(folder, number, STOP)[0])
            for number, fold in enumerate(folds)
        ]
    known = [_marked(dataset, fold.held, tables[0]) for fold, tables in zip(folds, held, strict=True)]
    return learn_thresholds(known, stop, metric)


def _marked(dataset: "Dataset", rows: Array, answers: Table) -> Marked:
    return marked(answers, dataset.target[rows], None if dataset.weight is None else dataset.weight[rows])


def _scored(dataset: "Dataset", rows: Array, answers: Table) -> Scored:
    roles = (dataset.weight, dataset.group, dataset.time)
    weight, group, time = (None if one is None else one[rows] for one in roles)
    return scored(answers[PROBABILITY], dataset.target[rows], weight, halves_of(group, time))


def _statistics(
    metric: Metric, answers: Sequence[Sequence[Table]], dataset: "Dataset", folds: "Sequence[FoldIndex]"
) -> tuple[Array, Array]:
    """Statistics of every held-out row, averaged over repeats, and the rows' positions; in fold order."""
    rows = np.concatenate([fold.held for fold in folds])
    weight = None if dataset.weight is None else dataset.weight[rows]
    group = None if dataset.group is None else dataset.group[rows]
    repeats = min(len(tables) for tables in answers)
    found = [
        metric.rows(
            stack([tables[repeat] for tables in answers]), dataset.target[rows], dataset.task.labels, weight, group
        )
        for repeat in range(repeats)
    ]
    return np.mean(np.stack(found), axis=0) if repeats > 1 else np.asarray(found[0]), rows


def _scores(
    metric: Metric, stats: Array, rows: Array, dataset: "Dataset", folds: "Sequence[FoldIndex]"
) -> tuple[tuple[float, ...], Interval]:
    """The score of each fold, and of all rows. The resamples are the same for every trial, so they compare."""
    weight = None if dataset.weight is None else dataset.weight[rows]
    group = None if dataset.group is None else dataset.group[rows]
    time = None if dataset.time is None else dataset.time[rows]
    ends = np.cumsum([0, *(len(fold.held) for fold in folds)])
    each = tuple(mean(metric, stats[start:end], _some(weight, start, end)) for start, end in pairwise(ends))
    return each, Interval(*interval(metric, stats, weight, group, time=time))


def _some(weight: Array | None, start: int, end: int) -> Array | None:
    """The weights of one fold, None (all alike) where they are all 0."""
    return None if weight is None or not weight[start:end].any() else weight[start:end]


def _write_table(table: Table, folder: Path) -> None:
    """Put a table in place whole; a build that died here leaves the former one or none."""
    beside = folder.with_name(f"{folder.name}.tmp-{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    save_table(table, beside)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)

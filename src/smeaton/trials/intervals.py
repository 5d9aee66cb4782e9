"""Prediction intervals of a trial's numbers: who judges which row, what ships, and how it is kept.

What a band is learnt from, and how: `bands.py`. A row is judged by a band learnt without it (`lessons.py`), so coverage
and width are those of new rows. What ships is learnt from all held-out rows; of rows with a time from the newer half,
for what comes next is like them rather than like what was long ago. Even they promise nothing: rows in time are not
exchangeable.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from smeaton.runtime.files import durable_write
from smeaton.runtime.ops.interval import Band, ends
from smeaton.task.table import ERROR, HIGH, LOW, PREDICTION, Array, Table
from smeaton.task.task import Task
from smeaton.trials.bands import Bounds, Residuals, enough, fit
from smeaton.trials.lessons import NO_JUDGE, lessons, newer_half

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex

INTERVAL_FILE = "interval.json"


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """Of one trial: the band that ships with the number of rows (of groups: groups) it was learnt from, those that
    judged, and which of them each held-out row was judged by (rows in fold order; NO_JUDGE: none; not kept). `spread`:
    the scale of what ships comes from a model beside the trial (`spread.py`)."""

    level: float
    ships: Band
    units: int
    judges: list[Band]
    judged_by: list[int]
    grouped: bool = False
    timed: bool = False
    spread: bool = False


def learn(dataset: "Dataset", folds: "Sequence[FoldIndex]", held: Sequence[Table]) -> Intervals | None:
    """The intervals of a trial from its answers to held-out rows, one table a fold; None where none are wanted, or
    where too few rows were answered to say anything."""
    level = dataset.task.output_type.level
    if level is None:
        return None
    rows = np.concatenate([fold.held for fold in folds])
    every = _residuals(dataset, rows, np.concatenate([numbers(table) for table in held]))
    bounds = bounds_of(dataset.task, np.asarray(dataset.target))
    judges: list[Band] = []
    judged_by = np.full(len(rows), NO_JUDGE)
    for lesson in lessons(dataset, folds, newest=True):
        some = every.take(lesson.learns)
        if len(some):
            judged_by[lesson.judges] = len(judges)
            judges.append(fit(some, level, bounds))
    whole = np.ones(len(rows), dtype=bool)
    newest = every.take(whole if dataset.time is None else newer_half(dataset.time[rows], whole))
    if not len(newest):
        return None
    return Intervals(
        level=level,
        ships=fit(newest, level, bounds),
        units=newest.units,
        judges=judges,
        judged_by=judged_by.tolist(),
        grouped=dataset.group is not None,
        timed=dataset.time is not None,
    )


def judged(found: Intervals, held: Sequence[Sequence[Table]]) -> list[list[dict[str, Array]]]:
    """The answers to held-out rows (repeats of each fold) with `low` and `high`, each by the band that judges it; NaN
    where none does."""
    by, start, tables = np.asarray(found.judged_by), 0, []
    for repeats in held:
        size = len(repeats[0][PREDICTION])
        tables.append([_applied(found, by[start : start + size], table) for table in repeats])
        start += size
    return tables


def numbers(answers: Table) -> Array:
    """The numbers answered, (rows,) float64; NaN where there is none."""
    column = answers[PREDICTION]
    if column.dtype == object:
        plain = [value if isinstance(value, int | float) else np.nan for value in column.tolist()]
        column = np.array(plain, dtype=np.float64)
    found = column.astype(np.float64)
    if ERROR in answers:
        found[[error is not None for error in answers[ERROR].tolist()]] = np.nan
    return found


def bounds_of(task: Task, target: Array) -> Bounds:
    """What the target can be: what its type says; where it says no least, nothing below 0 if no known target is."""
    kind = task.output_type
    least = kind.min
    if least is None and len(target) and float(np.nanmin(target)) >= 0:
        least = 0.0
    return Bounds(least, kind.max, kind.type == "integer")


def keep(found: Intervals, trial: Path) -> None:
    """Write what a trial's folder holds: all but what follows from the rows."""
    durable_write(trial / INTERVAL_FILE, msgspec.json.encode(msgspec.structs.replace(found, judged_by=[])))


def read_intervals(trial: Path) -> Intervals | None:
    """The intervals stored with a trial, None where it has none."""
    path = trial / INTERVAL_FILE
    return msgspec.json.decode(path.read_bytes(), type=Intervals) if path.exists() else None


def interval_words(found: Intervals) -> tuple[str, ...]:
    """What has to be said of intervals beside their coverage."""
    said = []
    what = "groups" if found.grouped else "rows"
    if not enough(found.units, found.level):
        said.append(f"{found.units} {what} are too few to promise that: the intervals are as wide as the largest error")
    if found.timed:
        said.append(
            "rows in time are not exchangeable: the intervals hold as far as what comes next is like the newest"
        )
    return tuple(said)


def residuals_of(dataset: "Dataset", rows: Array, answers: Table) -> Residuals:
    """The residuals of answers to rows of the dataset, by position."""
    return _residuals(dataset, rows, numbers(answers))


def _applied(found: Intervals, by: Array, answers: Table) -> dict[str, Array]:
    prediction = numbers(answers)
    low, high = np.full(len(by), np.nan), np.full(len(by), np.nan)
    for number, band in enumerate(found.judges):
        mine = by == number
        low[mine], high[mine] = ends(band, prediction[mine])
    return {**answers, LOW: low, HIGH: high}


def _residuals(dataset: "Dataset", rows: Array, prediction: Array) -> Residuals:
    weight = np.ones(len(rows)) if dataset.weight is None else np.asarray(dataset.weight[rows], dtype=np.float64)
    group = None if dataset.group is None else np.asarray(dataset.group[rows])
    return Residuals(prediction, np.asarray(dataset.target[rows], dtype=np.float64), weight, group)

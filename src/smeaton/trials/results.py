"""What a worker leaves of one fit, and how it is read back: the folder `fold<i>` of a trial.

`result.json`, `held/` and `stop/` (answers in the order of the fold's rows) and, of a full fit, `program/`. The folder
appears whole or not at all. What is not repeatable is answered again: `held-1/`, `held-2/`, ... are further answers to
the same rows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.compile.calibrate import Calibration, apply
from smeaton.compile.export import label_rule
from smeaton.errors import SmeatonError
from smeaton.runtime.ops.labels import choose
from smeaton.task.arrays import open_table
from smeaton.task.table import (
    CHECKED,
    COST,
    ERROR,
    PREDICTION,
    PROBABILITY,
    USAGE,
    VERDICT,
    Array,
    Table,
    object_column,
    rows_in,
)
from smeaton.task.task import Task
from smeaton.trials.executors import Job

RESULT_FILE = "result.json"
CALIBRATION_FILE = "calibration.json"
TRIAL_FILE = "trial.json"
HELD = "held"
STOP = "stop"
PROGRAM = "program"


class FitResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts of one fit.

    `seconds` of the whole job, `shared` of them for what later fits of the build share; `parity` the largest difference
    between the fitted model and its program over `parity_rows` rows, `parity_held` of them held out (None where it
    cannot be told); `size` of the
    program's files in bytes; `money` in dollars; `effect` of the program ('' without one). `steps` is where the clock
    ended the fit (0: it ended by itself) and `note` what did not go as planned, both as the fitted model states them
    (see `Fitted`); `barred` says why it is never chosen ('' = it may be); `refit` is the change of configuration that
    fits the same again without rows to stop on (None: the family offers none).
    """

    job: Job
    seconds: float
    fit_seconds: float
    predict_seconds: float = 0.0
    export_seconds: float = 0.0
    proof_seconds: float = 0.0
    shared: float = 0.0
    rows: int = 0
    steps: int = 0
    refit: dict[str, Any] | None = None
    note: str = ""
    parity: float | None = None
    parity_rows: int = 0
    parity_held: int = 0
    size: int = 0
    money: float = 0.0
    effect: str = ""
    mergeable: bool = False
    barred: str = ""


def fold_folder(trial: Path, fold: int) -> Path:
    """Where the fit of one fold lies in a trial's folder."""
    return trial / f"fold{fold}"


def read_fit(trial: Path, fold: int) -> FitResult:
    """The facts of a finished fit.

    Raises:
        SmeatonError: there is none, or it is damaged.
    """
    path = fold_folder(trial, fold) / RESULT_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=FitResult)
    except (OSError, msgspec.DecodeError) as error:
        raise SmeatonError(
            f"fold {fold} has no readable result: {error}", where=str(path), fix="build again"
        ) from error


def read_answers(trial: Path, fold: int, side: str) -> list[dict[str, Array]]:
    """The answers to the `held` or `stop` rows of a fold: one table for each repeat, at least one."""
    folder = fold_folder(trial, fold)
    first = open_table(folder / side)
    more: list[dict[str, Array]] = []
    while (again := folder / f"{side}-{len(more) + 1}").exists():
        more.append(open_table(again))
    return [first, *more]


def read_calibrations(trial: Path) -> list[Calibration | None]:
    """The calibration of each fold, in fold order; empty for a trial that was not judged yet."""
    path = trial / CALIBRATION_FILE
    if not path.exists():
        return []
    return msgspec.json.decode(path.read_bytes(), type=list[Calibration | None])


def calibrated(answers: Table, calibration: Calibration | None, task: Task) -> dict[str, Array]:
    """Answers after a calibration step: new probabilities, and the label that follows from them now."""
    if calibration is None or PROBABILITY not in answers:
        return dict(answers)
    probability = apply(calibration, np.asarray(answers[PROBABILITY], dtype=np.float64))
    best = choose(probability, task.labels, label_rule(task))
    if ERROR in answers:
        failed = np.array([error is not None for error in answers[ERROR].tolist()], dtype=bool)
        best[failed] = answers[PREDICTION][failed]
    return {**answers, PREDICTION: best, PROBABILITY: probability}


def check_answers(answers: Table, rows: int, task: Task) -> dict[str, Array]:
    """The columns that count, with their shapes checked. Single wrong answers stay: they are scored as wrong.

    Raises:
        SmeatonError: there is no prediction, or the columns have the wrong number of rows or labels.
    """
    names = (PREDICTION, PROBABILITY, ERROR, COST, CHECKED, VERDICT)
    kept = {name: np.asarray(answers[name]) for name in names if name in answers}
    if USAGE in answers:
        kept[COST] = row_costs(answers[USAGE])
    if PREDICTION not in kept:
        raise SmeatonError(f"the answers have no column {PREDICTION!r}, only {', '.join(answers) or 'none'}")
    for name, column in kept.items():
        if len(column) != rows:
            raise SmeatonError(f"{rows} rows were asked and {len(column)} answered in column {name!r}")
    if PROBABILITY in kept and kept[PROBABILITY].shape != (rows, len(task.labels)):
        shape = kept[PROBABILITY].shape
        raise SmeatonError(f"probabilities of shape {shape} do not fit {rows} rows and {len(task.labels)} labels")
    return kept


def row_costs(usage: Array) -> Array:
    """Dollars each row took, (rows,) float64, from a column as `USAGE` has it: 0 where nobody was asked, NaN where the
    price is unknown."""
    costs = [0.0 if one is None else one.get("cost") for one in usage.tolist()]
    return np.array([np.nan if cost is None else cost for cost in costs], dtype=np.float64)


def stack(tables: Sequence[Table]) -> dict[str, Array]:
    """Answers one below the other; where only some have an `error` column, the others had no errors."""
    names = dict.fromkeys(name for table in tables for name in table)
    if ERROR in names:
        tables = [
            table if ERROR in table else {**table, ERROR: object_column([None] * rows_in(table))} for table in tables
        ]
    shared = [name for name in names if all(name in table for table in tables)]
    return {name: np.concatenate([table[name] for table in tables]) for name in shared}


def in_scale(answers: Table, like: Table, usual: float) -> dict[str, Array]:
    """The answers with numbers in units of their size, so that one tolerance serves probabilities and millions: divided
    by the largest of 1, `usual` and the row's own value in `like`. Classes stay as they are."""
    column = like[PREDICTION]
    if column.dtype.kind != "f":
        return dict(answers)
    size = np.where(np.isfinite(column), np.abs(column), 1.0)
    return {**answers, PREDICTION: answers[PREDICTION] / np.maximum(size, max(1.0, usual))}


def usual_size(answers: Table) -> float:
    """The largest finite number among the answers, 1 for classes: what rounding errors are measured by."""
    column = answers[PREDICTION]
    if column.dtype.kind != "f":
        return 1.0
    return float(np.abs(column[np.isfinite(column)]).max(initial=1.0))

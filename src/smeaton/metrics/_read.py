"""What metrics read from answers: label codes, probabilities, numbers, and which rows were answered at all."""

from collections.abc import Sequence

import numpy as np

from smeaton.errors import ProgramError
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table
from smeaton.task.types import Label

#: Probabilities of a row may miss the sum 1 by this much (float32 answers do) and still be probabilities.
SLACK = 1e-3
#: Errors are cut here, so that their squares can still be summed over any table.
HUGE = 1e140


def column(answers: Table, name: str, rows: int) -> Array | None:
    """The answers' column, None if there is none.

    Raises:
        ProgramError: it has another number of rows than the target.
    """
    found = answers.get(name)
    if found is not None and len(found) != rows:
        raise ProgramError(f"{rows} rows were asked and {len(found)} answered in column {name!r}")
    return found


def answered(answers: Table, rows: int) -> Array:
    """True where a row has no `error`, shape (rows,)."""
    errors = column(answers, ERROR, rows)
    if errors is None:
        return np.ones(rows, dtype=bool)
    return np.fromiter((error is None or error == "" for error in errors.tolist()), dtype=bool, count=rows)


def codes(answers: Table, labels: Sequence[Label], rows: int) -> Array:
    """Position of each predicted label, int64; -1 where the answer is missing, failed or no label of the task."""
    predicted = column(answers, PREDICTION, rows)
    if predicted is None:
        return np.full(rows, -1, dtype=np.int64)
    known = {label: code for code, label in enumerate(labels)}
    values = predicted.tolist()
    try:
        found = np.fromiter((known.get(value, -1) for value in values), dtype=np.int64, count=rows)
    except TypeError:  # an answer that cannot be a label at all, such as a list
        found = np.fromiter((known.get(value, -1) if _plain(value) else -1 for value in values), np.int64, rows)
    return np.where(answered(answers, rows), found, -1)


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def probabilities(answers: Table, labels: Sequence[Label], rows: int) -> tuple[Array, Array]:
    """Probabilities (rows, labels) float64 and which rows are valid.

    Valid is what has no error, is finite, within [0, 1] and sums to 1. An answer without probabilities is taken as
    certain of its prediction.
    """
    given = column(answers, PROBABILITY, rows)
    if given is None:
        code = codes(answers, labels, rows)
        return (code[:, None] == np.arange(len(labels))).astype(np.float64), code >= 0
    if given.ndim != 2 or given.shape[1] != len(labels):
        raise ProgramError(f"probabilities of shape {given.shape} do not fit {rows} rows and {len(labels)} labels")
    chance = given.astype(np.float64, copy=False)
    with np.errstate(invalid="ignore"):
        fits = np.abs(chance.sum(axis=1) - 1) <= SLACK  # False for NaN
        fits &= (chance.min(axis=1) >= -SLACK) & (chance.max(axis=1) <= 1 + SLACK)
    return chance, fits & answered(answers, rows)


def label_sets(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    """Which labels each answer names, bool (rows, labels). An invalid answer (failed, no list, an unknown label) names
    just the labels it should not."""
    truth = target.astype(bool)
    predicted = column(answers, PREDICTION, len(target))
    if predicted is None:
        return ~truth
    known = {label: code for code, label in enumerate(labels)}
    said = np.zeros(truth.shape, dtype=bool)
    valid = answered(answers, len(target))
    for row, value in enumerate(predicted.tolist()):
        places = [known.get(item, -1) if _plain(item) else -1 for item in value] if isinstance(value, list) else [-1]
        if -1 in places:
            valid[row] = False
        else:
            said[row, places] = True
    return np.where(valid[:, None], said, ~truth)


def marginals(answers: Table, target: Array, labels: Sequence[Label]) -> tuple[Array, Array]:
    """Probabilities (rows, labels) float64, each label's on its own, and which rows are valid: no error, finite, within
    [0, 1]. An answer without probabilities is taken as certain of its prediction."""
    given = column(answers, PROBABILITY, len(target))
    if given is None:
        return label_sets(answers, target, labels).astype(np.float64), np.ones(len(target), dtype=bool)
    if given.shape != target.shape:
        raise ProgramError(f"probabilities of shape {given.shape} do not fit {len(target)} rows, {len(labels)} labels")
    chance = given.astype(np.float64, copy=False)
    with np.errstate(invalid="ignore"):
        fits = (chance.min(axis=1) >= -SLACK) & (chance.max(axis=1) <= 1 + SLACK)  # False for NaN
    return chance, fits & answered(answers, len(target))


def steps_off(answers: Table, target: Array, labels: Sequence[Label]) -> tuple[Array, Array]:
    """Positions of the predicted labels in their order, and their distance from the target, int64. An invalid answer is
    at the end that is farther from the target."""
    code = codes(answers, labels, len(target))
    last = len(labels) - 1
    code = np.where(code < 0, np.where(2 * target >= last, 0, last), code)
    return code, np.abs(code - target)


def numbers(answers: Table, rows: int) -> Array:
    """Predicted numbers, float64; NaN where the answer is missing, failed or not a finite number."""
    predicted = column(answers, PREDICTION, rows)
    if predicted is None:
        return np.full(rows, np.nan)
    if predicted.dtype == object:
        found = np.fromiter((_number(value) for value in predicted.tolist()), dtype=np.float64, count=rows)
    else:
        found = predicted.astype(np.float64)
    return np.where(np.isfinite(found) & answered(answers, rows), found, np.nan)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


def errors(answers: Table, target: Array) -> Array:
    """Absolute errors, float64. An invalid answer is off as far as the farther end of the target's range: no valid
    answer inside that range is worse."""
    truth = target.astype(np.float64, copy=False)
    if not len(truth):
        return np.zeros(0)
    off = np.minimum(np.abs(numbers(answers, len(truth)) - truth), HUGE)
    farthest = np.maximum(truth - truth.min(), truth.max() - truth)
    return np.where(np.isnan(off), farthest, off)

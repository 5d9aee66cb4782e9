"""What follows from a trial's calibrated answers: the label to say (`decisions.py`), a number's interval
(`intervals.py`). Both are learnt from other rows than those they are applied to, and are kept beside the trial."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smeaton.runtime.files import open_program
from smeaton.task.table import PROBABILITY, Array, Table
from smeaton.trials import decisions, intervals
from smeaton.trials.results import PROGRAM, FitResult, fold_folder

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex


def settle(
    folder: Path,
    dataset: "Dataset",
    folds: "Sequence[FoldIndex]",
    answers: list[list[dict[str, Array]]],
    by: tuple[str, Sequence[FitResult]],
) -> tuple[list[list[dict[str, Array]]], str]:
    """The answers to held-out rows (repeats of each fold) as the program will give them, and what has to be said.

    Writes `decision.json` and `interval.json` into the trial's folder where there is such a thing. `by` is the metric
    and the facts of the fits. Programs that may answer otherwise tomorrow get neither.
    """
    metric, fits = by
    if any(fit.effect not in ("", "pure") for fit in fits):
        return answers, ""
    first = [tables[0] for tables in answers]
    chosen = _decisions(folder, dataset, folds, first, metric)
    if chosen is not None:
        answers = decisions.judged(chosen, answers, dataset.task)
        decisions.keep(chosen, folder)
    bands = intervals.learn(dataset, folds, first)
    if bands is not None:
        answers = intervals.judged(bands, answers)
        intervals.keep(bands, folder)
    return answers, "" if chosen is None else chosen.note


def _decisions(
    folder: Path, dataset: "Dataset", folds: "Sequence[FoldIndex]", held: Sequence[Table], metric: str
) -> decisions.Decisions | None:
    """None where the program's own rule will do, or a program has no place for another."""
    rows = sum(len(fold.held) for fold in folds)
    rule = decisions.given(dataset.task)
    goal = decisions.goal_of(dataset.task, metric, _ahead(dataset, folds[0], rows))
    if (rule is None and goal is None) or not rows or any(PROBABILITY not in table for table in held):
        return None
    programs = [fold_folder(folder, number) / PROGRAM for number in range(len(folds))]
    if not all(decisions.takes_rule(open_program(path)) for path in programs if path.exists()):
        return None
    if rule is not None:
        return decisions.stated(rule, rows)
    return None if goal is None else decisions.learn(dataset, folds, held, goal)


def _ahead(dataset: "Dataset", fold: "FoldIndex", rows: int) -> float:
    """Rows of the sealed test for each held-out row; 1 where none is sealed."""
    sealed = len(dataset) - int(np.sum([len(part) for part in (fold.train, fold.stop, fold.held)]))
    return sealed / rows if sealed > 0 and rows else 1.0

"""Where the shipped solution's score will probably lie in the next period, for rows with a group or a time.

What is known are its (or its parent's) answers to the held-out rows, and those of what ships to the sealed test.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smeaton.metrics import Metric
from smeaton.metrics._defaults import load_metric
from smeaton.metrics._later import Period, later
from smeaton.task.arrays import open_table
from smeaton.task.table import Array, Table
from smeaton.task.units import show_range
from smeaton.trials.evaluate import OOF, ROW
from smeaton.trials.record import Interval, Trial

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset


def later_score(
    root: Path, trial: Trial, dataset: "Dataset", metric: str, test: Array, answers: Table, seed: int = 0
) -> Interval | None:
    """The 95 % prediction interval of a score on rows that follow the sealed test and are as many.

    Args:
        root: the build's folder.
        trial: what ships.
        dataset: all rows.
        metric: the metric's name.
        test: positions of the sealed rows.
        answers: what ships answered to them.
        seed: of the resamples.

    None for rows without group and time, and where there are too few groups or moments to tell.
    """
    if dataset.group is None and dataset.time is None:
        return None
    judge = load_metric(metric, dataset.task)
    held = dict(open_table(root / "trials" / (trial.estimated_from or trial.key) / OOF))
    rows = np.asarray(held.pop(ROW))
    parts = [(rows, held), (test, answers)]
    found = later(judge, [_period(judge, dataset, *part) for part in parts if len(part[0])], seed)
    return None if found is None else Interval(*found)


def later_words(metric: str, found: Interval) -> str:
    """The interval as a sentence."""
    what = "on as many rows again (the next moments, or new groups)"
    return f"{what}, {metric} will probably be {show_range(found.low, found.high, 4)} (95 % prediction interval)"


def _period(metric: Metric, dataset: "Dataset", rows: Array, answers: Table) -> Period:
    roles = (dataset.weight, dataset.group, dataset.time)
    weight, group, time = (None if one is None else one[rows] for one in roles)
    stats = metric.rows(answers, dataset.target[rows], dataset.task.labels, weight, group)
    return Period(stats, weight, group, time)

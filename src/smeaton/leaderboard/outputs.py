"""What a build says of its answers beside their score: how intervals hold, how labels are chosen, what they cost."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smeaton.metrics._defaults import load_metric
from smeaton.metrics._intervals import interval
from smeaton.task.arrays import open_table
from smeaton.task.costs import cost_matrix
from smeaton.task.table import LOW, PREDICTION, Array, Table, object_column
from smeaton.task.units import show_number
from smeaton.trials.decisions import decision_words, read_decisions
from smeaton.trials.evaluate import OOF, ROW
from smeaton.trials.intervals import interval_words, read_intervals
from smeaton.trials.record import Interval, Trial

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset

#: Metrics of intervals that a board and a card state.
OF_INTERVALS = ("coverage", "interval_width", "interval_score")


def output_words(root: Path, dataset: "Dataset", trial: Trial, seed: int = 0) -> tuple[str, ...]:
    """Sentences about the answers of a full trial of the build in `root`, from its answers to held-out rows."""
    home, found = _home(root, trial), list[str]()
    chosen, bands = read_decisions(home), read_intervals(home)
    if chosen is not None:
        found.append(decision_words(chosen.ships, dataset.task))
    if dataset.task.costs:
        found.append(_cost_words(root, dataset, trial, seed))
    if bands is not None:
        scores = interval_scores(root, dataset, trial, seed)
        if scores:
            found.append(coverage_words(bands.level, scores["coverage"], scores["interval_width"].value))
        found += interval_words(bands)
    return tuple(filter(None, found))


def coverage_words(level: float, coverage: Interval, width: float) -> str:
    """How many rows the intervals hold, and how wide they are."""
    share = f"{coverage.value:.1%} of the held-out rows (95 % interval {coverage.low:.1%} to {coverage.high:.1%})"
    return f"the {level:.0%} prediction intervals hold {share} and are {amount(width)} wide on average"


def interval_scores(root: Path, dataset: "Dataset", trial: Trial, seed: int = 0) -> dict[str, Interval]:
    """The metrics of a trial's intervals on held-out rows, each judged by a band learnt without it; empty without."""
    rows, answers = _held(root, trial)
    if LOW not in answers or not np.isfinite(answers[LOW]).any():
        return {}
    return {name: _score(dataset, name, rows, answers, seed) for name in OF_INTERVALS}


def _cost_words(root: Path, dataset: "Dataset", trial: Trial, seed: int) -> str:
    """What the answers cost against the one answer that is cheapest if all rows get it."""
    rows, answers = _held(root, trial)
    cost = _score(dataset, "cost", rows, answers, seed)
    task, matrix = dataset.task, cost_matrix(dataset.task)
    weight = None if dataset.weight is None else np.asarray(dataset.weight[rows])
    same = np.average(matrix[dataset.target[rows]], axis=0, weights=weight)
    best = int(same.argmin())
    label = task.output_type.text_labels()[best]
    always = _score(dataset, "cost", rows, {PREDICTION: object_column([task.labels[best]] * len(rows))}, seed)
    ends = f"95 % interval {amount(1000 * cost.low)} to {amount(1000 * cost.high)}"
    return (
        f"1,000 rows cost {amount(1000 * cost.value)} ({ends}); always to answer {label}, the cheapest single answer, "
        f"would cost {amount(1000 * always.value)}"
    )


def amount(value: float) -> str:
    """A number for people."""
    return show_number(value, 4)


def _home(root: Path, trial: Trial) -> Path:
    """The folder of a trial, of a refit's parent: what is known of it is what that answered."""
    return root / "trials" / (trial.estimated_from or trial.key)


def _held(root: Path, trial: Trial) -> tuple[Array, Table]:
    answers = dict(open_table(_home(root, trial) / OOF))
    return np.asarray(answers.pop(ROW)), answers


def _score(dataset: "Dataset", name: str, rows: Array, answers: Table, seed: int) -> Interval:
    metric = load_metric(name, dataset.task)
    roles = (dataset.weight, dataset.group, dataset.time)
    weight, group, time = (None if one is None else one[rows] for one in roles)
    stats = metric.rows(answers, dataset.target[rows], dataset.task.labels, weight, group)
    return Interval(*interval(metric, stats, weight, group, seed, time))

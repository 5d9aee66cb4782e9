"""When to ask: the certainty below which a cascade asks its language model, chosen on answers to rows with known
targets that are none of its own held-out rows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.compile.export import label_rule
from smeaton.metrics import Metric
from smeaton.metrics._defaults import default_metric, load_metric
from smeaton.metrics._intervals import mean, paired
from smeaton.runtime.ops.combine import codes_said, combined
from smeaton.runtime.ops.labels import choose
from smeaton.runtime.ops.unsure import MEASURES, Measure, certainty
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table, object_column, take
from smeaton.task.task import Task

#: Shares of the rows that are tried: what may go to the model.
SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 1.0)
ALL_ROWS = 2.0  # a threshold that no certainty reaches
_MOST_ROWS = 5_000  # that options are judged on
_PSEUDO = 2.0  # rows that the table of a label begins with, spread as over all labels


@dataclass(frozen=True, slots=True)
class Evidence:
    """Answers of both parts to the same rows, (rows,) each, with the rows' targets. `cost` is what one asked row takes,
    in dollars; NaN = unknown. `part` numbers the fold of each row: how sure a model is differs from fit to fit."""

    small: Table
    chat: Table
    target: Array
    cost: float = 0.0
    part: Array | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A cascade as it would have answered the evidence. `loss` is the metric, lower is better; `slack` is by how much
    `share`, that of the rows asked, may be exceeded: one standard error, and what single folds differ from all."""

    measure: Measure
    threshold: float
    combine: bool
    share: float
    slack: float
    loss: float
    stats: Array


@dataclass(frozen=True, slots=True)
class Goal:
    """What a cascade is chosen for: at most `share` of the rows asked; the `cheapest` that is not measurably worse than
    the best."""

    share: float = 1.0
    cheapest: bool = False


GOALS = {
    "best": Goal(),
    "cheapest": Goal(cheapest=True),
    "tenth": Goal(share=0.1),
    "rare": Goal(share=0.05),  # the 95th percentile of the time is then that of the small model
}


def metric_of(task: Task) -> Metric:
    """The metric a cascade is chosen by: the task's."""
    return load_metric(task.metric or default_metric(task), task)


def thinned(evidence: Evidence) -> Evidence:
    """At most so many rows as options are judged on, spread evenly."""
    count = len(evidence.target)
    if count <= _MOST_ROWS:
        return evidence
    some = np.linspace(0, count - 1, _MOST_ROWS).astype(np.int64)
    part = None if evidence.part is None else evidence.part[some]
    return Evidence(take(evidence.small, some), take(evidence.chat, some), evidence.target[some], evidence.cost, part)


def loss_of(task: Task, table: Table, target: Array) -> float:
    """The metric of some answers, lower is better."""
    metric = metric_of(task)
    value = mean(metric, metric.rows(table, target, task.labels))
    return value if metric.better == "lower" else -value


def options(task: Task, evidence: Evidence) -> list[Option]:
    """Every cascade of two parts: each measure at each share, what is said taken as it is or combined by Bayes' rule
    (for classes)."""
    metric = metric_of(task)
    sign = 1.0 if metric.better == "lower" else -1.0
    asked = [(False, evidence.chat)]
    if task.is_class:
        asked.append((True, _cross_combined(task, evidence)))
    found = []
    for measure in MEASURES:
        sure = certainty(evidence.small[PROBABILITY], measure, task.answer == "many")
        for threshold, share in _thresholds(sure):
            unsure = ~(sure >= threshold)
            for combine, answers in asked:
                stats = metric.rows(_mixed(evidence.small, answers, unsure), evidence.target, task.labels)
                slack = _slack(unsure, evidence.part)
                loss = sign * mean(metric, stats)
                found.append(Option(measure, threshold, combine, share, slack, loss, stats))
    return found


def pick(task: Task, found: Sequence[Option], goal: Goal, most: float) -> Option | None:
    """The option for a goal whose share of asked rows is at most `most`, with its slack to spare; of equals
    the one that asks less. None where there is none."""
    fitting = [option for option in found if option.share + option.slack <= min(goal.share, most) or _free(goal, most)]
    if not fitting:
        return None
    best = min(fitting, key=lambda option: (option.loss, option.share))
    if not goal.cheapest:
        return best
    metric = metric_of(task)
    alike = sorted(
        (one for one in fitting if (one.measure, one.combine) == (best.measure, best.combine)),
        key=lambda option: option.share,
    )
    return next(option for option in alike if option is best or _ties(metric, option, best))


def table_said(codes: Array, target: Array, labels: int) -> Array:
    """How often each label is said where another is true, (labels, labels), rows sum to 1.

    A label's own counts are joined by `_PSEUDO` rows of what holds over all labels: how often the model is right, and
    which labels it says where it is wrong.
    """
    said = codes >= 0
    codes, target = codes[said], target[said]
    right = codes == target
    share = (np.count_nonzero(right) + 1.0) / (len(codes) + 2.0)
    wrong = np.bincount(codes[~right], minlength=labels) + 1.0
    usual = np.broadcast_to(wrong, (labels, labels)).copy()
    np.fill_diagonal(usual, 0.0)
    usual *= (1.0 - share) / usual.sum(axis=1, keepdims=True)
    np.fill_diagonal(usual, share)
    counts = np.zeros((labels, labels))
    np.add.at(counts, (target, codes), 1.0)
    table: Array = (counts + _PSEUDO * usual) / (counts.sum(axis=1, keepdims=True) + _PSEUDO)
    table /= table.sum(axis=1, keepdims=True)
    return table


def _cross_combined(task: Task, evidence: Evidence) -> dict[str, Array]:
    """The combined answers, each half of the rows by the table of the other half."""
    codes = codes_said(evidence.chat[PREDICTION], task.labels)
    chance = np.array(evidence.small[PROBABILITY], dtype=np.float64)
    half = np.arange(len(codes)) % 2 == 0
    for own in (half, ~half):
        table = table_said(codes[~own], evidence.target[~own], len(task.labels))
        chance[own] = combined(chance[own], codes[own], table)
    prediction = choose(chance, task.labels, label_rule(task))
    prediction[codes < 0] = None
    errors = {ERROR: evidence.chat[ERROR]} if ERROR in evidence.chat else {}
    return {PREDICTION: prediction, PROBABILITY: chance, **errors}


def _thresholds(sure: Array) -> Iterator[tuple[float, float]]:
    """Thresholds with the share of rows below each, about as `SHARES` has them, none twice."""
    ordered, seen = np.sort(sure), set[float]()
    for share in SHARES:
        count = round(share * len(ordered))
        if count <= 0:
            continue
        threshold = ALL_ROWS if count >= len(ordered) else float((ordered[count - 1] + ordered[count]) / 2)
        below = float(np.mean(~(sure >= threshold)))
        if below > 0 and threshold not in seen:
            seen.add(threshold)
            yield threshold, below


def _slack(unsure: Array, part: Array | None) -> float:
    share = float(unsure.mean())
    error = math.sqrt(share * (1 - share) / len(unsure))
    if part is None:
        return error
    return error + max(float(unsure[part == one].mean()) for one in np.unique(part)) - share


def _mixed(small: Table, chat: Table, unsure: Array) -> dict[str, Array]:
    """The chat's answers where unsure, else the small model's."""
    names = [name for name in (PREDICTION, PROBABILITY) if name in small and name in chat]
    mixed = {name: _where(unsure, chat[name], small[name]) for name in names}
    if ERROR in chat:
        mixed[ERROR] = _where(unsure, chat[ERROR], object_column([None] * len(unsure)))
    return mixed


def _where(unsure: Array, one: Array, other: Array) -> Array:
    whole: Array = other.astype(object if object in (one.dtype, other.dtype) else other.dtype)
    whole[unsure] = one[unsure]
    return whole


def _free(goal: Goal, most: float) -> bool:
    return min(goal.share, most) >= 1.0


def _ties(metric: Metric, one: Option, best: Option) -> bool:
    """Whether the data cannot tell one from the best: the 95 % interval of their difference holds 0."""
    _, low, high = paired(metric, one.stats, best.stats, None, None)
    return low <= 0.0 <= high

"""From which probability on a program answers, by the rule that ships with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from smeaton.reporting.build import Build
from smeaton.task.costs import cost_matrix
from smeaton.task.table import Array
from smeaton.trials.decisions import decision_words, read_decisions
from smeaton.trials.rules import Rule
from smeaton.trials.thresholds import read_thresholds

HALF = 0.5


@dataclass(frozen=True, slots=True)
class Decided:
    """`threshold` of the second of two labels, from which probability on it is answered (above 1: never); `each` that
    of each label where a row may have any number of them. `words` say how answers follow from probabilities; `learnt`
    that the rule comes from answers to held-out rows."""

    threshold: float
    each: tuple[float, ...]
    words: str
    learnt: bool


def decided(build: Build) -> Decided:
    """The rule that ships with a build's winner."""
    task, home = build.task, build.root / "trials" / build.evidence.trial
    if task.answer == "many":
        kept = read_thresholds(home)
        if kept is None:
            return Decided(HALF, (HALF,) * len(task.labels), "answers each label from a probability of 0.5 on", False)
        return Decided(HALF, tuple(kept.ships), "answers each label from a threshold of its own on", True)
    found = read_decisions(home)
    rule = None if found is None else found.ships
    words = decision_words(rule, task) or "answers with the likeliest label"
    learnt = rule is not None and rule.costs is None
    return Decided(_threshold(rule), (), words, learnt)


def best_by_cost(costs: Sequence[Sequence[float]]) -> float:
    """The threshold of the lowest expected cost of the second of two labels, `costs[actual][predicted]`, if
    probabilities are right (Elkan 2001): above 1 where the first label is always cheaper, 0 where the second is."""
    alarm, miss = float(costs[0][1] - costs[0][0]), float(costs[1][0] - costs[1][1])
    if miss <= 0:
        return 2.0 if alarm > 0 or miss < 0 else HALF
    return alarm / (alarm + miss) if alarm > 0 else 0.0


def costs_of(build: Build) -> Array | None:
    """What answers cost by the task, (labels, labels); None where it states no costs."""
    return cost_matrix(build.task) if build.task.costs and build.task.answer == "class" else None


def _threshold(rule: Rule | None) -> float:
    if rule is None:
        return HALF
    if rule.costs is not None:
        return best_by_cost(rule.costs) if len(rule.costs) == 2 else HALF
    if rule.cuts is not None:
        return rule.cuts[0]
    first, second = (rule.weights or (HALF, HALF))[:2]
    return first / (first + second)

"""Rules that turn probabilities into one label, learnt for a metric or a bar.

Two labels: one threshold, midway between probabilities that occur. More: a weight a label, from a family of one number
(the shares to a power: 0 is the likeliest label, 1 the best for balanced accuracy if probabilities are right), then by
coordinate ascent. Ordered labels: cuts of the expected place in the order, for kappa, by coordinate ascent too. A rule
learnt for a metric is kept where each half of the rows gains by what the other half teaches.

A bar on recall (precision) is held by the threshold of the best precision (recall) among those whose lower end, by
Wilson (1927), reaches it, with one standard error to spare for rows yet to come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from smeaton.runtime.ops._decide import cut, expected_place, heaviest
from smeaton.task.table import Array
from smeaton.trials._confusions import balanced_accuracy, confusion, f1_of, kappa, macro_f1
from smeaton.trials.calibrate import Scored
from smeaton.trials.outside import TWO_SIDED, wilson

METRICS = ("f1", "macro_f1", "balanced_accuracy")
ORDERED = ("quadratic_kappa",)
FEWEST = 10  # rows of a label below which it gets no weight of its own
_CUTS = 200  # thresholds tried
_LEAST = 1e-12  # no threshold is nearer to 0 or 1
_STEPS = 24  # weights, or cuts, tried for one label
_ROUNDS = 2
_MOST_ROWS = 5_000  # that rules of more than a threshold are learnt from
_MOST_LABELS = 30  # of more the family of one number has to do
_POWERS = np.linspace(0.0, 1.2, 13)
_WORTH: Mapping[str, Callable[[Array], Array]] = {
    "f1": f1_of,
    "macro_f1": macro_f1,
    "balanced_accuracy": balanced_accuracy,
    "quadratic_kappa": kappa,
}


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of three ways to choose; see the op `labels`."""

    weights: tuple[float, ...] | None = None
    costs: tuple[tuple[float, ...], ...] | None = None
    cuts: tuple[float, ...] | None = None

    @property
    def said(self) -> tuple[str, Any]:
        """The rule's name in the op, and its numbers as plain lists."""
        if self.costs is not None:
            return "cheapest", [list(row) for row in self.costs]
        return ("cuts", list(self.cuts)) if self.cuts is not None else ("weighted", list(self.weights or ()))


@dataclass(frozen=True, slots=True)
class Goal:
    """What a rule is for: a metric ('' = only bars), least values of `recall` and `precision`, and how many rows are to
    come for each that is known."""

    metric: str
    bars: Mapping[str, float] = field(default_factory=dict)
    ahead: float = 1.0


def fit(part: Scored, goal: Goal) -> tuple[Rule | None, str]:
    """The best rule on these rows (None: the program's own), and what has to be said of it."""
    if not len(part) or len(np.unique(part.y)) < 2:
        return None, ""
    if goal.bars:
        return _held(part, goal)
    if part.probability.shape[1] > 2 and len(part) > _MOST_ROWS:
        part = _some(part, np.linspace(0, len(part) - 1, _MOST_ROWS).astype(np.int64))
    find = _cuts if goal.metric in ORDERED else _threshold if part.probability.shape[1] == 2 else _weights
    return (find(part, goal.metric) if _gains(part, goal.metric, find) else None), ""


def worth(part: Scored, said: Array, metric: str) -> float:
    """The metric's value of answers (codes)."""
    return float(_WORTH[metric](confusion(part.y, said, part.weight, part.probability.shape[1])))


def plain(part: Scored, metric: str) -> Array:
    """What a program answers by itself: the likeliest label, the median of ordered ones for kappa."""
    if metric in ORDERED:
        return np.asarray((np.cumsum(part.probability, axis=1) >= 0.5 - 1e-9).argmax(axis=1))
    return np.asarray(part.probability.argmax(axis=1))


def _gains(part: Scored, metric: str, find: Callable[[Scored, str], Rule]) -> bool:
    """Whether halves of the rows gain by a rule learnt on the other half; each half has its share of every label."""
    half = np.zeros(len(part), dtype=np.int64)
    for code in np.unique(part.y):
        mine = np.flatnonzero(part.y == code)
        half[mine] = np.arange(len(mine)) % 2
    gain = 0.0
    for number in (0, 1):
        one, other = (_some(part, half == side) for side in (number, 1 - number))
        if len(np.unique(one.y)) < 2 or len(np.unique(other.y)) < 2:
            return False
        gain += worth(other, _said(other, find(one, metric)), metric) - worth(other, plain(other, metric), metric)
    return gain > 0


def _said(part: Scored, rule: Rule) -> Array:
    if rule.cuts is not None:
        return cut(part.probability, rule.cuts)
    return heaviest(part.probability, rule.weights or ())


def _threshold(part: Scored, metric: str) -> Rule:
    places, table = _tables(part)
    value = _WORTH[metric](table)
    return _rule_at(_nearest_half(places[value >= value.max() - 1e-12]))


def _rule_at(threshold: float) -> Rule:
    """The second label from that probability on."""
    return Rule(weights=(threshold, 1.0 - threshold))


def _nearest_half(thresholds: Array) -> float:
    return float(thresholds[np.abs(thresholds - 0.5).argmin()])


def _tables(part: Scored) -> tuple[Array, Array]:
    """Thresholds (t,), strictly between 0 and 1, and the confusion of each (t, actual, predicted), by weight."""
    chance = part.probability[:, 1]
    values = np.unique(np.concatenate([chance, [0.0, 1.0]]))
    if len(values) > _CUTS:
        inner = np.quantile(chance, np.linspace(0, 1, _CUTS), method="nearest")
        values = np.unique(np.concatenate([inner, [0.0, 1.0]]))
    places = np.clip((values[1:] + values[:-1]) / 2, _LEAST, 1 - _LEAST)
    order = np.argsort(chance, kind="stable")
    first = np.searchsorted(chance[order], places)
    table = np.zeros((len(places), 2, 2))
    for actual in (0, 1):
        mass = np.concatenate([[0.0], np.cumsum((part.weight * (part.y == actual))[order])])
        table[:, actual, 0], table[:, actual, 1] = mass[first], mass[-1] - mass[first]
    return places, table


def _held(part: Scored, goal: Goal) -> tuple[Rule | None, str]:
    """The threshold that holds the bars and is best for the metric; without a metric for what has no bar."""
    places, table = _tables(part)
    rows = part.weight.sum() ** 2 / np.square(part.weight).sum() / part.weight.sum()  # effective rows for each weight
    right, named, true = table[:, 1, 1], table[:, :, 1].sum(axis=1), table[:, 1, :].sum(axis=1)
    value = {"recall": right / true, "precision": right / np.maximum(named, 1e-300)}
    size = {"recall": true * rows, "precision": named * rows}
    holds = np.ones(len(places), dtype=bool)
    for name, bar in goal.bars.items():
        holds &= _reaches(value[name], size[name], bar, goal.ahead)
    if not holds.any():
        names = " and ".join(f"{name} >= {bar:g}" for name, bar in goal.bars.items())
        return None, f"no threshold is sure to hold {names}"
    if goal.metric:
        wanted = _WORTH[goal.metric](table)
    else:
        wanted = value["precision" if "recall" in goal.bars else "recall"]
    best = wanted[holds].max() - 1e-12
    # Of those that tie the one that holds the bars by most: the lowest for recall, the highest for precision.
    tied = places[holds & (wanted >= best)]
    return _rule_at(float(tied.min() if "recall" in goal.bars else tied.max())), ""


def _reaches(share: Array, size: Array, bar: float, ahead: float) -> Array:
    """Where a share seen among so many rows will reach a bar at its lower end, on these rows and on those to come."""
    fewer = np.maximum(size * min(1.0, ahead), 1e-9)
    low = np.array([wilson(one, rows, TWO_SIDED)[0] for one, rows in zip(share.tolist(), fewer.tolist(), strict=True)])
    spare = np.sqrt(share * (1 - share) * (1 / np.maximum(size, 1e-9) + 1 / np.maximum(size * ahead, 1e-9)))
    return np.asarray(low - spare >= bar)


def _weights(part: Scored, metric: str) -> Rule:
    """Weights of three labels or more."""
    labels = part.probability.shape[1]
    shares = np.bincount(part.y, weights=part.weight, minlength=labels) + 0.5 * float(part.weight.mean())
    shares /= shares.sum()
    tries = [np.power(shares, -power) for power in _POWERS]
    values = [worth(part, heaviest(part.probability, one.tolist()), metric) for one in tries]
    found = tries[int(np.argmax(values))]
    own = np.flatnonzero(np.bincount(part.y, minlength=labels) >= FEWEST).tolist() if labels <= _MOST_LABELS else []
    for _ in range(_ROUNDS):
        before = found.copy()
        for label in own:
            found[label] = _best_weight(part, found, label, metric)
        if (before == found).all():
            break
    return Rule(weights=tuple((found / found.max()).tolist()))


def _best_weight(part: Scored, weights: Array, label: int, metric: str) -> float:
    """The weight of one label that is best given the others; its own where none is better."""
    scaled = part.probability * weights
    scaled[:, label] = -1.0
    other, rival = scaled.argmax(axis=1), scaled.max(axis=1)
    with np.errstate(divide="ignore"):
        needed = rival / part.probability[:, label]  # the weight from which on a row gets this label
    usable = needed[np.isfinite(needed) & (needed > 0)]
    if not len(usable):
        return float(weights[label])
    tries = np.unique(np.quantile(usable, np.linspace(0, 1, _STEPS)))
    middle = np.concatenate([[weights[label]], np.sqrt(tries[1:] * tries[:-1])])
    values = [worth(part, np.where(needed < one, label, other), metric) for one in middle.tolist()]
    best = int(np.argmax(values))
    return float(middle[best if values[best] > values[0] + 1e-9 else 0])


def _cuts(part: Scored, metric: str) -> Rule:
    """Cuts of the expected place."""
    labels = part.probability.shape[1]
    place = expected_place(part.probability)
    found = np.arange(labels - 1) + 0.5
    for _ in range(_ROUNDS):
        before = found.copy()
        for number in range(labels - 1):
            low = found[number - 1] if number else 0.0
            high = found[number + 1] if number + 1 < labels - 1 else labels - 1.0
            inside = place[(place > low) & (place < high)]
            if len(inside) < FEWEST:
                continue
            tries = np.concatenate([[found[number]], np.unique(np.quantile(inside, np.linspace(0.02, 0.98, _STEPS)))])
            values = [_with_cut(part, place, found, (number, one), metric) for one in tries.tolist()]
            best = int(np.argmax(values))
            found[number] = tries[best if values[best] > values[0] + 1e-9 else 0]
        if (before == found).all():
            break
    return Rule(cuts=tuple(found.tolist()))


def _with_cut(part: Scored, place: Array, cuts: Array, changed: tuple[int, float], metric: str) -> float:
    tried = cuts.copy()
    tried[changed[0]] = changed[1]
    return worth(part, np.searchsorted(tried, place, side="right"), metric)


def _some(part: Scored, which: Array) -> Scored:
    return Scored(part.probability[which], part.y[which], part.weight[which])

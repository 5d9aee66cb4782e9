"""When a row fits none of the labels: a rejection learnt from answers to rows that were not fitted on.

With examples of outside rows, a logistic model of the features of `runtime/ops/reject.py`, fitted *prior-free*: inside
and outside count alike, for how many outside rows will come is not known from training. Without, the mean of two
standardised signs of doubt (entropy, mean logarithm), with a threshold that keeps 95 % of the rows that belong.

Youden 1950 for the threshold that balances; Wilson 1927 for the interval of a share.
"""

import math

import msgspec
import numpy as np

from smeaton.runtime.ops.reject import FEATURES, features
from smeaton.task.table import Array
from smeaton.trials.calibrate import Scored

MIN_EXAMPLES = 10  # outside rows below which nothing is learnt from them
KEPT = 0.95  # of the rows that belong, where there are no examples to learn from
ONE_SIDED, TWO_SIDED = 1.645, 1.96  # normal quantiles of 95 %
_DOUBT = np.array([False, False, True, True, False])  # entropy and mean logarithm grow with doubt
_FLAT = 1e-9  # a feature that varies less tells nothing
_PARTS = 5
_STEPS = 50
_MOST = 30.0  # the largest logit of a threshold: further out a double no longer tells shares from 1


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """What a `reject` step is made of; `outside` is the label's code. `examples` outside rows were learnt from (0:
    none), and `said` states how the threshold was chosen."""

    outside: int
    coefficients: tuple[float, ...]
    threshold: float
    examples: int
    said: str


def fit(part: Scored, outside: int, recall: float | None) -> Rejection | None:
    """A rejection from answers that were not fitted on these rows; None where they do not tell outside rows.

    `recall` is the share of outside rows to catch; None balances caught rows against false alarms.
    """
    is_out = part.y == outside
    examples = int(is_out.sum())
    if len(part) - examples < MIN_EXAMPLES:
        return None
    columns = features(part.probability, outside)
    if examples < MIN_EXAMPLES:
        return _without(columns[~is_out], part.weight[~is_out], outside)
    score, coefficients = _crossed(columns, is_out, part.weight), _logistic(columns, is_out, part.weight)
    cut, said = _threshold(score, is_out, part.weight, recall)
    if cut is None:
        return None
    return _rejection(outside, coefficients, cut, examples, said)


def wilson(share: float, rows: float, normal: float) -> tuple[float, float]:
    """The interval of a share seen among so many rows; `normal` is 1.96 for two-sided 95 %, 1.645 for one-sided."""
    square = normal * normal
    middle = share + square / (2 * rows)
    spread = normal * math.sqrt(max(0.0, share * (1 - share)) / rows + square / (4 * rows * rows))
    return max(0.0, (middle - spread) / (1 + square / rows)), min(1.0, (middle + spread) / (1 + square / rows))


def _rejection(outside: int, coefficients: Array, cut: float, examples: int, said: str) -> Rejection:
    threshold = 1 / (1 + math.exp(-min(_MOST, max(-_MOST, cut))))
    values = tuple(float(value) for value in coefficients)
    return Rejection(outside=outside, coefficients=values, threshold=threshold, examples=examples, said=said)


def _without(columns: Array, weight: Array, outside: int) -> Rejection | None:
    """Doubt alone: the mean of its standardised signs, and the score that 95 % of the rows stay below."""
    spread = columns.std(axis=0)
    used = _DOUBT & (spread > _FLAT)
    if not used.any():
        return None
    slopes = np.where(used, 1.0 / np.where(used, spread, 1.0), 0.0) / used.sum()
    constant = -float(slopes @ columns.mean(axis=0))
    cut = _cut(constant + columns @ slopes, weight, 1 - KEPT)
    coefficients = np.concatenate([[constant], slopes])
    return _rejection(outside, coefficients, cut, 0, f"no examples: {KEPT:.0%} of the rows that belong are kept")


def _crossed(columns: Array, is_out: Array, weight: Array) -> Array:
    """The score of each row by coefficients that were fitted without it."""
    part = np.zeros(len(columns), dtype=np.int64)
    for side in (is_out, ~is_out):  # each part has its share of either
        part[side] = np.arange(int(side.sum())) % _PARTS
    score = np.zeros(len(columns))
    for number in range(_PARTS):
        mine = part == number
        found = _logistic(columns[~mine], is_out[~mine], weight[~mine])
        score[mine] = found[0] + columns[mine] @ found[1:]
    return score


def _logistic(columns: Array, is_out: Array, weight: Array) -> Array:
    """The constant and the slopes of a logistic model with both sides weighted alike, and a ridge of 1 on standardised
    slopes against a mass of twice the rows of the smaller side."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    used = spread > _FLAT
    scaled = np.where(used, (columns - mean) / np.where(used, spread, 1.0), 0.0)
    x = np.column_stack([np.ones(len(columns)), scaled])
    size = min(int(is_out.sum()), int((~is_out).sum()))
    mass = np.where(is_out, weight / weight[is_out].sum(), weight / weight[~is_out].sum()) * size
    ridge = np.diag([1e-9, *([1.0] * FEATURES)])

    def loss(at: Array) -> float:
        score = x @ at
        return float(mass @ (np.logaddexp(0.0, score) - is_out * score) + 0.5 * at @ ridge @ at)

    at = np.zeros(FEATURES + 1)
    for _ in range(_STEPS):
        chance = 0.5 * (1.0 + np.tanh(0.5 * (x @ at)))
        slope = x.T @ (mass * (chance - is_out)) + ridge @ at
        step = np.linalg.solve(x.T @ (x * (mass * chance * (1 - chance))[:, None]) + ridge, slope)
        share = 1.0
        while loss(at - share * step) > loss(at) and share > 1e-6:
            share /= 2
        at = at - share * step
        if float(np.abs(step).max()) < 1e-9:
            break
    slopes = np.where(used, at[1:] / np.where(used, spread, 1.0), 0.0)
    return np.concatenate([[at[0] - float(slopes @ mean)], slopes])


def _threshold(score: Array, is_out: Array, weight: Array, recall: float | None) -> tuple[float | None, str]:
    """The lowest score that is rejected, and how it was chosen; None where scores tell outside rows from none."""
    scores = np.unique(score)[::-1]
    caught = _reached(score[is_out], weight[is_out], scores)
    gain = caught - _reached(score[~is_out], weight[~is_out], scores)
    rows = float(np.square(weight[is_out].sum()) / np.square(weight[is_out]).sum())
    best = int(gain.argmax())
    if gain[best] <= ONE_SIDED / math.sqrt(rows):  # what the best of many thresholds reaches by chance
        return None, ""
    if recall is None:
        return _between(scores, best), "balances caught rows against false alarms"
    enough = next((float(share) for share in np.unique(caught) if share >= recall - 1e-12), 1.0)
    place = int(np.searchsorted(caught, enough - 1e-12))
    low, high = wilson(enough, rows, TWO_SIDED)
    of_examples = f"{enough:.1%} of the examples are caught (95 % interval {low:.0%} to {high:.0%})"
    said = f"{of_examples}; {recall:.0%} was asked for"
    return _between(scores, place), said


def _reached(score: Array, weight: Array, scores: Array) -> Array:
    """The share of the rows that reach each of `scores`."""
    order = np.argsort(score)
    below = np.concatenate([[0.0], np.cumsum(weight[order])])
    share: Array = 1 - below[np.searchsorted(score[order], scores)] / below[-1]
    return share


def _between(scores: Array, place: int) -> float:
    """Midway between a score and the next lower one, so that rounding decides nothing."""
    below = scores[place + 1] if place + 1 < len(scores) else scores[place] - 1.0
    return float(scores[place] + below) / 2


def _cut(score: Array, weight: Array, share: float) -> float:
    """The lowest threshold that at most so large a share of the rows reaches."""
    scores = np.unique(score)[::-1]
    within = int((_reached(score, weight, scores) <= share).sum())
    return _between(scores, within - 1) if within else float(scores[0]) + 1.0

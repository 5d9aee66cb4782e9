"""Phrases that no label covers: runs of one to three words found more often in doubtful rows than in sure ones.

Doubtful is a row that was answered wrong, answered with the outside label, or whose likeliest label has less than half
the probability. The interval of the lift, a ratio of two shares: Katz, Baptista, Azen and Pike 1978, with half a row
added to each count.
"""

import numpy as np

from smeaton.insight.evidence import Evidence, first_examples
from smeaton.insight.forms import Phrase
from smeaton.insight.words import LEAST_ROWS, Held, held
from smeaton.task.table import Array
from smeaton.trials.reject import outside_code

MOST = 15
_LONGEST = 3
_SAME = 0.7  # phrases that share so much of their rows are one phrase
_NORMAL = 1.96


def doubtful(evidence: Evidence) -> Array:
    """A mask of the rows of a class task that are wrong, turned away or unsure."""
    assert evidence.probability is not None
    said, given = evidence.codes(), np.asarray(evidence.target)
    mask: Array = (said != given) | (evidence.probability.max(axis=1) < 0.5)
    outside = outside_code(evidence.task)
    return mask if outside is None else mask | (said == outside)


def uncovered(evidence: Evidence, texts: list[str]) -> tuple[Phrase, ...]:
    """The phrases, the one with the highest lower end of its lift first; long ones before their parts."""
    mask = doubtful(evidence)
    if mask.sum() < LEAST_ROWS or not (~mask).any():
        return ()
    found = held(texts, _LONGEST)
    k, c = found.counts(mask), found.counts(~mask)
    lift, low, high = _lifts(k, c, int(mask.sum()), int((~mask).sum()))
    length = np.array([len(phrase) for phrase in found.vocabulary])
    candidates = np.flatnonzero((k >= LEAST_ROWS) & (low > 1))
    order = candidates[np.lexsort((-length[candidates], -low[candidates]))]
    kept: list[tuple[int, set[int]]] = []
    for place in order:
        rows = set(found.row[(found.word == place) & mask[found.row]].tolist())
        if all(len(rows & other) < _SAME * min(len(rows), len(other)) for _, other in kept):
            kept.append((int(place), rows))
        if len(kept) == MOST:
            break
    return tuple(
        Phrase(
            phrase=_longest(found, place, rows),
            rows=int(k[place]),
            sure=int(c[place]),
            lift=float(lift[place]),
            low=float(low[place]),
            high=float(high[place]),
            given=_commonest(evidence, sorted(rows)),
            examples=first_examples(evidence, sorted(rows)),
        )
        for place, rows in kept
    )


def _lifts(k: Array, c: Array, doubt: int, sure: int) -> tuple[Array, Array, Array]:
    """The ratio of shares with the low and high end of its interval."""
    a, b = k + 0.5, c + 0.5
    log = np.log(a / (doubt + 0.5)) - np.log(b / (sure + 0.5))
    spread = np.sqrt(1 / a - 1 / (doubt + 0.5) + 1 / b - 1 / (sure + 0.5))
    return np.exp(log), np.exp(log - _NORMAL * spread), np.exp(log + _NORMAL * spread)


def _longest(found: Held, place: int, rows: set[int]) -> str:
    """The longest phrase that holds this one and is found in nearly the same doubtful rows."""
    said = found.vocabulary[place]
    inside = np.isin(found.row, sorted(rows))
    shared = np.bincount(found.word[inside], minlength=len(found.vocabulary))
    same = [found.vocabulary[int(at)] for at in np.flatnonzero(shared >= 0.9 * len(rows))]
    return max([said, *(other for other in same if said in other)], key=len)


def _commonest(evidence: Evidence, rows: list[int]) -> str:
    codes, counts = np.unique(np.asarray(evidence.target)[rows], return_counts=True)
    return evidence.labels[int(codes[counts.argmax()])]

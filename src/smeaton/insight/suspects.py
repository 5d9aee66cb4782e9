"""Rows whose target looks wrong.

Labels: confident learning (Northcutt, Jiang and Chuang 2021). The threshold of a label is the mean probability that
its own rows get; a row is a suspect where another label than the given one passes its threshold, ranked by how much
likelier the other one is. Any number of labels: each label by itself, given or not given. Numbers: errors in units of
the usual one (1.4826 times the median absolute deviation), from 4 on.
"""

import numpy as np

from smeaton.insight.evidence import Evidence
from smeaton.insight.forms import Suspect
from smeaton.task.table import Array

USUAL_ERRORS = 4.0
_ROUNDING = 1e-9  # a mean of equal numbers may be a bit above them
_MAD = 1.4826  # makes the median absolute deviation of a normal distribution its standard deviation


def suspects(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int]:
    """The `most` likeliest suspects, the likeliest first, and how many there are."""
    if evidence.task.answer == "number":
        return _numbers(evidence, most)
    if evidence.probability is None:
        return (), 0
    return _many(evidence, most) if evidence.task.answer == "many" else _classes(evidence, most)


def confident(probability: Array, given: Array) -> tuple[Array, Array]:
    """For each row the suggested label (-1: none but the given one), and how much likelier it is than the given one."""
    rows, labels = np.arange(len(given)), np.arange(probability.shape[1])
    own = probability[rows, given]
    counts = np.bincount(given, minlength=len(labels))
    sums = np.bincount(given, weights=own, minlength=len(labels))
    threshold = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    passing = np.where(probability >= threshold - _ROUNDING, probability, -1.0)
    best = passing.argmax(axis=1)
    found = (passing[rows, best] >= 0) & (best != given) & (probability[rows, best] > own)
    return np.where(found, best, -1), np.where(found, probability[rows, best] - own, 0.0)


def _classes(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int]:
    chance = evidence.probability if evidence.plain is None else evidence.plain
    assert chance is not None
    given, labels = np.asarray(evidence.target), evidence.labels
    suggested, lead = confident(chance, given)
    found = np.flatnonzero(suggested >= 0)
    order = found[np.argsort(-lead[found], kind="stable")][:most]
    shown = tuple(
        Suspect(
            example=evidence.example(int(place)),
            given=labels[given[place]],
            suggested=labels[suggested[place]],
            probability=float(chance[place, suggested[place]]),
            probability_given=float(chance[place, given[place]]),
            strength=float(lead[place]),
        )
        for place in order
    )
    return shown, len(found)


def _many(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int]:
    assert evidence.probability is not None
    ranked: list[tuple[float, int, int]] = []
    for code in range(len(evidence.labels)):
        shares = evidence.probability[:, code]
        given = np.asarray(evidence.target)[:, code].astype(np.int64)
        suggested, lead = confident(np.stack([1 - shares, shares], axis=1), given)
        ranked += [(float(lead[place]), int(place), code) for place in np.flatnonzero(suggested >= 0)]
    ranked.sort(key=lambda one: (-one[0], one[1], one[2]))
    shown = []
    for ahead, row, code in ranked[:most]:
        label, chance = evidence.labels[code], float(evidence.probability[row, code])
        there = bool(np.asarray(evidence.target)[row, code])
        shown.append(
            Suspect(
                example=evidence.example(row),
                given=label if there else f"not {label}",
                suggested=f"not {label}" if there else label,
                probability=1 - chance if there else chance,
                probability_given=chance if there else 1 - chance,
                strength=ahead,
            )
        )
    return tuple(shown), len(ranked)


def _numbers(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int]:
    target = np.asarray(evidence.target, dtype=np.float64)
    said = np.asarray(evidence.prediction, dtype=np.float64)
    off = np.where(np.isfinite(said), target - said, 0.0)
    usual = _MAD * float(np.median(np.abs(off - np.median(off)))) if len(off) else 0.0
    if usual <= 0:
        return (), 0
    strength = np.abs(off - np.median(off)) / usual
    found = np.flatnonzero(strength >= USUAL_ERRORS)
    order = found[np.argsort(-strength[found], kind="stable")][:most]
    shown = tuple(
        Suspect(
            example=evidence.example(int(place)),
            given=f"{target[place]:g}",
            suggested=f"{said[place]:g}",
            strength=float(strength[place]),
        )
        for place in order
    )
    return shown, len(found)

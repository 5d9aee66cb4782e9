"""Rows whose target looks wrong.

Labels: confident learning (Northcutt, Jiang and Chuang 2021). The threshold of a label is the mean probability that
its own rows get; a row is a suspect where another label than the given one passes its threshold, ranked by how much
likelier the other one is. Any number of labels: each label by itself, given or not given.

Numbers: studentised errors of answers from outside the fit. An error is measured in units of the usual one (1.4826
times the median absolute deviation) of the rows with about the same answer, for errors grow with what is predicted more
often than not; suspects from 4 on.

Some rows are rare and right. How many suspects are expected if every target is right: of labels the chance of each row,
by its calibrated probabilities, to come out with a label that makes it a suspect; of numbers what Student's
distribution has beyond 4 whose tails are as heavy as those of the errors within it.
"""

import numpy as np

from smeaton.extras import needs
from smeaton.insight.evidence import Evidence
from smeaton.insight.forms import Suspect
from smeaton.task.table import Array

USUAL_ERRORS = 4.0
_NEIGHBOURS = 100  # rows with about the same answer
_FEWEST = 20
_ROUNDING = 1e-9  # a mean of equal numbers may be a bit above them
_MAD = 1.4826  # makes the median absolute deviation of a normal distribution its standard deviation


def suspects(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int]:
    """The `most` likeliest suspects, the likeliest first, and how many there are."""
    shown, count, _ = judged(evidence, most)
    return shown, count


def judged(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int, float]:
    """The same, and how many suspects are expected if every target is right."""
    if evidence.task.answer == "number":
        return _numbers(evidence, most)
    if evidence.probability is None:
        return (), 0, 0.0
    return _many(evidence, most) if evidence.task.answer == "many" else _classes(evidence, most)


def confident(probability: Array, given: Array) -> tuple[Array, Array]:
    """For each row the suggested label (-1: none but the given one), and how much likelier it is than the given one."""
    rows = np.arange(len(given))
    own = probability[rows, given]
    best, top = _passing(probability, given)
    found = (top >= 0) & (best != given) & (top > own)
    return np.where(found, best, -1), np.where(found, top - own, 0.0)


def by_chance(probability: Array, given: Array) -> float:
    """How many rows would be suspects if each label were drawn by the row's probabilities."""
    best, top = _passing(probability, given)
    other = (np.arange(probability.shape[1]) != best[:, None]) & (probability < top[:, None])
    return float((probability * other)[top >= 0].sum())


def _passing(probability: Array, given: Array) -> tuple[Array, Array]:
    """For each row the likeliest of the labels that pass their threshold, and its probability; -1 for none."""
    own = probability[np.arange(len(given)), given]
    counts = np.bincount(given, minlength=probability.shape[1])
    sums = np.bincount(given, weights=own, minlength=probability.shape[1])
    threshold = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    passing = np.where(probability >= threshold - _ROUNDING, probability, -1.0)
    best = passing.argmax(axis=1)
    return best, passing[np.arange(len(given)), best]


def _classes(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int, float]:
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
    return shown, len(found), by_chance(chance, given)


def _many(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int, float]:
    assert evidence.probability is not None
    ranked: list[tuple[float, int, int]] = []
    expected = 0.0
    for code in range(len(evidence.labels)):
        shares = evidence.probability[:, code]
        given = np.asarray(evidence.target)[:, code].astype(np.int64)
        suggested, lead = confident(np.stack([1 - shares, shares], axis=1), given)
        found = np.flatnonzero(suggested >= 0)
        ranked += [(float(lead[place]), int(place), code) for place in found]
        expected += by_chance(np.stack([1 - shares, shares], axis=1), given)
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
    return tuple(shown), len(ranked), expected


def _numbers(evidence: Evidence, most: int) -> tuple[tuple[Suspect, ...], int, float]:
    target = np.asarray(evidence.target, dtype=np.float64)
    said = np.asarray(evidence.prediction, dtype=np.float64)
    strength = np.abs(studentised(target, said))
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
    return shown, len(found), len(strength) * _beyond(strength)


def studentised(target: Array, said: Array) -> Array:
    """Errors in units of the usual one among rows with about the same answer; 0 where there is no answer."""
    known = np.isfinite(said)
    strength = np.zeros(len(target))
    if not known.any():
        return strength
    off, answer = (target - said)[known], said[known]
    middle, usual = _usual(off)
    order = np.argsort(answer, kind="stable")
    parts = np.array_split(order, max(1, len(order) // _NEIGHBOURS))
    units = np.array([_usual(off[part])[1] for part in parts])
    # Neighbours smooth the unit of each part: one part's luck must make no suspects.
    joined = np.convolve(np.pad(units, 1, mode="edge"), np.ones(3) / 3, mode="valid") if len(units) > 2 else units
    scale = np.empty(len(off))
    for part, unit in zip(parts, joined, strict=True):
        scale[part] = unit
    # Where most answers are exact, the usual error is none: the unit of all rows is the least that counts.
    scale = np.maximum(scale, 0.25 * usual)
    strength[known] = np.divide(off - middle, scale, out=np.zeros(len(off)), where=scale > 0)
    return strength


def _usual(off: Array) -> tuple[float, float]:
    middle = float(np.median(off))
    return middle, _MAD * float(np.median(np.abs(off - middle)))


def _beyond(strength: Array) -> float:
    """The share expected beyond `USUAL_ERRORS`: by the Student distribution whose 95 % quantile stands to its
    75 % quantile as in these errors (from 3 degrees of freedom to a normal distribution)."""
    with needs("build"):
        from scipy.special import stdtr, stdtrit
    if len(strength) < _FEWEST or not strength.any():
        return 0.0
    ratio = float(np.quantile(strength, 0.90)) / max(float(np.quantile(strength, 0.5)), 1e-12)
    freedom = np.array([3.0, 4, 5, 6, 8, 10, 15, 20, 30, 60, 1e6])
    ratios = stdtrit(freedom, 0.95) / stdtrit(freedom, 0.75)
    best = float(freedom[int(np.abs(ratios - ratio).argmin())])
    unit = float(stdtrit(best, 0.75)) * _MAD
    return float(2 * stdtr(best, -USUAL_ERRORS * unit))

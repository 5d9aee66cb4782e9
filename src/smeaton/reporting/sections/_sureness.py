"""`Sure`: how sure answers are, and how often that comes true, for each kind of task with labels."""

from dataclasses import dataclass

import numpy as np

from smeaton.metrics._read import codes
from smeaton.reporting.charts._texts import cut
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import Array
from smeaton.trials.reject import outside_code

_MOST_PAIRS = 200_000  # of rows and labels


@dataclass(frozen=True, slots=True)
class Sure:
    """Probabilities (n,) and whether what they speak of is true, (n,). `of` says what they speak of, `right` and
    `wrong` what it is to be true and not."""

    chance: Array
    truth: Array
    units: Units
    of: str
    right: str
    wrong: str


def sure(judged: Judged) -> Sure:
    """Two labels: the probability of the second. More: that of the answer. Any number of labels a row: that of each
    label, all labels together; a row's labels count as one observation."""
    evidence = judged.evidence
    chance = evidence.probability
    assert chance is not None
    rows, target, labels = np.flatnonzero(judged.valid), np.asarray(evidence.target), evidence.labels
    if evidence.task.answer == "many":
        most = max(1, _MOST_PAIRS // max(1, len(labels)))
        if len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
        places = np.repeat(rows, len(labels))
        part = judged.units.take(places)
        units = Units(part.weight, (*part.clusters, np.unique(places, return_inverse=True)[1]))
        said = "the probability that a row has a label, all labels together"
        return Sure(chance[rows].ravel(), target[rows].ravel() == 1, units, said, "has it", "has it not")
    if len(labels) == 2:
        name = cut(labels[1], 30)
        other = cut(labels[0], 30)
        part = judged.units.take(rows)
        return Sure(chance[rows, 1], target[rows] == 1, part, f"the probability of {name}", name, other)
    own, right, units = confidence(judged)
    return Sure(own, right, units, "the probability of the answer", "right", "wrong")


def confidence(judged: Judged) -> tuple[Array, Array, Units]:
    """How sure each valid answer of a class task is (rows,), whether it is right (rows,), and the units. Rows that were
    turned away are none: no probability of a label decided that."""
    evidence = judged.evidence
    chance, target = evidence.probability, np.asarray(evidence.target)
    assert chance is not None
    said = codes(judged.answers, evidence.task.labels, len(target))
    rows = np.flatnonzero(judged.valid & (said >= 0) & ~turned_away(judged))
    return chance[rows, said[rows]], said[rows] == target[rows], judged.units.take(rows)


def turned_away(judged: Judged) -> Array:
    """Which rows of a class task were answered with the label that means none of the others, by a rejection; (rows,)
    bool."""
    evidence = judged.evidence
    outside = outside_code(evidence.task)
    if outside is None or evidence.plain is None:
        return np.zeros(len(evidence.rows), dtype=bool)
    return np.asarray(codes(judged.answers, evidence.task.labels, len(evidence.rows)) == outside)

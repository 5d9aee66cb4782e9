"""How answers treat groups of rows: rates with intervals for each group, and the largest gaps between two of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import NormalDist

import numpy as np

from smeaton.metrics._read import numbers
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.sections._jackknife import mean
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._losses import Losses
from smeaton.reporting.sections._parts import Parts
from smeaton.reporting.sections._shares import shares
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.task.types import label_text

LEAST = 20  # rows that a group must have to be held against another one
Bounds = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured in each group: `values` with their ends, None where a group has nothing to measure it by.
    `about` says what it is, `judges`: a gap in it is one in how the answers treat groups (base rates are not)."""

    name: str
    about: str
    kind: str
    values: tuple[Bounds | None, ...]
    judges: bool = True


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest gap of a measure between two groups, with an interval that holds for all pairs at once."""

    measure: Measure
    lowest: str
    highest: str
    value: float
    low: float
    high: float

    @property
    def said(self) -> str:
        """How large it is, in words: shares differ by points."""
        return gap_size(self.value, self.measure.kind)

    @property
    def clear(self) -> bool:
        """Whether chance does not explain it."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Compared:
    """The groups of a column with the rows of each, what was measured, and the gaps that can be judged."""

    column: str
    names: tuple[str, ...]
    counts: tuple[int, ...]
    measures: tuple[Measure, ...]
    gaps: tuple[Gap, ...]


def compared(found: Judged, losses: Losses, parts: Parts) -> Compared:
    """Measure the groups of a column."""
    task = found.evidence.task
    if task.answer == "class" and len(task.labels) == 2:
        measures = _two_labels(found, parts)
    elif task.answer == "number":
        measures = _numbers(found, losses, parts)
    else:
        measures = _others(found, losses, parts)
    counts = tuple(int(count) for count in parts.counts)
    enough = [place for place, count in enumerate(counts) if count >= LEAST]
    gaps = (_gap(measure, parts.names, enough) for measure in measures if measure.judges)
    return Compared(parts.column, parts.names, counts, tuple(measures), tuple(gap for gap in gaps if gap is not None))


def positive(task: Task) -> str:
    """The label that counts as the positive answer of two."""
    label = task.labels[1]
    return cut(task.target, 24) if label is True else repr(cut(label_text(label), 24))


def gap_size(value: float, kind: str) -> str:
    """A difference in words: shares differ by points."""
    return f"{100 * value:.3g} points" if kind == "share" else spoken(value)


def _two_labels(found: Judged, parts: Parts) -> list[Measure]:
    evidence = found.evidence
    true, said = np.asarray(evidence.target) == 1, evidence.codes() == 1
    wrong, every = evidence.codes() != evidence.target, np.ones(len(true), dtype=bool)
    name = positive(evidence.task)
    measures = [
        _share(found, parts, ("base rate", f"rows that are {name}"), true, every, judges=False),
        _share(found, parts, ("positive rate", f"rows answered with {name}"), said, every),
        _share(found, parts, ("true positive rate", f"of the rows that are {name}, those answered so"), said, true),
        _share(found, parts, ("false positive rate", f"of the other rows, those answered with {name}"), said, ~true),
        _share(found, parts, ("error", "rows answered wrongly"), wrong, every),
    ]
    if evidence.probability is not None:
        off = evidence.probability[:, 1] - true
        about = f"mean probability of {name} less the share of rows that are so: above 0 it is said too often"
        measures.append(_mean(found, parts, ("calibration", about), np.where(found.valid, off, 0.0), "share"))
    return measures


def _numbers(found: Judged, losses: Losses, parts: Parts) -> list[Measure]:
    evidence = found.evidence
    said, true = numbers(found.answers, len(evidence.rows)), evidence.target.astype(np.float64)
    off = np.where(np.isfinite(said), said - true, 0.0)
    return [
        _mean(found, parts, ("mean of the target", "what is true"), true, "number", judges=False),
        _mean(found, parts, (losses.name, "how far off answers are"), losses.values, "number"),
        _mean(found, parts, ("mean residual", "said less true: above 0 it says too much"), off, "number"),
    ]


def _others(found: Judged, losses: Losses, parts: Parts) -> list[Measure]:
    evidence = found.evidence
    assert losses.wrong is not None
    every = np.ones(len(losses.wrong), dtype=bool)
    measures = [_share(found, parts, ("error", "rows answered wrongly"), losses.wrong, every)]
    if evidence.probability is not None and evidence.task.answer == "class":
        sure = np.where(found.valid, evidence.probability.max(axis=1), 0.0)
        about = "how sure it was on average less the share of right answers: above 0 it is too sure"
        measures.append(_mean(found, parts, ("calibration", about), sure - ~losses.wrong, "share"))
    return measures


def _share(
    found: Judged, parts: Parts, said: tuple[str, str], above: Array, below: Array, judges: bool = True
) -> Measure:
    """The share of rows `below` that are also `above`, in each group."""
    mine = parts.codes[:, None] == np.arange(len(parts.names))
    rates = shares(mine & (above & below)[:, None], mine & below[:, None], found.units)
    values = tuple((v, lo, hi) if isfinite(v) else None for v, lo, hi in rates.tolist())
    return Measure(*said, "share", values, judges)


def _mean(found: Judged, parts: Parts, said: tuple[str, str], values: Array, kind: str, judges: bool = True) -> Measure:
    each = []
    for code in range(len(parts.names)):
        mask = parts.codes == code
        units = found.units.take(mask)
        each.append(mean(values[mask], units) if mask.any() and units.weight.sum() > 0 else None)
    return Measure(*said, kind, tuple(each), judges)


def _gap(measure: Measure, names: Sequence[str], enough: Sequence[int]) -> Gap | None:
    """The largest gap. Its interval comes from those of the two groups (Zou and Donner 2008), as wide as looking at all
    pairs asks for (Bonferroni)."""
    known = [(rate, names[place]) for place in enough if (rate := measure.values[place]) is not None]
    pairs = len(known) * (len(known) - 1) // 2
    if not pairs:
        return None
    normal = NormalDist()
    wider = normal.inv_cdf(1 - 0.025 / pairs) / normal.inv_cdf(0.975)
    known.sort(key=lambda one: one[0][0])
    (small, small_low, small_high), lowest = known[0]
    (large, large_low, large_high), highest = known[-1]
    below = wider * sqrt((large - large_low) ** 2 + (small_high - small) ** 2)
    above = wider * sqrt((large_high - large) ** 2 + (small - small_low) ** 2)
    value = large - small
    return Gap(measure, lowest, highest, value, value - below, value + above)

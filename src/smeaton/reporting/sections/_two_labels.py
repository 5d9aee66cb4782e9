"""Thresholds where there are two labels, of which the second is looked for: what each gives, and what it costs."""

from dataclasses import dataclass

import numpy as np

from smeaton.leaderboard.outputs import amount
from smeaton.reporting.charts._texts import cut
from smeaton.reporting.forms import Fact, Grid, Head
from smeaton.reporting.sections._curves import Sweep, area, average_precision
from smeaton.reporting.sections._decided import Decided
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import Units, percent, plain, shares, span
from smeaton.task.table import Array

_RECALLS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)  # of the table
_ENOUGH = 1e-9
NOTHING = np.asarray(0.0), np.asarray(0.0)  #: the weight of what no threshold reaches


@dataclass(frozen=True)
class Two:
    """What the figures read: probabilities (rows,) of the looked-for label, whether rows have it, and the sweep."""

    judged: Judged
    chance: Array
    truth: Array
    units: Units
    sweep: Sweep
    rule: Decided
    costs: Array | None

    @property
    def name(self) -> str:
        """The looked-for label."""
        return cut(self.judged.evidence.labels[1], 30)

    def rates(self, threshold: float) -> tuple[Array, Array, Array]:
        """Recall, precision and false alarms of a threshold, each with its interval (NaN where there is none)."""
        said = self.chance >= threshold - _ENOUGH
        above = np.stack([said & self.truth, said & self.truth, said & ~self.truth], axis=1)
        found = shares(above, np.stack([self.truth, said, ~self.truth], axis=1), self.units)
        return found[0], found[1], found[2]

    def cost(self, right: Array, said: Array) -> Array:
        """What a row costs on average where so much weight of the label, and of all, is answered with it."""
        assert self.costs is not None
        found, costs = self.sweep, self.costs
        alarms, missed = said - right, found.positive - right
        calm = found.whole - found.positive - alarms
        total = calm * costs[0][0] + alarms * costs[0][1] + missed * costs[1][0] + right * costs[1][1]
        return np.asarray(total / found.whole)


def what_if(two: Two) -> Grid:
    """What thresholds that find certain shares would give, and the one that ships."""
    found = two.sweep
    reached = [float(found.threshold[np.flatnonzero(found.recall >= one - _ENOUGH)[0]]) for one in _RECALLS]
    own = min(two.rule.threshold, 1.0)
    every = sorted({own, *reached})
    rows = []
    for threshold in every:
        recall, precision, alarm = two.rates(two.rule.threshold if threshold == own else threshold)
        right, said = found.at(two.rule.threshold if threshold == own else threshold)
        row = [threshold, plain(recall), None if np.isnan(precision[0]) else plain(precision), plain(alarm)]
        row.append(said / found.whole)
        if two.costs is not None:
            row.append(1000 * float(two.cost(np.asarray(right), np.asarray(said))))
        rows.append(tuple(row))
    heads = [
        Head(name="threshold", kind="number", note=f"answer {two.name} from this probability on"),
        Head(name="recall", kind="interval", note=f"share of {two.name} that is found"),
        Head(name="precision", kind="interval", note=f"share of those named that are {two.name}"),
        Head(name="false alarms", kind="interval", note="share of the others that are named"),
        Head(name="named", kind="share", note=f"share of all rows that are answered {two.name}"),
    ]
    if two.costs is not None:
        heads.append(Head(name="cost of 1,000", kind="number", note="rows, by the task's costs"))
    return Grid(
        id="what_if",
        title="Thresholds to choose from",
        heads=tuple(heads),
        rows=tuple(rows),
        how=two.judged.how(
            "The highest thresholds that find 50, 70, 80, 90, 95 and 99 % of the label, and the one that ships (marked)"
        ),
        strong=(every.index(own),),
    )


def facts(two: Two) -> list[Fact]:
    """The threshold and how well rows are ranked."""
    ranked, precise = (one(two.sweep, two.truth, two.units) for one in (area, average_precision))
    threshold, rule = two.rule.threshold, two.rule
    how = "learnt from held-out rows" if rule.learnt else "the likelier label" if threshold == 0.5 else rule.words
    found = [
        Fact(name="Threshold that ships", value=f"{threshold:.3g}" if threshold <= 1 else "never", note=how),
        Fact(name="Area under ROC", value=percent(ranked[0]), note=f"50 % is chance; {span(np.array(ranked))}"),
        Fact(
            name="Average precision",
            value=percent(precise[0]),
            note=f"{percent(two.sweep.positive / two.sweep.whole)} is chance; {span(np.array(precise))}",
        ),
    ]
    if two.costs is not None:
        own = 1000 * float(two.cost(*(np.asarray(one) for one in two.sweep.at(threshold))))
        whole = np.asarray(two.sweep.positive), np.asarray(two.sweep.whole)
        same = {f"always {two.name}": two.cost(*whole), f"never {two.name}": two.cost(*NOTHING)}
        least = min(same, key=lambda one: float(same[one]))
        note = f"{least}, the cheapest single answer, would cost {amount(1000 * float(same[least]))}"
        found.append(Fact(name="Cost of 1,000 rows", value=amount(own), note=note))
    return found

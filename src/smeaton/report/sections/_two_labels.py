"""Figures of thresholds where there are two labels, of which the second is looked for."""

from dataclasses import dataclass

import numpy as np

from smeaton.leaderboard.outputs import amount
from smeaton.report.charts._texts import cut
from smeaton.report.forms import Fact, Figure, Grid, Head
from smeaton.report.sections._curves import Sweep, area, average_precision, drawn
from smeaton.report.sections._decided import Decided
from smeaton.report.sections._judged import Judged
from smeaton.report.sections._shares import Units, percent, plain, shares, span
from smeaton.task.table import Array

_RECALLS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)  # of the table
_ENOUGH = 1e-9


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


def roc(two: Two) -> Figure:
    """The ROC curve, with the threshold that ships marked."""
    found, name = two.sweep, two.name
    x, y = drawn(np.concatenate([[0.0], found.alarm]), np.concatenate([[0.0], found.recall]))
    recall, _, alarm = two.rates(two.rule.threshold)
    value = area(found, two.truth, two.units)
    line = [(one, other, name, "line", f"ROC curve: area {percent(value[0])}") for one, other in zip(x, y, strict=True)]
    guide = [(end, end, "chance", "guide", "what chance does") for end in (0.0, 1.0)]
    point = [(float(alarm[0]), float(recall[0]), name, "point", _at(two.rule))]
    return Figure(
        id="roc",
        chart="curves",
        title=f"What finding more of {name} costs in false alarms",
        says=f"At the threshold that ships {percent(recall[0])} are found, for {percent(alarm[0])} false alarms.",
        how=two.judged.how(
            "The ROC curve over all thresholds; the area under it is the chance that a row that has the label gets a "
            "higher probability than one that has not (intervals: DeLong et al. 1988, on Wilson's scale)"
        ),
        columns=_columns([*line, *guide, *point]),
        x="false alarms: share of the others named",
        y="recall: share found",
        options=_SQUARE,
    )


def precision_recall(two: Two) -> Figure:
    """Precision by recall, with the threshold that ships marked."""
    found, name = two.sweep, two.name
    x, y = drawn(np.concatenate([[0.0], found.recall]), np.concatenate([found.precision[:1], found.precision]))
    recall, precision, _ = two.rates(two.rule.threshold)
    given = bool(np.isfinite(precision[0]))
    rows = [(one, other, name, "line", "precision by recall") for one, other in zip(x, y, strict=True)]
    rows += [(end, found.positive / found.whole, "chance", "guide", "what chance does") for end in (0.0, 1.0)]
    if given:
        rows.append((float(recall[0]), float(precision[0]), name, "point", _at(two.rule)))
    says = f"At the threshold that ships {percent(recall[0])} are found, and {percent(precision[0])} of what is named"
    return Figure(
        id="precision_recall",
        chart="curves",
        title="How far what it names can be believed",
        says=f"{says} is {name}." if given else f"At the threshold that ships no row is answered {name}.",
        how=two.judged.how("Precision and recall over all thresholds, drawn in steps"),
        columns=_columns(rows),
        x="recall: share found",
        y="precision: share of named that are",
        options={**_SQUARE, "step": True},
    )


def by_threshold(two: Two) -> Figure:
    """Recall, precision and the share that is named, against the threshold."""
    found = two.sweep
    x = np.concatenate([found.threshold[::-1], [1.0]])
    columns: dict[str, list[object]] = {"x": [], "y": [], "series": []}
    for name, values, last in (
        ("recall", found.recall, [0.0]),
        ("precision", found.precision, []),
        ("rows named", found.said / found.whole, [0.0]),
    ):
        y = np.concatenate([values[::-1], last])
        across, up = drawn(x[: len(y)], y)
        columns["x"] += across
        columns["y"] += up
        columns["series"] += [name] * len(up)
    recall, precision, _ = two.rates(two.rule.threshold)
    at = f"At {two.rule.threshold:.3g}" if two.rule.threshold <= 1 else "As it ships"
    return Figure(
        id="by_threshold",
        chart="curves",
        title="What another threshold would change",
        says=f"{at}: recall {_said(recall)}, precision {_said(precision)}.",
        how=two.judged.how("Recall, precision and the share of rows that are answered with the label"),
        columns=columns,
        x="named from this probability on",
        y="share",
        options={**_SQUARE, "step": True, "rules": _rules(two.rule)},
    )


def by_cost(two: Two) -> Figure:
    """What 1,000 rows cost against the threshold."""
    found, rule = two.sweep, two.rule
    x = np.concatenate([found.threshold[::-1], [1.0]])
    cost = 1000 * np.concatenate([two.cost(found.right, found.said)[::-1], [float(two.cost(*_NOTHING))]])
    spread = max(float(np.ptp(cost)), 1e-300)
    across, up = drawn(x, cost / spread)
    own = 1000 * float(two.cost(*(np.asarray(one) for one in found.at(rule.threshold))))
    best = int(cost.argmin())
    always = 1000 * float(two.cost(np.asarray(found.positive), np.asarray(found.whole)))
    line = [(one, spread * other, "", "line", "cost of 1,000 rows") for one, other in zip(across, up, strict=True)]
    low = f"the lowest on these rows is {amount(cost[best])}, at {x[best]:.3g}"
    return Figure(
        id="by_cost",
        chart="curves",
        title="What each threshold costs",
        says=(
            f"As it ships 1,000 rows cost {amount(own)}; {low}. Always {two.name}: {amount(always)}; never: "
            f"{amount(cost[-1])}."
        ),
        how=two.judged.how("The mean cost of a row by the task's `costs`, times 1,000"),
        columns=_columns([*line, (min(rule.threshold, 1.0), own, "", "point", _at(rule))]),
        x="named from this probability on",
        y="cost of 1,000 rows",
        options={"kind_x": "share", "domain_x": [0, 1], "step": True, "rules": _rules(rule)},
    )


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
        same = {f"always {two.name}": two.cost(*whole), f"never {two.name}": two.cost(*_NOTHING)}
        least = min(same, key=lambda one: float(same[one]))
        note = f"{least}, the cheapest single answer, would cost {amount(1000 * float(same[least]))}"
        found.append(Fact(name="Cost of 1,000 rows", value=amount(own), note=note))
    return found


_NOTHING = np.asarray(0.0), np.asarray(0.0)
_SQUARE = {"kind_x": "share", "kind_y": "share", "domain_x": [0, 1], "domain_y": [0, 1]}


def _columns(rows: list[tuple[float, float, str, str, str]]) -> dict[str, list[object]]:
    """Rows as the columns of `curves`; what is said of a line is said once."""
    notes = [note if part != "line" or not place else "" for place, (*_, part, note) in enumerate(rows)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return dict(zip(("x", "y", "series", "mark", "note"), [*columns[:4], notes], strict=True))


def _at(rule: Decided) -> str:
    return f"at {rule.threshold:.3g}, as it ships" if rule.threshold <= 1 else "as it ships"


def _rules(rule: Decided) -> list[dict[str, object]]:
    return [{"x": rule.threshold, "name": "as it ships"}] if rule.threshold <= 1 else []


def _said(share: Array) -> str:
    return "not known" if np.isnan(share[0]) else percent(float(share[0]))

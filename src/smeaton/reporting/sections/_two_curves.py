"""Curves over all thresholds where there are two labels, of which the second is looked for."""

import numpy as np

from smeaton.leaderboard.outputs import amount
from smeaton.reporting.forms import Figure
from smeaton.reporting.sections._curves import area, drawn
from smeaton.reporting.sections._decided import Decided
from smeaton.reporting.sections._shares import percent
from smeaton.reporting.sections._two_labels import NOTHING, Two
from smeaton.task.table import Array

_SQUARE = {"kind_x": "share", "kind_y": "share", "domain_x": [0, 1], "domain_y": [0, 1]}


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
    cost = 1000 * np.concatenate([two.cost(found.right, found.said)[::-1], [float(two.cost(*NOTHING))]])
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

"""Figures of thresholds where there are more than two labels, or any number a row: each against all others."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.leaderboard.outputs import amount
from smeaton.reporting.charts._texts import cut, distinct
from smeaton.reporting.forms import Fact, Figure, Grid, Head
from smeaton.reporting.sections._curves import Sweep, area, average_precision, drawn, sweep
from smeaton.reporting.sections._decided import Decided
from smeaton.reporting.sections._found import Found
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import Units, percent, plain, shares
from smeaton.task.table import Array

MOST_LABELS = 6  #: whose curves are drawn: more cannot be told apart
_EACH = 90  # points of a curve among several


@dataclass(frozen=True)
class Label:
    """One label against all others. `chance` (rows,) is its probability, `truth` whether rows have it, `said` whether
    they were answered with it."""

    name: str
    code: int
    chance: Array
    truth: Array
    said: Array
    sweep: Sweep


@dataclass(frozen=True)
class Each:
    """The labels that are drawn, of so many that have rows on both sides."""

    judged: Judged
    units: Units
    labels: tuple[Label, ...]
    of: int
    rule: Decided

    @property
    def some(self) -> str:
        """What is said of labels that are left out."""
        return f": the {len(self.labels)} commonest labels of {self.of}" if len(self.labels) < self.of else ""


def each(judged: Judged, found: Found, rule: Decided) -> Each | None:
    """The commonest labels that some rows have and some have not; None where there are none."""
    chance = judged.evidence.probability
    assert chance is not None
    rows, names = np.flatnonzero(judged.valid), distinct(judged.evidence.labels, 40)
    units, counts = judged.units.take(rows), found.rows()[0]
    usable = np.flatnonzero((counts > 0) & (counts < len(found.true)))
    labels = []
    for code in usable[np.argsort(-counts[usable], kind="stable")].tolist():
        true, said = found.columns([code])
        swept = sweep(chance[rows, code], true[rows, 0], units.weight)
        if swept is not None:
            labels.append(Label(names[code], code, chance[rows, code], true[rows, 0], said[rows, 0], swept))
        if len(labels) == MOST_LABELS:
            break
    return Each(judged, units, tuple(labels), len(usable), rule) if labels else None


def roc(look: Each) -> Figure:
    """The ROC curves, with what is answered marked."""
    columns: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    areas = [area(label.sweep, label.truth, look.units) for label in look.labels]
    for label, found in zip(look.labels, areas, strict=True):
        x, y = (np.concatenate([[0.0], one]) for one in (label.sweep.alarm, label.sweep.recall))
        _add(columns, x, y, label.name, f"{label.name}: area {percent(found[0])}")
        above = np.stack([label.said & label.truth, label.said & ~label.truth], axis=1)
        recall, alarm = shares(above, np.stack([label.truth, ~label.truth], axis=1), look.units)[:, 0].tolist()
        _point(columns, alarm, recall, label.name)
    for end in (0.0, 1.0):
        for name, cell in zip(_COLUMNS, (end, end, look.labels[0].name, "guide", "what chance does"), strict=True):
            columns[name].append(cell)
    worst = int(np.argmin([found[0] for found in areas]))
    return Figure(
        id="roc",
        chart="curves",
        title=f"How well rows of a label stand out from all others{look.some}",
        says=f"The least clear is {cut(look.labels[worst].name, 40)}: area {percent(areas[worst][0])}, 50 % is chance.",
        how=look.judged.how(
            "ROC curves of each label against all others; points are the answers as they are given"
        ),
        columns=columns,
        x="false alarms: share of the others named",
        y="recall: share found",
        options=_SQUARE,
    )  # fmt: skip


def precision_recall(look: Each) -> Figure:
    """Precision by recall, with what is answered marked."""
    columns: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    for label in look.labels:
        found = label.sweep
        x, y = np.concatenate([[0.0], found.recall]), np.concatenate([found.precision[:1], found.precision])
        _add(columns, x, y, label.name, f"{label.name}: precision by recall")
        both = label.said & label.truth
        scores = shares(np.stack([both, both], axis=1), np.stack([label.truth, label.said], axis=1), look.units)[:, 0]
        if np.isfinite(scores).all():
            _point(columns, float(scores[0]), float(scores[1]), label.name)
    precise = [average_precision(label.sweep, label.truth, look.units)[0] for label in look.labels]
    worst = int(np.argmin(precise))
    return Figure(
        id="precision_recall",
        chart="curves",
        title=f"How far each label can be believed{look.some}",
        says=f"The least precise is {cut(look.labels[worst].name, 40)}: average precision {percent(precise[worst])}.",
        how=look.judged.how("Each label against all others, in steps; points are the answers as they are given"),
        columns=columns,
        x="recall: share found",
        y="precision: share of named that are",
        options={**_SQUARE, "step": True},
    )


def table(look: Each) -> Grid:
    """The areas of each label, and its threshold where it has one."""
    rows = []
    for label in look.labels:
        ranked, precise = (one(label.sweep, label.truth, look.units) for one in (area, average_precision))
        row: list[object] = [label.name, label.sweep.positive / label.sweep.whole]
        row += [plain(np.array(one)) for one in (ranked, precise)]
        if look.rule.each:
            row.append(look.rule.each[label.code])
        rows.append(tuple(row))
    heads = [
        Head(name="label"),
        Head(name="share of rows", kind="share", note="what chance gives as average precision"),
        Head(name="area under ROC", kind="interval", note="50 % is chance"),
        Head(name="average precision", kind="interval", note="the area under precision by recall"),
    ]
    if look.rule.each:
        heads.append(Head(name="threshold", kind="number", note="it is answered from this probability on"))
    return Grid(
        id="areas",
        title=f"How well each label is ranked{look.some}",
        heads=tuple(heads),
        rows=tuple(rows),
        how=look.judged.how("Each label against all others"),
    )


def costs(look: Judged, found: Found, matrix: Array) -> tuple[Figure, Fact]:
    """What 1,000 rows cost as they are answered, and with other answers."""
    chance, true = look.evidence.probability, found.true
    assert chance is not None
    rows, names = np.arange(len(true)), look.evidence.labels
    dearest = matrix[true].max(axis=1)
    likeliest = np.where(look.valid, np.nan_to_num(chance, nan=-1.0).argmax(axis=1), -1)
    single = np.average(matrix[true], axis=0, weights=look.units.weight)
    same = int(single.argmin())
    tried = {
        "as it answers": np.where(found.said >= 0, matrix[true, found.said], dearest),
        "the likeliest label": np.where(likeliest >= 0, matrix[true, likeliest], dearest),
        f"always {cut(names[same], 40)}": matrix[true, np.full(len(rows), same)],
    }
    most = max(float(matrix.max()), 1e-300)
    # A cost between 0 and the dearest is a share of the dearest, and has the interval of one.
    value = 1000 * most * shares(np.stack(list(tried.values()), axis=1) / most, np.ones((len(rows), 3)), look.units)
    figure = Figure(
        id="costs",
        chart="interval_bars",
        title="What its answers cost",
        says=f"1,000 rows cost {amount(value[0, 0])} as it answers, {amount(value[1, 0])} with the likeliest label.",
        how=look.how("The mean cost of a row by the task's `costs`, times 1,000, with 95 % intervals"),
        columns={
            "name": list(tried),
            "value": value[:, 0].tolist(),
            "low": value[:, 1].tolist(),
            "high": value[:, 2].tolist(),
        },
        x="cost of 1,000 rows",
        options={"bar": True},
    )
    note = f"always {cut(names[same], 30)}, the cheapest single answer, would cost {amount(value[2, 0])}"
    return figure, Fact(name="Cost of 1,000 rows", value=amount(value[0, 0]), note=note)


_COLUMNS = ("x", "y", "series", "mark", "note")
_SQUARE = {"kind_x": "share", "kind_y": "share", "domain_x": [0, 1], "domain_y": [0, 1]}


def _add(columns: dict[str, list[object]], x: Array, y: Array, name: str, note: str) -> None:
    across, up = drawn(x, y, _EACH)
    count = len(up)
    cells: list[list[Any]] = [across, up, [name] * count, ["line"] * count, [note, *[""] * (count - 1)]]  # said once
    for column, values in zip(columns.values(), cells, strict=True):
        column.extend(values)


def _point(columns: dict[str, list[object]], x: float, y: float, name: str) -> None:
    for column, cell in zip(columns.values(), (x, y, name, "point", f"{name} as it is answered"), strict=True):
        column.append(cell)

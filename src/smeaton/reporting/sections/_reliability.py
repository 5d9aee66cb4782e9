"""Whether probabilities mean what they say, how far they commit themselves, and how much could be left to them: the
figures of `probability`."""

from dataclasses import dataclass

import numpy as np

from smeaton.reporting.charts._texts import distinct
from smeaton.reporting.forms import Figure, Grid, Head
from smeaton.reporting.sections._calibration import Calibration, calibration
from smeaton.reporting.sections._curves import drawn
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import percent, plain, shares
from smeaton.reporting.sections._sureness import Sure, confidence

BARS = 20  #: of the histogram
SURE = 0.9  #: from this probability on an answer counts as sure
MOST_LABELS = 20  #: in the table


@dataclass(frozen=True)
class Look:
    """What the figures read: how sure answers are, and how far that holds."""

    judged: Judged
    sure: Sure
    found: Calibration


def reliability(look: Look) -> Figure:
    found = look.found
    off = int(found.off.sum())
    count = len(found.said)
    says = f"{count - off} of {count} points agree with the line within their intervals."
    way = np.sign(found.said - found.true[:, 0])[found.off]
    if off:
        says += " The others: " + (
            "too sure." if (way > 0).all() else "too careful." if (way < 0).all() else "both ways."
        )
    return Figure(
        id="reliability",
        chart="interval_points",
        title="Does it happen as often as it says?",
        says=says,
        how=look.judged.how(
            f"Of {look.sure.of}: {count} bins of equally many rows, with Wilson's 95 % intervals; what chance shows is "
            "that of outcomes drawn by the probabilities themselves (Bröcker and Smith 2007)"
        ),
        columns={
            "x": found.said.tolist(),
            "y": found.true[:, 0].tolist(),
            "low": found.true[:, 1].tolist(),
            "high": found.true[:, 2].tolist(),
            "off": found.off.tolist(),
            "note": [f"{rows:,} rows" for rows in found.rows.tolist()],
        },
        x=look.sure.of,
        y="came true",
        options={"kind_x": "share", "kind_y": "share", "diagonal": True, "domain_x": [0, 1], "domain_y": [0, 1]},
    )


def histogram(look: Look) -> Figure:
    edges = np.linspace(0, 1, BARS + 1)
    code = np.clip((look.sure.chance * BARS).astype(np.int64), 0, BARS - 1)
    columns: dict[str, list[object]] = {"start": [], "end": [], "count": [], "series": []}
    for name, side in ((look.sure.right, look.sure.truth), (look.sure.wrong, ~look.sure.truth)):
        for place, count in enumerate(np.bincount(code[side], minlength=BARS).tolist()):
            row = (float(edges[place]), float(edges[place + 1]), count, name)
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
    two = len(look.judged.evidence.labels) == 2 or look.judged.evidence.task.answer == "many"
    outer = _outer(look)
    what = "below 10 % or above 90 %" if two else "at least 90 %"
    return Figure(
        id="probabilities",
        chart="histogram",
        title="How far it commits itself",
        says=f"{percent(outer)} of the probabilities are {what}.",
        how=look.judged.how(f"Counts of {look.sure.of}, by what turned out to be true", counted=True),
        columns=columns,
        x=look.sure.of,
        y="rows" if look.judged.evidence.task.answer == "class" else "rows and labels",
        options={"kind": "share", "domain": [0, 1]},
    )


def _outer(look: Look) -> float:
    """The share of probabilities, by weight, that commit themselves."""
    chance, weight = look.sure.chance, look.sure.units.weight
    two = len(look.judged.evidence.labels) == 2 or look.judged.evidence.task.answer == "many"
    far = (chance >= SURE) | ((chance <= 1 - SURE) & two)
    return float(np.average(far, weights=weight))


def automatic(look: Look) -> Figure:
    """The share that is right among the surest answers, by how many of them are used (El-Yaniv and Wiener 2010)."""
    chance, right, units = confidence(look.judged)
    order = np.argsort(-chance, kind="stable")
    mass, good = np.cumsum(units.weight[order]), np.cumsum((units.weight * right)[order])
    last = np.append(np.diff(chance[order]) != 0, True) & (mass > 0)
    used, share = (mass / mass[-1])[last], (good / mass)[last]
    firm = used >= min(1.0, max(0.05, 50 / len(order)))  # a share of a handful of rows jumps about
    used, share = used[firm], share[firm]
    half = int(np.searchsorted(used, 0.5 - 1e-12))
    x, y = drawn(used, share)
    all_right = f"All answers: {percent(float(share[-1]))} right"
    said = f"; the surer half: {percent(float(share[half]))}." if half < len(used) - 1 else "."
    return Figure(
        id="automatic",
        chart="curves",
        title="How much could be left to it?",
        says=all_right + said,
        how=look.judged.how(
            "Rows in the order of the probability of their answer, the surest first: the share that is right among the "
            "rows so far (accuracy by coverage, El-Yaniv and Wiener 2010)"
        ),
        columns={"x": x, "y": y},
        x="share of rows answered, the surest first",
        y="right among them",
        options={"kind_x": "share", "kind_y": "share", "domain_x": [0, 1]},
    )


def each_label(look: Look) -> Grid | None:
    """What was said of each label on average, and how often rows have it."""
    evidence, valid = look.judged.evidence, look.judged.valid
    chance, target = evidence.probability, np.asarray(evidence.target)
    assert chance is not None
    rows = np.flatnonzero(valid)
    true = target[rows] == 1 if target.ndim == 2 else target[rows][:, None] == np.arange(len(evidence.labels))
    counts = true.sum(axis=0)
    chosen = np.sort(np.argsort(-counts, kind="stable")[:MOST_LABELS])
    units, names = look.judged.units.take(rows), distinct(evidence.labels, 60)
    share = shares(true[:, chosen], np.ones((len(rows), len(chosen))), units)
    said = np.average(chance[rows][:, chosen], axis=0, weights=units.weight)
    cells = []
    for place, code in enumerate(chosen.tolist()):
        found = calibration(chance[rows, code], true[:, code], units)
        if found is None:
            return None
        mark = "ok" if found.holds else "warn"
        cells.append((names[code], float(said[place]), plain(share[place]), found.error, found.limit, mark))
    some = f": the {len(chosen)} commonest of {len(names)}" if len(chosen) < len(names) else ""
    return Grid(
        id="label_probabilities",
        title=f"What is said of each label{some}",
        heads=(
            Head(name="label"),
            Head(name="said on average", kind="share", note="the mean probability over all rows"),
            Head(name="came true", kind="interval", note="the share of rows that have the label"),
            Head(name="error", kind="share", note="expected calibration error of this label's probabilities"),
            Head(name="by chance up to", kind="share", note="what perfect probabilities may show"),
            Head(name="within chance", kind="mark", note="whether the error is no larger than that"),
        ),
        rows=tuple(cells),
        how=look.judged.how("Each label by itself, all rows"),
    )

"""Whether probabilities mean what they say, and how far they commit themselves."""

from dataclasses import dataclass

import numpy as np

from smeaton.report.build import Build
from smeaton.report.charts._texts import distinct
from smeaton.report.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.report.sections._calibration import Calibration, calibration
from smeaton.report.sections._curves import drawn
from smeaton.report.sections._judged import Judged, judged, lacks
from smeaton.report.sections._shares import Units, percent, plain, shares, span
from smeaton.report.sections._sureness import Sure, confidence, sure
from smeaton.task.table import Array

BARS = 20  #: of the histogram
SURE = 0.9  #: from this probability on an answer counts as sure
MOST_LABELS = 20  #: in the table
_FEWEST = 20  # rows below which nothing is said of probabilities


@dataclass(frozen=True)
class _Look:
    """What all parts of the section read."""

    judged: Judged
    sure: Sure
    found: Calibration


class Probability:
    """See the module."""

    order = 120
    title = "Can its probabilities be trusted?"

    def applies(self, build: Build) -> str:
        """Needs labels with probabilities."""
        why = lacks(build, ("class", "many"), "whether probabilities hold", probability=True)
        if why:
            return why
        valid = int(judged(build).valid.sum())
        return "" if valid >= _FEWEST else f"{valid} rows with probabilities are too few to say whether they hold"

    def make(self, build: Build) -> Section:
        """See the contract."""
        rows = judged(build)
        said = sure(rows)
        found = calibration(said.chance, said.truth, said.units)
        if found is None:
            note = Note(text="No row that was answered with probabilities has a weight.", mood="warn")
            return Section(id="probability", title=self.title, shows=_SHOWS, do=_DO, notes=(note,))
        look = _Look(rows, said, found)
        figures = [_reliability(look), _histogram(look)]
        if build.task.answer == "class":
            figures.append(_automatic(look))
        grid = _grid(look) if len(rows.evidence.labels) > 2 else None
        return Section(
            id="probability",
            title=self.title,
            shows=_SHOWS,
            do=_DO,
            teach=_TEACH,
            facts=tuple(_facts(look)),
            notes=tuple(_notes(look)),
            figures=tuple(figures),
            grids=() if grid is None else (grid,),
        )


_SHOWS = "Whether what is said to be 80 % likely comes true 80 times in 100, and how often answers are that sure."
_DO = (
    "Where points lie below the line do not act on a probability as it stands: set the threshold or the share of rows "
    "that people look at by what came true. Where only few rows are sure, more telling columns help most."
)
_TEACH = (
    "Each point holds rows that were given about the same probability. How far right it stands is what was said, "
    "how high it stands how often that came true; on the dashed line both agree. Points below it: too sure; above: "
    "too careful. The expected calibration error is the mean distance from the line. It is never quite 0: with finite "
    "rows even perfect probabilities miss by some luck, which is stated beside it. Being calibrated is not enough: who "
    "says the overall share for every row is calibrated and useless. So the second picture shows how far the answers "
    "commit themselves (sharpness): the farther from the middle, the more use they are."
)


def _reliability(look: _Look) -> Figure:
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


def _histogram(look: _Look) -> Figure:
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


def _outer(look: _Look) -> float:
    """The share of probabilities, by weight, that commit themselves."""
    chance, weight = look.sure.chance, look.sure.units.weight
    two = len(look.judged.evidence.labels) == 2 or look.judged.evidence.task.answer == "many"
    far = (chance >= SURE) | ((chance <= 1 - SURE) & two)
    return float(np.average(far, weights=weight))


def _automatic(look: _Look) -> Figure:
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


def _facts(look: _Look) -> list[Fact]:
    found, said, units = look.found, look.sure, look.sure.units
    chance = f"perfect probabilities would show {percent(found.chance)} on so many rows, up to {percent(found.limit)} "
    facts = [
        Fact(
            name="Expected calibration error",
            value=percent(found.error),
            note=chance + "by chance",
            mood="good" if found.holds else "warn",
        ),
        Fact(
            name="Said on average",
            value=percent(float(np.average(said.chance, weights=units.weight))),
            note=f"{percent(float(np.average(said.truth, weights=units.weight)))} came true",
        ),
    ]
    if look.judged.evidence.task.answer == "class":
        chances, right, all_units = confidence(look.judged)
        facts.append(_sure_fact(chances, right, all_units))
    return facts


def _sure_fact(chance: Array, right: Array, units: Units) -> Fact:
    far, name = chance >= SURE, f"Answers at least {100 * SURE:.0f} % sure"
    used = float(np.average(far, weights=units.weight))
    if not far.any():
        return Fact(name=name, value="none", note="no row is that clear to it")
    share = shares(far & right, far, units)[0]
    note = f"{percent(share[0])} of them are right ({span(share)})"
    return Fact(name=name, value=percent(used), note=note)


def _notes(look: _Look) -> list[Note]:
    notes = []
    found, lost = look.found, int((~look.judged.valid).sum())
    if found.holds:
        text = "Nothing here speaks against the probabilities: their error is no larger than chance makes it."
        notes.append(Note(text=text, mood="good"))
    else:
        way = float(np.average(look.sure.chance, weights=look.sure.units.weight)) - float(
            np.average(look.sure.truth, weights=look.sure.units.weight)
        )
        lean = "too high" if way > 0 else "too low"
        text = (
            f"The probabilities are off by more than chance explains; on average they are {percent(abs(way))} {lean}."
        )
        notes.append(Note(text=text, mood="warn"))
    if lost:
        notes.append(Note(text=f"{lost:,} rows have no valid probabilities and are left out here.", mood="warn"))
    if look.judged.units.clusters:
        text = "What chance explains is counted as if rows were independent; rows that belong together make it larger."
        notes.append(Note(text=text))
    return notes


def _grid(look: _Look) -> Grid | None:
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


part = Probability()

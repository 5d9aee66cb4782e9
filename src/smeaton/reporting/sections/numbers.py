"""How far answers that are numbers are off, and whether their intervals hold."""

import numpy as np

from smeaton.leaderboard.outputs import amount
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut
from smeaton.reporting.forms import Fact, Note, Section
from smeaton.reporting.sections._judged import judged, lacks
from smeaton.reporting.sections._number_figures import against, along, coverage, holds, residuals
from smeaton.reporting.sections._residuals import Numbers, numbers_of, quantiles
from smeaton.reporting.sections._shares import percent, shares, span
from smeaton.task.table import HIGH, LOW, Array

FEWEST = 3  #: rows that say something of errors


class OfNumbers:
    """See the module."""

    order = 140
    title = "How far its numbers are off"

    def applies(self, build: Build) -> str:
        """Needs answers that are numbers."""
        why = lacks(build, ("number",), "how far answers are off")
        if why:
            return why
        rows = len(numbers_of(judged(build, (LOW, HIGH))).true)
        return "" if rows >= FEWEST else f"{rows} rows were answered with a number: too few to say how far it is off"

    def make(self, build: Build) -> Section:
        """See the contract."""
        look, level = numbers_of(judged(build, (LOW, HIGH))), build.task.output_type.level
        figures = [against(look), residuals(look), along(look)]
        held = None if level is None else coverage(look, level)
        figures += [] if held is None else [held]
        target = cut(build.task.target, 60)
        return Section(
            id="numbers",
            title=self.title,
            shows=f"How far the answers for {target} are from what was true, which way, and where.",
            do=(
                "Where errors are large in one range, look at the slices and mistakes for what those rows share; where "
                "most answers lean one way there, a column is missing that would say so, or the metric wants it."
            ),
            teach=_teach(look, held is not None),
            facts=tuple(_facts(look, build, level)),
            notes=tuple(_notes(look, build)),
            figures=tuple(figures),
        )


def _facts(look: Numbers, build: Build, level: float | None) -> list[Fact]:
    off, weight = np.abs(look.off), look.units.weight
    unit = build.task.output_type.unit
    of = f" {cut(unit, 20)}" if unit else ""
    half, most = quantiles(off, weight, [0.5, 0.9])
    mean = float(np.average(off, weights=weight))
    middle = quantiles(look.true, weight, [0.5])[0]
    plain = quantiles(np.abs(look.true - middle), weight, [0.5])[0]
    facts = [
        Fact(
            name="Typical error",
            value=amount(half) + of,
            note=f"half of the answers are nearer (median absolute error); {amount(plain)} if always {amount(middle)}",
        ),
        Fact(
            name="90 % of answers are within",
            value=amount(most) + of,
            note=f"the mean absolute error is {amount(mean)}",
        ),
    ]
    if look.log:
        positive = look.said > 0
        ratio = np.exp(np.abs(np.log(look.true[positive] / look.said[positive])))
        factor = quantiles(ratio, weight[positive], [0.5, 0.9]) if positive.any() else None
        if factor is not None:
            note = f"90 % within a factor of {factor[1]:.3g}"
            facts.append(Fact(name="Half are within a factor of", value=f"{factor[0]:.3g}", note=note))
    quantile = build.task.output_type.quantile
    if quantile is not None:
        below = shares(look.true <= look.said, np.ones(len(look.true)), look.units)[0]
        good = below[1] <= quantile <= below[2]
        note = f"{100 * quantile:g} % should be; {span(below)}"
        name = "True values at or below"
        facts.append(Fact(name=name, value=percent(below[0]), note=note, mood="good" if good else "warn"))
    else:
        facts.append(_lean(look, of))
    held = holds(look)
    if level is not None and held is not None:
        facts.append(_held(look, held, level))
    return facts


def _lean(look: Numbers, of: str) -> Fact:
    """Whether answers are too low or too high on average, with its interval of two standard errors."""
    weight = look.units.weight
    mean = float(np.average(look.off, weights=weight))
    size = float(np.abs(look.off).max()) or 1.0  # so that squares of huge errors do not overflow
    spread = weight * ((look.off - mean) / size)
    sums = [spread, *(np.bincount(code, weights=spread) for code in look.units.clusters)]
    wide = 1.96 * size * float(np.sqrt(max(np.square(one).sum() for one in sums))) / float(weight.sum())
    way = "too low" if mean > 0 else "too high"
    clear = abs(mean) > wide
    return Fact(
        name="On average",
        value=f"{amount(abs(mean))}{of} {way}" if clear else "neither too low nor too high",
        note=f"true less answered is {amount(mean)} (95 % interval {amount(mean - wide)} to {amount(mean + wide)})",
        mood="warn" if clear and abs(mean) > 0.1 * float(np.average(np.abs(look.off), weights=weight)) else "",
    )


def _held(look: Numbers, held: tuple[Array, Array], level: float) -> Fact:
    rows, inside = held
    assert look.low is not None
    assert look.high is not None
    share = shares(inside, np.ones(len(rows)), look.units.take(rows))[0]
    width = float(np.average((look.high - look.low)[rows], weights=look.units.weight[rows]))
    return Fact(
        name=f"Inside their {100 * level:g} % interval",
        value=percent(share[0]),
        note=f"{span(share)}; intervals are {amount(width)} wide on average",
        mood="warn" if share[2] < level else "good",
    )


def _notes(look: Numbers, build: Build) -> list[Note]:
    notes = []
    if look.lost:
        notes.append(Note(text=f"{look.lost:,} rows have no number as answer and are left out here.", mood="warn"))
    if look.log:
        text = "The target spreads over more than two decades: axes are logarithmic, and errors are shown as ratios."
        notes.append(Note(text=text))
        zero = int((look.said <= 0).sum())
        if zero:
            text = f"{zero:,} answers are 0 or below though every true value is above: they are on no logarithmic axis."
            notes.append(Note(text=text, mood="warn"))
    if build.task.output_type.quantile is not None:
        text = (
            f"What is answered is the {build.task.output_type.quantile:g} quantile: most answers should be to one side."
        )
        notes.append(Note(text=text))
    if build.dataset.time is not None and build.task.output_type.level is not None:
        text = "Rows in time are not exchangeable: intervals hold as far as what comes next is like the newest rows."
        notes.append(Note(text=text))
    return notes


def _teach(look: Numbers, intervals: bool) -> str:
    words = (
        "In the first picture a row that is answered exactly lies on the dashed line; above it too little was "
        "answered, below it too much. What is left between true and answered is called a residual. The third picture "
        "holds the residuals of rows with about the same answer: the line is their median (it should lie on the dashed "
        "line), the darker band holds the middle half of them, the lighter one 90 %. "
    )
    if look.log:
        words += "A ratio of 2 means that the truth was twice the answer, of one half that it was half of it. "
    if intervals:
        words += (
            "A prediction interval says between which numbers the truth will lie: of 90 % intervals nine in ten should "
            "hold it, for small answers as well as for large ones."
        )
    return words.strip()


part = OfNumbers()

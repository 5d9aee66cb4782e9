"""Whether probabilities mean what they say, and how far they commit themselves."""

import numpy as np

from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Note, Section
from smeaton.reporting.sections._calibration import calibration
from smeaton.reporting.sections._judged import judged, lacks
from smeaton.reporting.sections._reliability import SURE, Look, automatic, each_label, histogram, reliability
from smeaton.reporting.sections._shares import Units, percent, shares, span
from smeaton.reporting.sections._sureness import confidence, sure, turned_away
from smeaton.task.table import Array

_FEWEST = 20  # rows below which nothing is said of probabilities


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
        look = Look(rows, said, found)
        figures = [reliability(look), histogram(look)]
        if build.task.answer == "class":
            figures.append(automatic(look))
        grid = each_label(look) if len(rows.evidence.labels) > 2 else None
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


def _facts(look: Look) -> list[Fact]:
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


def _notes(look: Look) -> list[Note]:
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
    turned = int(turned_away(look.judged).sum())
    if turned:
        text = f"{turned:,} rows were turned away as fitting no label; they are not here: no probability decided that."
        notes.append(Note(text=text))
    if look.judged.units.clusters:
        text = "What chance explains is counted as if rows were independent; rows that belong together make it larger."
        notes.append(Note(text=text))
    return notes


part = Probability()

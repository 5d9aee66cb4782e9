"""Where the line between answers is drawn: what each threshold finds, what it costs, and the one that ships."""

import numpy as np

from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Figure, Grid, Note, Section
from smeaton.reporting.sections import _each_label, _two_curves, _two_labels
from smeaton.reporting.sections._curves import sweep
from smeaton.reporting.sections._decided import Decided, costs_of, decided
from smeaton.reporting.sections._found import found
from smeaton.reporting.sections._judged import Judged, judged, lacks
from smeaton.reporting.sections._two_labels import Two


class Thresholds:
    """See the module."""

    order = 130
    title = "Where the line is drawn"

    def applies(self, build: Build) -> str:
        """Needs labels with probabilities, and rows on both sides."""
        why = lacks(build, ("class", "many"), "what thresholds find", probability=True)
        if why:
            return why
        rows = judged(build)
        target = np.asarray(rows.evidence.target)[rows.valid]
        one_sided = len(np.unique(target)) < 2
        return "all rows looked at have the same label: no threshold tells anything apart" if one_sided else ""

    def make(self, build: Build) -> Section:
        """See the contract."""
        rows, rule = judged(build), decided(build)
        two = build.task.answer == "class" and len(rows.evidence.labels) == 2
        facts, figures, grids = _two(build, rows, rule) if two else _more(build, rows, rule)
        return Section(
            id="thresholds",
            title=self.title,
            shows=f"What is found and what is wrongly named at each threshold; the program {rule.words}.",
            do=_do(build, two),
            teach=_teach(two),
            facts=tuple(facts),
            notes=tuple(_notes(build, rows, rule, two)),
            figures=tuple(figures),
            grids=tuple(grids),
        )


def _two(build: Build, rows: Judged, rule: Decided) -> tuple[list[Fact], list[Figure], list[Grid]]:
    evidence, valid = rows.evidence, np.flatnonzero(rows.valid)
    assert evidence.probability is not None
    chance, truth = evidence.probability[valid, 1], np.asarray(evidence.target)[valid] == 1
    units = rows.units.take(valid)
    swept = sweep(chance, truth, units.weight)
    if swept is None:
        return [Fact(name="Rows of both labels", value="none", note="none of either label has a weight")], [], []
    two = Two(rows, chance, truth, units, swept, rule, costs_of(build))
    figures = [_two_curves.roc(two), _two_curves.precision_recall(two), _two_curves.by_threshold(two)]
    if two.costs is not None:
        figures.append(_two_curves.by_cost(two))
    return _two_labels.facts(two), figures, [_two_labels.what_if(two)]


def _more(build: Build, rows: Judged, rule: Decided) -> tuple[list[Fact], list[Figure], list[Grid]]:
    labels, matrix = found(rows), costs_of(build)
    facts, figures = [Fact(name="How it answers", value=rule.words)], list[Figure]()
    look = _each_label.each(rows, labels, rule)
    if look is not None:
        figures += [_each_label.roc(look), _each_label.precision_recall(look)]
    if matrix is not None:
        figure, fact = _each_label.costs(rows, labels, matrix)
        facts.append(fact)
        figures.append(figure)
    return facts, figures, [] if look is None else [_each_label.table(look)]


def _do(build: Build, two: bool) -> str:
    if build.task.costs:
        return "Check that the costs in the task are the true ones: the answers follow from them."
    if two:
        return (
            "Ask what a missed row and a false alarm cost, and write it as `costs`, or what must be found as `bars`: "
            "the threshold then follows from that. Without either it follows from the metric alone."
        )
    return (
        "Look at labels whose point lies low: they are missed though they may be well told apart. A metric that counts "
        "labels alike (`macro_f1`), or `costs`, moves their thresholds."
    )


def _teach(two: bool) -> str:
    curves = (
        "A ROC curve shows what finding more costs in false alarms: the nearer to the upper left corner, the better; "
        "the dashed line is what guessing does. Where a label is rare look at precision and recall instead: a small "
        "share of false alarms among very many rows is still a lot of them. "
    )
    if two:
        return curves + (
            "A threshold of 0.2 is right where a missed row costs four times what a false alarm does: of five rows "
            "with that probability one has the label (Elkan 2001)."
        )
    return curves + "Each curve is of one label against all others; its point is how rows are answered now."


def _notes(build: Build, rows: Judged, rule: Decided, two: bool) -> list[Note]:
    notes = []
    if rule.learnt:
        text = (
            "What ships was learnt from all these rows, so what is marked here is a little too good; the section on "
            "labels judges each row by a rule that was learnt without it."
        )
        if two:
            notes.append(Note(text=text))
    if build.task.output_type.outside is not None:
        notes.append(
            Note(text="Rows that fit no label are found by a rejection of its own, which no curve here shows.")
        )
    lost = int((~rows.valid).sum())
    if lost:
        notes.append(
            Note(text=f"{lost:,} rows have no valid probabilities and are left out of the curves.", mood="warn")
        )
    return notes


part = Thresholds()

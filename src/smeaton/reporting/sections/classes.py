"""Right and wrong, label by label: what is mixed up with what, and how well each label is found."""

import numpy as np

from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut
from smeaton.reporting.forms import Fact, Note, Section
from smeaton.reporting.sections._judged import judged, lacks
from smeaton.reporting.sections._mixed_up import MOST_CELLS, Look, confused, confusion, each_label, found_each, look_of
from smeaton.reporting.sections._shares import percent, shares, span
from smeaton.trials.reject import outside_code

FEW = 10  #: rows of a label below which little is known of it


class Classes:
    """See the module."""

    order = 110
    title = "Right and wrong, label by label"

    def applies(self, build: Build) -> str:
        """Needs answers that are labels."""
        why = lacks(build, ("class", "many"), "what is mixed up")
        if why or build.task.answer == "class" or np.asarray(build.evidence.target).any():
            return why
        return "no row looked at has a label"

    def make(self, build: Build) -> Section:
        """See the contract."""
        look = look_of(judged(build))
        figures = [found_each(look)]
        if look.one and len(look.names) <= MOST_CELLS:
            figures.insert(0, confusion(look))
        else:
            figures = [*filter(None, [confused(look)]), *figures]
        many = "any number of labels" if not look.one else "one label"
        return Section(
            id="classes",
            title=self.title,
            shows=f"How often the answers are right for each label, where a row has {many}.",
            do=(
                "Start with the largest mistake: look at rows of it under mistakes and suspects, give more rows of the "
                "labels that are mixed up, or a column that tells them apart; labels that people mix up too may be one."
            ),
            teach=_teach(look),
            facts=tuple(_facts(look)),
            notes=tuple(_notes(look)),
            figures=tuple(figures),
            grids=(each_label(look),),
        )


def _facts(look: Look) -> list[Fact]:
    labels, units, count = look.found, look.found.units, len(look.found.true)
    ones = np.ones(count)
    weakest = int(look.worst[0])
    f1 = labels.scores([weakest])["F1"][0]
    last = Fact(
        name="Weakest label", value=cut(look.names[weakest], 40), note=f"its F1 is {percent(f1[0])} ({span(f1)})"
    )
    if not look.one:
        exact = shares((labels.true == labels.said).all(axis=1), ones, units)[0]
        both, true, said = ((one * 1.0).sum(axis=1) for one in (labels.true & labels.said, labels.true, labels.said))
        micro = shares(2 * both, true + said, units)[0]
        return [
            Fact(name="All labels right", value=percent(exact[0]), note=f"of the rows; {span(exact)}"),
            Fact(
                name="F1 over all labels",
                value=percent(micro[0]),
                note=f"each label of a row counts alike; {span(micro)}",
            ),
            Fact(name="Labels a row", value=f"{true.mean():.2f}", note=f"{said.mean():.2f} are answered"),
            last,
        ]
    right = shares(labels.true == labels.said, ones, units)[0]
    mass = np.bincount(labels.true, weights=units.weight, minlength=labels.labels)
    always = float(mass.max() / mass.sum())
    most = cut(look.names[int(mass.argmax())], 40)
    facts = [
        Fact(name="Right answers", value=percent(right[0]), note=f"of the rows; {span(right)}"),
        Fact(name=f"Always {most}", value=percent(always), note="what the commonest label alone would be right in"),
    ]
    if look.judged.evidence.task.output_type.ordered and labels.labels > 2:
        near = (np.abs(labels.true - labels.said) <= 1) & (labels.said >= 0)
        share = shares(near, ones, units)[0]
        facts.append(Fact(name="At most one step off", value=percent(share[0]), note=f"of the rows; {span(share)}"))
    return [*facts, *_outside(look), last]


def _outside(look: Look) -> list[Fact]:
    """What is answered to rows that fit none of the labels, for tasks with a label that says so."""
    code = outside_code(look.judged.evidence.task)
    if code is None:
        return []
    out, said = look.found.true == code, look.found.said == code
    caught, turned = (shares(said & side, side, look.found.units)[0] for side in (out, ~out))
    name = cut(look.names[code], 40)
    facts = [
        Fact(
            name="Turned away though they belong",
            value=percent(turned[0]),
            note=f"of the rows that belong; {span(turned)}",
        )
    ]
    if out.any():
        what = f"of the rows that are {name}; {span(caught)}"
        facts.insert(0, Fact(name="Caught outside rows", value=percent(caught[0]), note=what))
    return facts


def _notes(look: Look) -> list[Note]:
    true, said, _ = look.found.rows()
    notes = []
    lost = int((look.found.said < 0).sum()) if look.one else 0
    if lost:
        notes.append(Note(text=f"{lost:,} rows have no valid answer; they count as wrong.", mood="warn"))
    never = np.flatnonzero((true > 0) & (said == 0)).tolist()
    if never:
        notes.append(Note(text=f"Never answered though rows have it: {_listed(look, never)}.", mood="warn"))
    few = np.flatnonzero((true > 0) & (true < FEW)).tolist()
    if few:
        what = f"{len(few)} of {look.found.labels} labels have fewer than {FEW} rows here"
        notes.append(Note(text=f"{what}, so their intervals are wide: {_listed(look, few)}."))
    unseen = np.flatnonzero(true == 0).tolist()
    if unseen:
        notes.append(Note(text=f"No row looked at has the label: {_listed(look, unseen)}."))
    if look.judged.weighted:
        notes.append(Note(text="Shares weigh rows by the task's weight column; counts do not."))
    return notes


def _listed(look: Look, codes: list[int], most: int = 5) -> str:
    shown = ", ".join(cut(look.names[code], 30) for code in codes[:most])
    return shown + (f" and {len(codes) - most:,} more" if len(codes) > most else "")


def _teach(look: Look) -> str:
    scores = (
        "Recall is the share of a label's rows that are found; precision is the share of the rows given a label that "
        "have it. One is easily had at the price of the other, so F1 is their harmonic mean: high only where both are. "
        "The line through a dot is its 95 % interval: with other rows of the same kind the value would lie there "
        "in 95 of 100 cases."
    )
    if not look.one or len(look.names) > MOST_CELLS:
        return scores
    return (
        "The first picture is a confusion matrix. Each line holds the rows that truly have one label; the cells along "
        "it say how they were answered. Right answers lie where line and column have the same label, all other cells "
        f"are mistakes. {scores}"
    )


part = Classes()

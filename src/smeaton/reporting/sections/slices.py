"""The worst slices: rows with something in common whose answers are worse than those of the others."""

from collections.abc import Iterator

import numpy as np

from smeaton.errors import SmeatonError
from smeaton.metrics._read import numbers
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._judged import Judged, judged
from smeaton.reporting.sections._losses import Losses, losses_of
from smeaton.reporting.sections._parts import Parts, parts_of
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._slicing import LEAST, Slice, Sliced, sliced
from smeaton.task.types import Type

_SHARE, _LONGEST = 0.05, 0.2  # of the reader's patience, for the work and by the clock
_SHOWN = 10


class Slices:
    """See the module."""

    order = 230
    title = "Where it is wrong most"

    def applies(self, build: Build) -> str:
        """See the contract."""
        try:
            rows = len(build.evidence.rows)
        except SmeatonError as error:
            return error.message
        if rows < 2 * LEAST:
            return f"{rows} rows are too few to be cut into slices: each needs {LEAST}, and as many to compare with"
        if build.task.answer == "other":
            return "no metric judges single answers of this kind"
        return ""

    def make(self, build: Build) -> Section:
        """See the contract."""
        found = judged(build)
        losses = losses_of(build, found)
        names = _columns(build)
        patience = Patience(min(_SHARE * build.wish.seconds, build.left()), _LONGEST * build.left())
        cuts = sliced(_parts(build, names), len(names), losses.values, found.units, _SHOWN, patience)
        all_rows = float(np.average(losses.values, weights=found.units.weight))
        some = (_figure(found, losses, cuts, all_rows),) if cuts.shown else ()
        return Section(
            id="slices",
            title=self.title,
            shows="Rows with something in common whose answers are worse than those of the others.",
            do=(
                "Look at rows of the worst slices first: more such rows, cleaner ones, or a column that tells them "
                "apart help most there. Until then let a person decide these."
            ),
            teach=(
                "A good score over all rows can hide rows it serves badly. Every value of a column, every range of its "
                "numbers, and pairs of the columns that stand out most, are held against all other rows. Who looks at "
                "many slices finds some that are worse by luck, so only those count as clearly worse that remain once "
                "the number of looks is allowed for. Some rows are harder for anyone: a high loss is a place to look, "
                "not yet a fault."
            ),
            facts=_facts(losses, cuts, all_rows),
            notes=_notes(cuts),
            figures=some,
            grids=(_grid(found, losses, cuts),) if cuts.shown else (),
        )


def _columns(build: Build) -> list[str]:
    """The columns, the most important first where that is known, and the time of the rows."""
    names = list(build.task.input_types)
    ranked = build.kept.get("permuted")
    if ranked is not None:
        place = {piece.column: number for number, piece in enumerate(ranked.pieces)}
        names.sort(key=lambda name: place.get(name, len(place)))
    moment = build.task.rows.time
    return names if moment is None or moment in names else [*names, moment]


def _parts(build: Build, names: list[str]) -> Iterator[Parts]:
    dataset, rows = build.dataset, build.evidence.rows
    for name in names:
        own = name in dataset.table
        column = dataset.table[name][rows] if own else None if dataset.time is None else dataset.time[rows]
        kind = build.task.input_types[name] if own else Type(type="timestamp")
        parts = None if column is None else parts_of(name, kind, column)
        yield parts if parts is not None else Parts(name, np.full(len(rows), -1), (), False)


def said(one: Slice) -> str:
    """What the rows of a slice have in common."""
    return " · ".join(f"{cut(column, 24)}: {cut(value, 24)}" for column, value in one.names)


def _facts(losses: Losses, cuts: Sliced, all_rows: float) -> tuple[Fact, ...]:
    facts = [
        Fact(
            name="clearly worse slices",
            value=f"{cuts.clear:,} of {cuts.tested:,}",
            note="that were looked at",
            mood="warn" if cuts.clear else "good",
        )
    ]
    if cuts.clear:
        worst = cuts.shown[0]
        times = f"{worst.value / all_rows:.2g} times all rows" if all_rows > 0 else ""
        facts.append(Fact(name="the worst", value=said(worst), note=f"{losses.name} {spoken(worst.value)}, {times}"))
    return tuple(facts)


def _notes(cuts: Sliced) -> tuple[Note, ...]:
    notes = []
    if not cuts.tested:
        notes.append(Note(text=f"No value and no range holds {cuts.least:,} rows with as many to compare with."))
    elif not cuts.clear:
        text = "No slice is clearly worse than the other rows: those drawn are the highest, and luck explains them."
        notes.append(Note(text=text, mood="good"))
    if cuts.late:
        text = f"{cuts.late:,} columns were not looked at for want of time: give the report more `--seconds`."
        notes.append(Note(text=text, mood="warn"))
    return tuple(notes)


def _figure(found: Judged, losses: Losses, cuts: Sliced, all_rows: float) -> Figure:
    worst, sure = cuts.shown[0], cuts.clear > 0
    wrong = _wrong(losses, worst)
    share = "" if wrong is None else f", {spoken(wrong, 'share')} of its answers are wrong"
    what = f"worst for {said(worst)}" if sure else f"highest for {said(worst)}, not beyond chance"
    unit = f" ({cut(losses.unit, 12)})" if losses.unit else ""
    return Figure(
        id="slices-worst",
        chart="interval_bars",
        title="Rows it serves worst" if sure else "No rows are served clearly worse",
        says=f"The {losses.name} is {what}: {spoken(worst.value)} against {spoken(all_rows)} of all rows{share}.",
        how=found.how(
            f"The {losses.name} of each slice of {cuts.least:,} rows or more; {cuts.tested:,} were tested against the "
            "other rows, the false discovery rate held at 5 % (Benjamini and Hochberg 1995), intervals widened for "
            "having been chosen (Benjamini and Yekutieli 2005); slices of about the same rows are shown once"
        ),
        columns={
            "name": [said(one) for one in cuts.shown],
            "value": [one.value for one in cuts.shown],
            "low": [one.low for one in cuts.shown],
            "high": [one.high for one in cuts.shown],
            "mood": ["bad" if one.clear else "muted" for one in cuts.shown],
            "note": [f"{int(one.rows.sum()):,} rows" for one in cuts.shown],
        },
        x=f"{losses.name}{unit}",
        options={"rule": all_rows, "rule_name": "all rows", "above": True},
    )


def _wrong(losses: Losses, one: Slice) -> float | None:
    return None if losses.wrong is None else float(losses.wrong[one.rows].mean())


def _grid(found: Judged, losses: Losses, cuts: Sliced) -> Grid:
    heads = [Head(name="slice"), Head(name="rows", kind="number"), Head(name=losses.name, kind="interval")]
    heads.append(Head(name="other rows", kind="number", note=f"the {losses.name} of all rows that are not in it"))
    classes = losses.wrong is not None
    bias = "mean of what was said less what is true"
    heads.append(Head(name="wrong", kind="share") if classes else Head(name="said less true", kind="number", note=bias))
    rows = []
    for one in cuts.shown:
        last = _wrong(losses, one) if classes else _bias(found, one)
        rows.append((said(one), int(one.rows.sum()), [one.value, one.low, one.high], one.elsewhere, last))
    return Grid(
        id="slices-numbers",
        title="The same in numbers",
        heads=tuple(heads),
        rows=tuple(rows),
        how="as in the figure above",
        strong=tuple(place for place, one in enumerate(cuts.shown) if one.clear),
    )


def _bias(found: Judged, one: Slice) -> float | None:
    off = (numbers(found.answers, len(one.rows)) - found.evidence.target)[one.rows]
    known = off[np.isfinite(off)]
    return float(known.mean()) if len(known) else None


part = Slices()

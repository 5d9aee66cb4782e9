"""How the answers treat the groups of a column that the reader named."""

from smeaton.errors import SmeatonError
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Kind, Note, Section
from smeaton.reporting.sections._groups import LEAST, Compared, Gap, compared, gap_size, positive
from smeaton.reporting.sections._judged import Judged, judged
from smeaton.reporting.sections._losses import losses_of
from smeaton.reporting.sections._parts import Parts, parts_of

_BINS, _VALUES = 4, 8
_FOUR_FIFTHS = 0.8
_SERIES = 6


class Fairness:
    """See the module."""

    order = 240
    title = "How groups are treated"

    def applies(self, build: Build) -> str:
        """See the contract."""
        if not build.wish.across:
            return (
                "no column was named to compare groups by; name one with --across COLUMN, such as an age, a region or "
                "a kind of customer"
            )
        if build.task.answer == "other":
            return "no metric judges single answers of this kind"
        try:
            return "" if len(build.evidence.rows) else "no row was answered by a program that was not fitted on it"
        except SmeatonError as error:
            return error.message

    def make(self, build: Build) -> Section:
        """See the contract.

        Raises:
            DataError: a column that was named is not there.
        """
        found = judged(build)
        losses = losses_of(build, found)
        cuts = [(name, groups(build, name)) for name in dict.fromkeys(build.wish.across)]
        shown = [compared(found, losses, parts) for _, parts in cuts if parts is not None]
        notes = [
            Note(text=f"{cut(name, 40)!r} has no groups to compare: one value only, or no plain values.", mood="warn")
            for name, parts in cuts
            if parts is None
        ]
        for number, one in enumerate(shown):
            notes += _notes(found, one, first=number == 0)
        return Section(
            id="fairness",
            title=self.title,
            shows="How often each group gets which answer, and how often that answer is wrong.",
            do=(
                "Decide with those concerned which gaps matter: the rate of good news, of mistakes, or of being taken "
                "at one's word. Look at the rows and the labels of a group that fares worse before anything is tuned."
            ),
            teach=(
                "The positive rate says how often a group gets the positive answer. The true positive rate says how "
                "many of those who should get it do; the false positive rate how many get it who should not. "
                "Calibration says whether a probability means the same in each group. Where groups differ in their "
                "base rate, no solution can make all of these equal at once (Kleinberg, Mullainathan and Raghavan "
                "2016; Chouldechova 2017): which one counts is a choice of people. The labels are taken to be right: "
                "numbers cannot show what went wrong before the rows were written down, nor whom the data leaves out."
            ),
            facts=tuple(fact for one in shown for fact in _facts(one)),
            notes=tuple(notes),
            figures=tuple(_figure(build, found, one, number) for number, one in enumerate(shown, 1)),
            grids=tuple(grid for number, one in enumerate(shown, 1) for grid in _grids(one, number)),
        )


def groups(build: Build, name: str) -> Parts | None:
    """The rows in the groups of a column; None where it has none to compare.

    Raises:
        DataError: the build holds no such column.
    """
    column = build.column(name)
    return parts_of(name, build.task.input_types[name], column, bins=_BINS, values=_VALUES)


def _facts(one: Compared) -> tuple[Fact, ...]:
    """The largest gap that counts, or that none does."""
    column = cut(one.column, 30)
    clear = sorted((gap for gap in one.gaps if gap.clear), key=_size, reverse=True)
    if not one.gaps:
        return (Fact(name=f"gaps by {column}", value="not known", note=f"groups of {LEAST} rows are needed"),)
    if not clear:
        return (Fact(name=f"gaps by {column}", value="none for certain", note="their intervals hold 0", mood="good"),)
    gap = clear[0]
    return (
        Fact(
            name=f"gap in the {gap.measure.name} by {column}",
            value=gap.said,
            note=f"{cut(gap.highest, 24)} against {cut(gap.lowest, 24)}",
            mood="warn",
        ),
    )


def _size(gap: Gap) -> float:
    """How far a gap is from chance."""
    return gap.low / (gap.high - gap.low) if gap.high > gap.low else 0.0


def _notes(found: Judged, one: Compared, first: bool) -> list[Note]:
    notes = []
    few = [cut(name, 24) for name, count in zip(one.names, one.counts, strict=True) if count < LEAST]
    if few:
        text = f"{', '.join(map(repr, few))}: fewer than {LEAST} rows say too little to be held against another group."
        notes.append(Note(text=text))
    rates = next((measure for measure in one.measures if measure.name == "positive rate"), None)
    known = (
        []
        if rates is None
        else [value[0] for value, n in zip(rates.values, one.counts, strict=True) if value and n >= LEAST]
    )
    if len(known) > 1 and max(known) > 0:
        ratio = min(known) / max(known)
        text = (
            f"By {cut(one.column, 30)}, the lowest positive rate is {ratio:.2f} of the highest"
            + (": below the four fifths that are often looked for." if ratio < _FOUR_FIFTHS else ".")
        )  # fmt: skip
        notes.append(Note(text=text, mood="warn" if ratio < _FOUR_FIFTHS else ""))
    task = found.evidence.task
    if first and rates is not None:
        notes.append(Note(text=f"The positive answer is {positive(task)}. Whether it is good news, only you know."))
    if first:
        notes.append(
            Note(
                text="A gap says that groups fare differently, not why: it may come from the labels, from what the "
                "columns say of a group, or from how few of its rows there are."
            )
        )
    return notes


def _figure(build: Build, found: Judged, one: Compared, number: int) -> Figure:
    drawn = [measure for measure in one.measures if measure.name not in ("calibration", "mean of the target")]
    clear = [gap for gap in one.gaps if gap.clear]
    if clear:
        gap = max(clear, key=_size)
        low, high = (gap_size(end, gap.measure.kind) for end in (gap.low, gap.high))
        says = (
            f"The {gap.measure.name} is {gap.said} higher for {cut(gap.highest, 24)} than for {cut(gap.lowest, 24)} "
            f"({low} to {high})."
        )
    else:
        says = "No gap between two groups is larger than chance explains."
    enough = [place for place, count in enumerate(one.counts) if count >= LEAST] or list(range(len(one.names)))
    rows = [
        (measure.name, f"{one.names[place]} ({one.counts[place]:,} rows)", *(measure.values[place] or (None,) * 3))
        for measure in drawn
        for place in enough
    ]
    columns = ["name", "series", "value", "low", "high"]
    if len(enough) > _SERIES:  # more than can be told apart by colour and shape: the measures take their place
        columns[:2] = columns[1::-1]
        rows.sort(key=lambda row: row[1])
    share = all(measure.kind == "share" for measure in drawn)
    unit = build.task.output_type.unit
    return Figure(
        id=f"fairness-{number}",
        chart="grouped_intervals",
        title=f"Groups by {cut(one.column, 40)}",
        says=says,
        how=found.how(
            "Rates of each group with 95 % intervals (Wilson 1927; means: by their standard error). Gaps: intervals "
            "from those of both groups (Zou and Donner 2008), widened for all pairs (Bonferroni)"
        ),
        columns={name: [row[place] for row in rows] for place, name in enumerate(columns)},
        x="share of rows" if share else f"error ({cut(unit, 12)})" if unit else "error",
        options={"kind": "share", "domain": [0, 1]} if share else {"kind": "number"},
    )


def _grids(one: Compared, number: int) -> list[Grid]:
    heads = [Head(name="group"), Head(name="rows", kind="number")]
    heads += [Head(name=measure.name, kind="interval", note=measure.about) for measure in one.measures]
    rows = [(cut(name, 40), one.counts[place], *_cells(one, place)) for place, name in enumerate(one.names)]
    grids = [
        Grid(id=f"fairness-{number}-groups", title="Each group", heads=tuple(heads), rows=tuple(rows), how="as above")
    ]
    if one.gaps:
        names = ("measure", "lowest", "highest", "gap", "beyond chance")
        kinds: tuple[Kind, ...] = ("text", "text", "text", "interval", "mark")
        gaps = tuple(
            (
                gap.measure.name,
                cut(gap.lowest, 30),
                cut(gap.highest, 30),
                [gap.value, gap.low, gap.high],
                "warn" if gap.clear else "ok",
            )
            for gap in one.gaps
        )
        grids.append(
            Grid(
                id=f"fairness-{number}-gaps",
                title="The largest gap in each measure",
                heads=tuple(Head(name=name, kind=kind) for name, kind in zip(names, kinds, strict=True)),
                rows=gaps,
                how="as above",
                strong=tuple(place for place, gap in enumerate(one.gaps) if gap.clear),
            )
        )
    return grids


def _cells(one: Compared, place: int) -> list[list[float] | None]:
    return [None if (value := measure.values[place]) is None else list(value) for measure in one.measures]


part = Fairness()

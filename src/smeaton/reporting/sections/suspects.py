"""Rows that may be wrong: mislabelled, contradicting each other, copied across the split; labels that are mixed up."""

from smeaton.insight.forms import Confusion, NearCopies, Report, Suspect
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Fact, Figure, Note, Section
from smeaton.reporting.sections._named_rows import conflicts, copies, named, place

_DRAWN, _MIXED = 12, 12


class Suspects:
    """What the answers of a build say about its rows."""

    order = 340
    title = "Rows that may be wrong"

    def applies(self, build: Build) -> str:
        """See the contract."""
        return "" if build.board.winner is not None else "no solution was chosen, so no row was answered"

    def make(self, build: Build) -> Section:
        """See the contract."""
        found = build.found
        notes = _leaks(build)
        if "suspects" in found.left_out:
            notes.append(Note(text=f"No row is doubted: {found.left_out['suspects']}."))
        figures = [figure for figure in (_suspects(found), _mixed(found)) if figure is not None]
        grids = [grid for grid in (named(found), conflicts(found), copies(found)) if grid is not None]
        facts = _facts(found)
        if not figures and not grids:
            notes.append(Note(text="No row stands out as wrong.", mood="good"))
        return Section(
            id="suspects",
            title=self.title,
            shows="Rows whose answer looks wrong, rows with the same inputs and different answers, rows that are "
            "nearly the same in two parts of the split, and labels that are taken for each other.",
            do="Look at the named rows, the first ones first: correct what is wrong, remove copies, and state what "
            "copies share under `rows: {group: ...}`. Then build again.",
            teach="A row is a suspect where solutions that never saw it are sure of another answer. Some suspects are "
            "rare and right, so how many would stand here by chance is said beside. A score on a copy of a training "
            "row is memory, not skill.",
            facts=tuple(facts),
            notes=tuple(notes),
            figures=tuple(figures),
            grids=tuple(grids),
        )


def _leaks(build: Build) -> list[Note]:
    """What the build itself found suspicious before it began."""
    if build.manifest is None:
        return []
    return [
        Note(text=f"{one.kind}: {one.why}" + (" (accepted)" if one.accepted else f"; {one.accept}"),
             mood="warn" if one.accepted else "bad")
        for one in build.manifest.profile.suspects
    ]  # fmt: skip


def _facts(found: Report) -> list[Fact]:
    facts = []
    if "suspects" not in found.left_out:
        share = f"{spoken(found.suspected / max(1, found.rows), 'share')} of {found.rows:,} held-out rows"
        facts.append(
            Fact(
                name="Rows that look mislabelled",
                value=f"{found.suspected:,}",
                note=f"{share}; about {found.expected:,.0f} would by chance, rare and right",
                mood="warn" if found.suspected > 2 * found.expected + 3 else "",
            )
        )
    if found.conflicting:
        best = "" if found.attainable is None else f"; none is right in more than {found.attainable:.1%} of the rows"
        facts.append(
            Fact(
                name="Rows that contradict others",
                value=f"{found.conflicting:,}",
                note=f"same inputs, different answers{best}",
                mood="warn",
            )
        )
    return [*facts, *map(_near, found.near)]


def _near(one: NearCopies) -> Fact:
    share = one.rows / max(1, one.of)
    by_chance = f"by chance {spoken(one.chance, 'share')}" if one.chance < 1 else "how many by chance is not known"
    return Fact(
        name=f"Near-copies between {one.between}",
        value=f"{one.rows:,} rows",
        note=f"{spoken(share, 'share')} of {one.of:,}, {one.same:.0%} with the same answer; {by_chance}",
        mood="warn" if share > max(0.01, 2 * one.chance) else "",
    )


def _suspects(found: Report) -> Figure | None:
    shown = found.suspects[:_DRAWN]
    if not shown:
        return None
    chances = all(one.probability is not None and one.probability_given is not None for one in shown)
    pairs = [(one.probability_given, one.probability) for one in shown] if chances else list(map(_numbers, shown))
    if any(value is None for pair in pairs for value in pair):
        return None
    given = "what the row says" if chances else "the row's own number"
    says = f"{place(shown[0].example)} is the likeliest to be wrong: it says {cut(shown[0].given, 40)}, "
    says += f"the answer is {cut(shown[0].suggested, 40)}."
    return Figure(
        id="suspects-rows",
        chart="dumbbells",
        title="These rows say one thing, their answers another",
        says=says,
        how=f"The {len(shown)} likeliest of {found.suspected:,} suspects among {found.rows:,} rows, each answered by a "
        "program that was not fitted on it. "
        + (
            "Labels: confident learning (Northcutt, Jiang and Chuang 2021)."
            if chances
            else "Numbers: answers at least 4 usual errors away from the row's own number."
        ),
        x="probability" if chances else found.target,
        y="row",
        columns={
            "name": [_name(one, chances) for one in shown],
            "start": [pair[0] for pair in pairs],
            "end": [pair[1] for pair in pairs],
            "note": [one.example.text for one in shown],
        },
        options={"kind": "share" if chances else "number", "start_name": given,
                 "end_name": "what the answers say" if chances else "the answer"},
    )  # fmt: skip


def _numbers(one: Suspect) -> tuple[float | None, float | None]:
    """The row's number and the answer to it."""
    return _number(one.given), _number(one.suggested)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _name(one: Suspect, chances: bool) -> str:
    said = f": {cut(one.given, 12)} → {cut(one.suggested, 12)}" if chances else ""
    return f"{place(one.example).removeprefix('row ')}{said}"


def _mixed(found: Report) -> Figure | None:
    shown: tuple[Confusion, ...] = found.confusions[:_MIXED]
    if not shown:
        return None
    first = shown[0]
    return Figure(
        id="suspects-labels",
        chart="interval_bars",
        title="Which labels are taken for each other",
        says=f"{cut(first.given, 40)} is answered as {cut(first.said, 40)} in {first.rows:,} of {first.of:,} rows.",
        how=f"Of a label's rows among the {found.rows:,} held-out ones the share that was answered with the other "
        "label, with its 95 % interval (Wilson 1927).",
        x="share of the label's rows",
        columns={
            "name": [f"{cut(one.given, 14)} → {cut(one.said, 14)}" for one in shown],
            "value": [one.share for one in shown],
            "low": [one.low for one in shown],
            "high": [one.high for one in shown],
            "note": [f"{one.rows:,} of {one.of:,} rows" for one in shown],
        },
        options={"kind": "share", "bar": True},
    )


part = Suspects()

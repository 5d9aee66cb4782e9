"""What each column and the answer hold, and how the answer moves along each column."""

from dataclasses import replace

import numpy as np

from smeaton.data.profile import profile
from smeaton.quality._bins import binned
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._along import Measure, explained, measure
from smeaton.reporting.sections._coded import coded, labelled
from smeaton.reporting.sections._pictured import Cells, cell_of, few, of_rows, ranked, training
from smeaton.reporting.sections._shares import units_of
from smeaton.task.profile import ColumnProfile
from smeaton.task.structure import words
from smeaton.task.table import Array
from smeaton.task.types import label_text

MOST = 23  #: inputs that are shown, besides the answer
_RANKED = 300  # inputs of which is measured how much they explain
_RANK_ROWS = 4_000
_HOW_ALONG = (
    "Dots are the mean of the answer in the rows of a bar, with its 95 % interval, in bars of at least 5 rows; all "
    "dots are on one scale: a dot further up, or further to the right, is more"
)


class Columns:
    """The profile of the inputs and the answer."""

    order = 310
    title = "What the columns hold"

    def applies(self, build: Build) -> str:
        """See the contract."""
        return "" if build.board.winner is not None else "no solution was chosen, so its rows are not looked at"

    def make(self, build: Build) -> Section:
        """See the contract."""
        rows, known = training(build)
        target = measure(build.dataset, rows)
        strength, left = _strengths(build, rows)
        shown = ranked(strength)[:MOST]
        inputs = build.task.input_types
        heads = _profiles(build, shown)
        cells = _cells(build, rows, target, shown, heads)
        best = shown[0] if shown and strength[shown[0]] > 0 else None
        notes = _left_out(build, shown, cells, left)
        pictures = (_figure(build, cells, target, of_rows(len(rows), known)),) if cells.ends else ()
        facts = [Fact(name="Training rows", value=f"{known:,}"), Fact(name="Input columns", value=f"{len(inputs):,}")]
        if best is not None:
            note = f"of the variation of {cut(build.task.target, 40)}, by itself"
            facts.append(Fact(name=f"{cut(best, 40)} explains", value=spoken(strength[best], "share"), note=note))
        return Section(
            id="columns",
            title=self.title,
            shows="How the values of the answer and of each input are spread over the training rows, and how the "
            "answer moves along each input.",
            do="Look for a column that holds something else than you thought, and for one that tells the answer too "
            "well: it may be known only after the fact.",
            teach="A histogram counts rows: the higher a bar, the more rows lie between its ends. Where the dots rise, "
            "fall or bend along a column, the column says something about the answer; where they stay level, it says "
            "nothing by itself, though it may together with others.",
            facts=tuple(facts),
            notes=notes,
            figures=pictures,
            grids=(_grid(build, shown, heads, strength, known),) if shown else (),
        )


def _strengths(build: Build, rows: Array) -> tuple[dict[str, float], int]:
    """How much of the answer's variation each input explains by itself, and how many inputs were not looked at."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _RANK_ROWS)).astype(np.int64)] if len(rows) else rows
    dataset = build.dataset
    names = list(dataset.table)
    if build.task.answer not in ("class", "many", "number") or len(some) < 2:
        return dict.fromkeys(names, 0.0), 0
    target, labels = np.asarray(dataset.target[some]), len(build.task.labels)
    found = {}
    for name in names[:_RANKED]:
        bins = binned(name, cell_of(dataset, name, some))
        found[name] = explained(target, 0 if target.ndim == 2 else labels, bins.codes, bins.count)
    return found, len(names) - len(found)


def _cells(
    build: Build, rows: Array, target: Measure | None, shown: list[str], heads: dict[str, ColumnProfile]
) -> Cells:
    dataset = build.dataset
    cells = Cells(target, units_of(dataset, rows))
    own = np.asarray(dataset.target[rows])
    if build.task.answer == "class":
        texts = [label_text(label) for label in build.task.labels]
        cells.add(build.task.target, labelled(own, texts), note="the answer", plain=True)
    elif build.task.answer == "number" and (bars := coded("number", own)) is not None:
        cells.add(build.task.target, bars, note="the answer", plain=True)
    for name in shown:
        bars = coded(dataset.task.input_types[name].type, cell_of(dataset, name, rows))
        if bars is not None:
            missing = heads[name].missing / max(1, _rows_of(build, heads[name], len(rows)))
            cells.add(name, bars, note=f"{missing:.1%} missing" if missing > 0 else "")
    return cells


def _figure(build: Build, cells: Cells, target: Measure | None, looked: str) -> Figure:
    along = "" if target is None else f" {_HOW_ALONG}. The answer is read as: {target.name}."
    count = len(cells.ends)
    return Figure(
        id="columns-shapes",
        chart="multiples",
        title="What each column holds, and where the answer goes along it",
        says=f"The spread of {count:,} columns" + ("." if target is None else f", with dots for the {target.name}."),
        how=f"Shares of {looked} with a value. Where few rows lie far from all others, the outermost bars hold what is "
        f"beyond the 1 % and 99 % quantiles too. Columns that explain more come first.{along}",
        columns=cells.columns,
        options={**cells.options, "strong": [build.task.target]},
    )


def _profiles(build: Build, names: list[str]) -> dict[str, ColumnProfile]:
    """What the build noted of columns; counted again where the bundle is gone."""
    if build.manifest is not None:
        noted = {column.name: column for column in build.manifest.profile.columns}
        if all(name in noted for name in names):
            return noted
    dataset = build.dataset
    part = replace(dataset, table={name: dataset.table[name] for name in names})
    return {column.name: column for column in profile(part, training(build)[0]).columns}


def _rows_of(build: Build, head: ColumnProfile, looked: int) -> int:
    """How many rows a column's profile is of."""
    return build.manifest.profile.rows if build.manifest is not None else looked


def _grid(
    build: Build, shown: list[str], heads: dict[str, ColumnProfile], strength: dict[str, float], known: int
) -> Grid:
    types = build.task.input_types
    rows = tuple(
        (
            name,
            words(types[name]),
            heads[name].distinct or None,
            heads[name].missing / max(1, _rows_of(build, heads[name], min(known, 20_000))),
            _typical(heads[name]),
            strength[name],
        )
        for name in shown
    )
    return Grid(
        id="columns-profile",
        title="The columns in numbers",
        heads=(
            Head(name="column"),
            Head(name="kind"),
            Head(name="different values", kind="number"),
            Head(name="missing", kind="share"),
            Head(name="typical", note="the middle 90 % of numbers, the commonest of other values"),
            Head(name="explains", kind="share", note="of the answer's variation, by itself"),
        ),
        rows=rows,
        how="What a column explains by itself is the share of the answer's variation (of labels: Gini's) that knowing "
        "its bin takes away, corrected for the number of bins; measured on at most 4,000 training rows. It says "
        "nothing about columns that only work together: for those see what the solution uses.",
    )


def _typical(head: ColumnProfile) -> str:
    if head.values:
        return few([cut(value, 24) for value, _ in head.values])
    if head.type == "text" and head.mean_length:
        return f"about {head.mean_length:,.0f} characters"
    if len(head.quantiles) == 9:
        low, high = head.quantiles[2], head.quantiles[6]
        if head.type == "timestamp":
            days = np.array([low, high]).astype("datetime64[s]").astype("datetime64[D]")
            return f"{days[0]} to {days[1]}"
        return f"{spoken(low)} to {spoken(high)}"
    return ""


def _left_out(build: Build, shown: list[str], cells: Cells, unranked: int) -> tuple[Note, ...]:
    inputs = len(build.task.input_types)
    notes = []
    if inputs > len(shown):
        of = f"; {unranked:,} of them were not measured" if unranked else ""
        notes.append(Note(text=f"{inputs - len(shown):,} more inputs, which explain less, are not shown{of}."))
    blank = [name for name in shown if name not in cells.ends]
    if blank:
        notes.append(Note(text=f"No picture of {few(map(repr, blank))}: vectors, objects and lists have no one shape."))
    return tuple(notes)


part = Columns()

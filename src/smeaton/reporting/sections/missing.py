"""Which values are missing, which are missing together, and what of the data was left out, and why."""

from typing import Any

import numpy as np

from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._along import means, measure
from smeaton.reporting.sections._pictured import cell_of, few, null, of_rows, ranked, training
from smeaton.reporting.sections._shares import units_of
from smeaton.task.table import Array

_BARS, _TOGETHER, _PATTERNS = 20, 12, 10
_DOUBT = "may stand for missing"


class Missing:
    """Missing values and what was left out."""

    order = 320
    title = "What is missing, and what was left out"

    def applies(self, build: Build) -> str:
        """See the contract."""
        if build.board.winner is None:
            return "no solution was chosen, so its rows are not looked at"
        if build.dataset.notes or _roles(build) or _misses(build):
            return ""
        return "no value of the training rows is missing, and no column was left out"

    def make(self, build: Build) -> Section:
        """See the contract."""
        nulls, rows, known = _nulls(build)
        shares = {name: float(mask.mean()) for name, mask in nulls.items()}
        order = ranked(shares)
        looked = of_rows(len(rows), known)
        figures: tuple[Figure, ...] = ()
        grids: tuple[Grid, ...] = ()
        facts = [Fact(name="Columns with missing values", value=f"{len(nulls):,} of {len(build.task.input_types):,}")]
        if nulls:
            touched = np.any(np.stack(list(nulls.values())), axis=0)
            facts.append(Fact(name="Rows that miss a value", value=spoken(float(touched.mean()), "share")))
            figures = tuple(filter(None, (_bars(order, shares, looked), _patterns(order, nulls, looked))))
            grids = (_grid(build, order, nulls, rows, looked),)
        more = len(order) - _BARS
        notes = [Note(text=note, mood="warn" if _DOUBT in note else "") for note in build.dataset.notes]
        notes += [Note(text=f"{more:,} more columns that miss less are not shown.")] if more > 0 else []
        roles = _roles(build)
        notes += [Note(text=f"Used for something else than learning, so no input: {roles}.")] if roles else []
        return Section(
            id="missing",
            title=self.title,
            shows="Which values are missing in the training rows, which columns miss them together, and what was left "
            "out of the data before anything was learnt.",
            do="Find out why a column is missing where it is: a value that is only noted afterwards, or only for some, "
            "tells the answer. Fill the gaps at the source rather than afterwards.",
            teach="A solution here takes missing values as they are: no row is thrown away for them, and no average "
            "is put in their place unless a family of models needs it. Columns that are missing in the same rows often "
            "come from one source that was silent.",
            facts=tuple(facts),
            notes=tuple(notes),
            figures=figures,
            grids=grids,
        )


def _misses(build: Build) -> bool:
    """Whether any value is missing."""
    rows, _ = training(build)
    return any(bool(null(cell_of(build.dataset, name, rows)).any()) for name in build.dataset.table)


def _nulls(build: Build) -> tuple[dict[str, Array], Array, int]:
    """Which values are missing, of the columns that miss some; the rows looked at, and how many there are."""
    rows, known = training(build)
    found = {name: null(cell_of(build.dataset, name, rows)) for name in build.dataset.table}
    return {name: mask for name, mask in found.items() if mask.any()}, rows, known


def _roles(build: Build) -> str:
    roles = build.task.rows
    named = [("id", roles.id), ("time", roles.time), ("group", roles.group), ("weight", roles.weight)]
    inputs = build.task.input_types
    said = [f"{name!r} ({role})" for role, name in named if name is not None and name not in inputs]
    said += [f"{name!r} (to be ignored)" for name in roles.ignore[:10]]
    return ", ".join(said) + (f" and {len(roles.ignore) - 10:,} more to be ignored" if len(roles.ignore) > 10 else "")


def _bars(order: list[str], shares: dict[str, float], looked: str) -> Figure:
    shown = order[:_BARS]
    blank: list[Any] = [None] * len(shown)
    return Figure(
        id="missing-columns",
        chart="interval_bars",
        title="Which columns miss values",
        says=f"{cut(shown[0], 60)} misses most: {spoken(shares[shown[0]], 'share')} of its values.",
        how=f"Counted in {looked}.",
        x="share of rows without a value",
        columns={"name": shown, "value": [shares[name] for name in shown], "low": blank, "high": blank},
        options={"kind": "share", "bar": True},
    )


def _patterns(order: list[str], nulls: dict[str, Array], looked: str) -> Figure | None:
    """The commonest patterns of missing values; None where one column alone misses any."""
    shown = order[:_TOGETHER]
    if len(shown) < 2:
        return None
    masks = np.stack([nulls[name] for name in shown], axis=1)
    packed = masks @ (1 << np.arange(len(shown)))
    codes, counts = np.unique(packed, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:_PATTERNS]
    columns: dict[str, list[Any]] = {name: [] for name in ("pattern", "rows", "share", "column", "missing")}
    for number, place in enumerate(first.tolist(), 1):
        for bit, name in enumerate(shown):
            cell = (number, int(counts[place]), float(counts[place] / len(masks)), name, bool(codes[place] >> bit & 1))
            for key, value in zip(columns, cell, strict=True):
                columns[key].append(value)
    left = len(codes) - len(first)
    together = [place for place in first.tolist() if int(codes[place]).bit_count() > 1]
    says = "The columns miss values each by itself."
    if together:
        names = [cut(name, 30) for bit, name in enumerate(shown) if codes[together[0]] >> bit & 1]
        says = f"{few(names[:-1])} and {names[-1]} are missing together in {counts[together[0]]:,} rows."
    of = f" of the {len(shown)} columns that miss most" if len(order) > len(shown) else ""
    return Figure(
        id="missing-together",
        chart="patterns",
        title="Which columns miss values together",
        says=says,
        how=f"Each line is one pattern{of}, a filled cell is missing; the commonest {len(first)} patterns"
        + (f" of {len(codes):,}" if left else "")
        + f", counted in {looked}.",
        columns=columns,
    )


def _grid(build: Build, order: list[str], nulls: dict[str, Array], rows: Array, looked: str) -> Grid:
    """Missing values in numbers, with the answer where the column is missing and where it is not."""
    found = measure(build.dataset, rows)
    heads = [Head(name="column"), Head(name="missing", kind="share"), Head(name="rows", kind="number")]
    if found is not None:
        heads += [Head(name=f"{cut(found.name, 60)}, where missing", kind="interval")]
        heads += [Head(name="where not", kind="interval")]
    units = units_of(build.dataset, rows)
    lines: list[tuple[Any, ...]] = []
    for name in order[:_BARS]:
        mask = nulls[name]
        line: list[Any] = [name, float(mask.mean()), int(mask.sum())]
        if found is not None:
            along = means(found, mask.astype(np.int64), 2, units)
            ends = np.stack([along.value, along.low, along.high], axis=1)
            line += [ends[code].tolist() if np.isfinite(ends[code]).all() else None for code in (1, 0)]
        lines.append(tuple(line))
    return Grid(
        id="missing-values",
        title="Missing values in numbers",
        heads=tuple(heads),
        rows=tuple(lines),
        how=f"Counted in {looked}; the answer's mean with its 95 % interval. Where both intervals lie apart, that a "
        "value is missing says something about the answer.",
    )


part = Missing()

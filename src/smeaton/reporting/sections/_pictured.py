"""The columns of a `multiples` figure: what each column of a table holds in some rows, and in others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.quality.parts import split_of
from smeaton.reporting.build import Build
from smeaton.reporting.sections._along import Means, Measure, means
from smeaton.reporting.sections._coded import Coded
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import Array

MOST_ROWS = 20_000  #: rows that are looked at, evenly chosen


@dataclass
class Cells:
    """Grows by one cell for each column, and becomes the columns and the options of a figure. With `targets` each bar
    has the mean of the answer."""

    targets: Measure | None = None
    units: Units | None = None
    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in ("cell", "name", "low", "high", "size")}
    )
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, bars: Coded, second: Array | None = None, note: str = "", plain: bool = False) -> None:
        """Add a cell. `second` marks the rows that are drawn as lines and not as bars; `plain`: without means."""
        first = np.ones(len(bars.codes), dtype=bool) if second is None else ~second
        sizes = _shares_of(bars, first)
        others = None if second is None else _shares_of(bars, second)
        along = None
        if self.targets is not None and self.units is not None and not plain:
            along = means(self.targets, bars.codes, bars.count, self.units)
        for place in range(bars.count):
            edges = (None, None) if bars.edges is None else bars.edges[place : place + 2]
            row = {"cell": name, "name": bars.names[place], "low": edges[0], "high": edges[1], "size": sizes[place]}
            if self.targets is not None:
                row |= _mean_of(along, place)
            if others is not None:
                row["other"] = others[place]
            for key, value in row.items():
                self.columns.setdefault(key, []).append(value)
        self.ends[name] = bars.ends
        said = ", ".join(part for part in (bars.note, note) if part)
        if said:
            self.notes[name] = said

    @property
    def options(self) -> dict[str, Any]:
        """Options of the figure."""
        found: dict[str, Any] = {"ends": self.ends, "notes": self.notes}
        if self.targets is None:
            return found
        reach = [
            value for name in ("mean_low", "mean_high") for value in self.columns.get(name, ()) if value is not None
        ]
        found |= {"mean_name": self.targets.name, "mean_kind": self.targets.kind}
        return found | ({"means": [min(reach), max(reach)]} if reach else {})


def training(build: Build) -> tuple[Array, int]:
    """Positions of training rows, `MOST_ROWS` evenly chosen at most, and how many there are."""
    return some(split_of(build.dataset, build.folds)[0])


def some(rows: Array) -> tuple[Array, int]:
    """At most `MOST_ROWS` of some rows, evenly chosen, and how many there are."""
    if len(rows) <= MOST_ROWS:
        return rows, len(rows)
    return rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)], len(rows)


def of_rows(looked: int, known: int, what: str = "training rows") -> str:
    """Which rows were looked at, in words."""
    return f"{looked:,} {what}" + (f" (evenly chosen of {known:,})" if known > looked else "")


def cell_of(dataset: Dataset, name: str, rows: Array) -> Array:
    """A column in some rows."""
    return np.asarray(dataset.table[name][rows])


def null(column: Array) -> Array:
    """Which values are missing."""
    if column.ndim > 1:
        return np.asarray(np.isnan(column.astype(np.float64)).any(axis=1))
    if column.dtype == object:
        return np.array([cell is None for cell in column.tolist()], dtype=bool)
    return np.asarray(np.isnat(column) if column.dtype.kind == "M" else np.isnan(column.astype(np.float64)))


def few(names: Iterable[str], most: int = 3) -> str:
    """Some names in one line, and how many more there are."""
    listed = list(names)
    shown = ", ".join(listed[:most])
    return shown + (f" and {len(listed) - most:,} more" if len(listed) > most else "")


def ranked(strength: Mapping[str, float]) -> list[str]:
    """Names, the strongest first; those alike in their order."""
    return sorted(strength, key=lambda name: -strength[name])


def _shares_of(bars: Coded, which: Array) -> list[float]:
    """The share of the rows with a value that each bar holds."""
    held = bars.codes[which]
    counts = np.bincount(held[held >= 0], minlength=bars.count)
    return [float(share) for share in counts / max(1, counts.sum())]


def _mean_of(along: Means | None, place: int) -> dict[str, float | None]:
    parts = ("mean", "mean_low", "mean_high")
    if along is None:
        return dict.fromkeys(parts)
    values = [float(column[place]) for column in (along.value, along.low, along.high)]
    if not np.isfinite(values).all():
        return dict.fromkeys(parts)
    return dict(zip(parts, values, strict=True))

"""What changes: the answer over time, and the columns that hold other values in one part than in another."""

from collections.abc import Sequence

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.quality.forms import Drift
from smeaton.reporting.forms import Figure
from smeaton.reporting.sections._along import measure
from smeaton.reporting.sections._coded import coded
from smeaton.reporting.sections._pictured import Cells, cell_of, few, of_rows, some
from smeaton.reporting.sections._shares import units_of
from smeaton.task.table import Array

_MOST = 6
_OVER_TIME = 20


def over_time(dataset: Dataset, train: Array) -> Figure | None:
    """The training rows over time with the mean of the answer; None for rows without time."""
    if dataset.time is None:
        return None
    rows, known = some(train)
    target = measure(dataset, rows)
    bars = coded("timestamp", np.asarray(dataset.time[rows]), _OVER_TIME)
    if bars is None:
        return None
    cells = Cells(target, units_of(dataset, rows))
    name = dataset.task.rows.time or "time"
    cells.add(name, bars)
    says = "How many rows there are over time" + ("." if target is None else f", with dots for the {target.name}.")
    how = f"Shares of {of_rows(len(rows), known)}, the sealed test left out."
    if target is not None:
        how += f" Dots are the {target.name} with its 95 % interval, neighbours in time taken together."
    return Figure(
        id="split-time",
        chart="multiples",
        title="Does the answer change with time?",
        says=says,
        how=how,
        columns=cells.columns,
        options={**cells.options, "across": 1},
    )


def shifted(dataset: Dataset, train: Array, test: Array, drifts: Sequence[Drift]) -> Figure | None:
    """The columns that differ most between the two parts in which most differs; None where none does."""
    pairs = _pairs(dataset, train, test)
    found = [(drift, pair) for drift, pair in zip(drifts, pairs, strict=False) if drift.shifts]
    if not found:
        return None
    drift, (first, second) = max(found, key=lambda one: one[0].shifts[0].distance)
    first, second = some(first)[0], some(second)[0]
    rows = np.concatenate([first, second])
    mask = np.repeat([False, True], [len(first), len(second)])
    cells = Cells()
    for name in dict.fromkeys(shift.column for shift in drift.shifts):
        bars = coded(dataset.task.input_types[name].type, cell_of(dataset, name, rows))
        if bars is not None and (bars.codes[mask] >= 0).any() and (bars.codes[~mask] >= 0).any():
            cells.add(name, bars, second=mask)
        if len(cells.ends) == _MOST:
            break
    if not cells.ends:
        return None
    of = "" if len(drift.shifts) <= len(cells.ends) else f", the {len(cells.ends)} that differ most"
    return Figure(
        id="split-drift",
        chart="multiples",
        title=f"What differs between {drift.first} and {drift.second}",
        says=f"{few(cells.ends)}: other values in {drift.second} than in {drift.first}.",
        how=f"Columns that stand out{of}. Bars: {of_rows(len(first), drift.rows[0], drift.first)}; lines: "
        f"{of_rows(len(second), drift.rows[1], drift.second)}; shares of the rows with a value.",
        columns=cells.columns,
        options={
            **cells.options,
            "bars_name": drift.first,
            "other_name": drift.second,
            "size_name": f"of {drift.first}",
        },
    )


def _pairs(dataset: Dataset, train: Array, test: Array) -> list[tuple[Array, Array]]:
    """The parts that drifts are between, in the order of `smeaton.quality.parts.drifts`."""
    found = [(train, test)] if len(test) else []
    if dataset.time is not None and len(train) >= 3:
        order = train[np.argsort(dataset.time[train], kind="stable")]
        third = len(order) // 3
        found.append((order[:third], order[-third:]))
    return found

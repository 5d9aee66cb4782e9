"""Figures of answers that are numbers: against what was true, how far they are off, and whether intervals hold."""

import numpy as np

from smeaton.leaderboard.outputs import amount
from smeaton.reporting.charts._texts import cut
from smeaton.reporting.forms import Figure
from smeaton.reporting.sections._bins import bins
from smeaton.reporting.sections._residuals import Numbers, quantiles
from smeaton.reporting.sections._shares import percent, shares
from smeaton.task.table import Array

MOST_DOTS = 500  #: rows drawn one by one
_CELLS = 30
_BARS = 30
_BINS, _BIN_ROWS = 20, 25
_COVER_BINS, _COVER_ROWS = 10, 60
_TAIL = 0.002  # of the rows at either end that a density leaves out


def against(look: Numbers) -> Figure:
    """What was answered against what was true."""
    log, (low, high) = look.log, _range(look)
    inside = (look.true >= low) & (look.true <= high) & (look.said >= low) & (look.said <= high)
    left = int((~inside).sum())
    within = quantiles(np.abs(look.off), look.units.weight, [0.5])[0]
    dots = len(look.true) <= MOST_DOTS
    columns = _dots(look, inside) if dots else _cells(look, inside, (low, high))
    out = f" {left:,} rows lie outside the picture." if left else ""
    return Figure(
        id="against",
        chart="dots" if dots else "density",
        title="What it answers, and what was true",
        says=f"Right answers lie on the line; half of all answers are within {_amount(look, within)} of it.{out}",
        how=look.judged.how("Each row by what was answered and what was true", counted=True),
        columns=columns,
        x=_titled(look, "answered"),
        y=_titled(look, "true"),
        options={"diagonal": True, "domain": [low, high], **({"log": True} if log else {})},
    )


def residuals(look: Numbers) -> Figure:
    """How far answers are off, as a histogram; of targets over decades as a ratio."""
    values = look.true / look.said if look.log else look.off
    usable = np.isfinite(values) & ((values > 0) if look.log else True)
    values = values[usable]
    low, high = (float(one) for one in np.quantile(values, [0.005, 0.995]))
    if not high > low:
        low, high = low - max(abs(low), 1.0) * 0.5, high + max(abs(high), 1.0) * 0.5
    if look.log:
        low = max(low, high / 1e12)
        edges = np.geomspace(low, high, _BARS + 1)
    else:
        edges = np.linspace(low, high, _BARS + 1)
    counts = np.histogram(values, edges)[0]
    left = len(look.true) - int(counts.sum())
    under = float(np.average(look.off > 0, weights=look.units.weight))
    even = float(np.average(look.off == 0, weights=look.units.weight))
    out = f" {left:,} rows farther out are not drawn." if left else ""
    exact = f", {percent(even)} exact" if even else ""
    return Figure(
        id="residuals",
        chart="histogram",
        title="How far it is off, and which way",
        says=f"{percent(under)} of the answers are too low, {percent(1 - under - even)} too high{exact}.{out}",
        how=look.judged.how("True divided by answered" if look.log else "True less answered", counted=True),
        columns={"start": edges[:-1].tolist(), "end": edges[1:].tolist(), "count": counts.tolist()},
        x="true divided by answered" if look.log else _titled(look, "true less answered"),
        y="rows",
        options={"rules": [{"x": 1.0 if look.log else 0.0, "name": "exact"}], **({"log": True} if look.log else {})},
    )


def along(look: Numbers) -> Figure:
    """How far answers are off along what is answered: the running median, quartiles and 90 %."""
    values = look.true / look.said if look.log else look.off
    usable = np.flatnonzero(np.isfinite(values) & ((look.said > 0) if look.log else True))
    parts = [usable[part] for part in bins(look.said[usable], _BINS, _BIN_ROWS)]
    names = ("lowest", "low", "middle", "high", "highest")
    spread = np.array([quantiles(values[part], look.units.weight[part], _LEVELS) for part in parts])
    middle = [float(np.median(look.said[part])) for part in parts]
    ends = np.abs(np.log(spread[[0, -1]])) if look.log else spread[[0, -1]]
    width = ends[:, 3] + ends[:, 1] if look.log else ends[:, 3] - ends[:, 1]
    grows = len(parts) > 3 and width[1] > 2 * width[0]
    says = (
        "Large answers are off by more than small ones." if grows else "How far answers are off hardly hangs on size."
    )
    unit = "true divided by answered" if look.log else _titled(look, "true less answered")
    return Figure(
        id="along",
        chart="fan",
        title="Is it off more where it answers more?",
        says=says if len(parts) > 3 else "The rows are too few to say how errors move with the answer.",
        how=look.judged.how(
            f"{len(parts)} bins of equally many rows by answer: the median, the middle half and the middle 90 % in each"
        ),
        columns={
            "x": middle,
            **{name: spread[:, place].tolist() for place, name in enumerate(names)},
            "count": [len(part) for part in parts],
        },
        x=_titled(look, "answered"),
        y=unit,
        options={"level": 1.0 if look.log else 0.0, **({"log_x": True, "log_y": True} if look.log else {})},
    )


def coverage(look: Numbers, level: float) -> Figure | None:
    """How many rows the intervals hold, along what is answered; None where no row has one."""
    held = holds(look)
    if held is None:
        return None
    rows, inside = held
    parts = bins(look.said[rows], _COVER_BINS, _COVER_ROWS)
    member = np.zeros((len(rows), len(parts)), dtype=bool)
    for place, part in enumerate(parts):
        member[part, place] = True
    found = shares(member & inside[:, None], member, look.units.take(rows))
    few, more = found[:, 2] < level, found[:, 1] > level
    if few.any():
        says = f"In {int(few.sum())} of {len(parts)} ranges of answers they hold too few rows."
    else:
        says = f"They hold what they promise in all of {len(parts)} ranges of answers."
    says += f" In {int(more.sum())} they are wider than they need to be." if more.any() else ""
    return Figure(
        id="coverage",
        chart="interval_points",
        title="Do its intervals hold what they promise?",
        says=says,
        how=look.judged.how(
            f"The share of rows whose true value lies in their {100 * level:g} % interval, each judged by an interval "
            "that was learnt without it, in bins of equally many rows by answer; bars are Wilson's 95 % intervals"
        ),
        columns={
            "x": [float(np.median(look.said[rows][part])) for part in parts],
            "y": found[:, 0].tolist(),
            "low": found[:, 1].tolist(),
            "high": found[:, 2].tolist(),
            "off": few.tolist(),
            "note": [f"{len(part):,} rows" for part in parts],
        },
        x=_titled(look, "answered"),
        y="rows inside their interval",
        options={
            "kind_y": "share",
            "level": level,
            "level_name": f"promised: {100 * level:g} %",
            **({"log_x": True} if look.log and float(look.said[rows].min()) > 0 else {}),
        },
    )


def holds(look: Numbers) -> tuple[Array, Array] | None:
    """Positions of the rows that have an interval, and whether it holds what was true; None where none has."""
    if look.low is None or look.high is None:
        return None
    rows = np.flatnonzero(np.isfinite(look.low) & np.isfinite(look.high))
    if not len(rows):
        return None
    return rows, (look.low[rows] <= look.true[rows]) & (look.true[rows] <= look.high[rows])


_LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]


def _range(look: Numbers) -> tuple[float, float]:
    """What both axes span."""
    every = np.concatenate([look.true, look.said])
    if look.log:
        every = every[every > 0]
    tail = 0.0 if len(look.true) <= MOST_DOTS else _TAIL
    low, high = (float(one) for one in np.quantile(every, [tail, 1 - tail]))
    if look.log:
        return low / 1.05, high * 1.05
    room = 0.02 * (high - low) or 0.5 * max(abs(high), 1.0)
    return low - room, high + room


def _dots(look: Numbers, inside: Array) -> dict[str, list[object]]:
    rows = np.flatnonzero(inside)
    return {"x": look.said[rows].tolist(), "y": look.true[rows].tolist()}


def _cells(look: Numbers, inside: Array, ends: tuple[float, float]) -> dict[str, list[object]]:
    edges = np.geomspace(*ends, _CELLS + 1) if look.log else np.linspace(*ends, _CELLS + 1)
    counts = np.histogram2d(look.said[inside], look.true[inside], bins=(edges, edges))[0].astype(np.int64)
    across, up = np.nonzero(counts)
    edges = np.array([float(f"{edge:.6g}") for edge in edges.tolist()])
    return {
        "x": edges[across].tolist(),
        "x_end": edges[across + 1].tolist(),
        "y": edges[up].tolist(),
        "y_end": edges[up + 1].tolist(),
        "count": counts[across, up].tolist(),
    }


def _titled(look: Numbers, what: str) -> str:
    unit = look.judged.evidence.task.output_type.unit
    return f"{what} ({cut(unit, 20)})" if unit else what


def _amount(look: Numbers, value: float) -> str:
    unit = look.judged.evidence.task.output_type.unit
    return f"{amount(value)} {cut(unit, 20)}" if unit else amount(value)

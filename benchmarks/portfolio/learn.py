"""Learn the orders: for each kind and size of table and each budget, by greedy forward selection.

The next candidate of an order is the one that lowers the mean log ratio of the blend's loss (to one plain LightGBM) the
most for what it costs, over the tables on which it still ends in time (after Streeter and Golovin 2008: an online
algorithm for maximizing submodular functions). Tables of the class count whole, those of other sizes and related kinds
less. What an order is worth on a table nobody has seen is told by learning it without any table of the same origin.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

import msgspec
import numpy as np
from benchmarks.portfolio.candidates import CANDIDATES, UNLEARNT
from benchmarks.portfolio.evidence import Evidence, gather
from benchmarks.portfolio.results import Results
from benchmarks.portfolio.run import FOLDS, versions

from smeaton.families import _portfolio
from smeaton.families._portfolio import Class, Kind, Portfolio

#: Rows below which a table belongs to a class of sizes, and seconds up to which a budget belongs to one.
ROWS: tuple[int | None, ...] = (1_500, 6_000, None)
_TYPICAL = (800, 3_000, 12_000)  # rows of each class
BUDGETS: tuple[tuple[float | None, float], ...] = ((120.0, 60.0), (None, 240.0))
#: Of a budget, what all fits on one fold may take: 70 % of the time, two workers, five folds.
FIT_SHARE = 0.7 * 2 / 5
#: Whose log ratios are told: the blend of what of the order ends in time, its first and its best single candidate, the
#: order that was there before any was learnt, and all candidates however long they take.
FIGURES = ("learnt", "its first", "its best single", "before", "all")
#: How much tables of other kinds say, and those one and two classes of sizes away.
_RELATED = {
    ("multiclass", "many classes"): 0.6, ("binary", "multiclass"): 0.4, ("binary", "many classes"): 0.2,
    ("binary", "number"): 0.15, ("multiclass", "number"): 0.15,
}  # fmt: skip
_BY_DISTANCE = (1.0, 0.7, 0.5)
_POWERS = (0.0, 0.25)  # of the cost that a gain is divided by
_LEAST, _MOST = 8, 14  # starts of an order: below the least it goes on with what harms least
_LEAST_TRIED = 0.85  # of the tables, by weight, that a candidate must have been tried on
_LEAST_GAIN = 2e-4  # of the mean log ratio, for which an order goes on


@dataclass(frozen=True)
class Aim:
    """One class to learn an order for, with a weight for each table; `seconds` is what fits on one fold may take."""

    kind: Kind
    size: int
    budget: int

    @property
    def seconds(self) -> float:
        """Seconds of fits on one fold."""
        return FIT_SHARE * BUDGETS[self.budget][1]

    def weight(self, table: Evidence) -> float:
        """How much a table says of this class."""
        near = _BY_DISTANCE[abs(size_of(table) - self.size)]
        if table.kind == self.kind:
            return near
        return near * max(_RELATED.get((self.kind, table.kind), 0.0), _RELATED.get((table.kind, self.kind), 0.0))

    def scale(self, table: Evidence) -> float:
        """How much longer a fit takes on a table of this class than on one of another size."""
        return 1.0 if size_of(table) == self.size else _TYPICAL[self.size] / table.rows

    def whole(self, table: Evidence) -> bool:
        """Whether the table belongs to the class."""
        return table.kind == self.kind and size_of(table) == self.size


def size_of(table: Evidence) -> int:
    """The class of sizes."""
    return next(place for place, rows in enumerate(ROWS) if rows is None or table.rows < rows)


def order_for(aim: Aim, tables: Sequence[Evidence], power: float) -> list[str]:
    """The order, first to try first."""
    weighted = [(table, aim.weight(table) * table.trust) for table in tables if aim.weight(table) > 0]
    order: list[str] = []
    while len(order) < _MOST:
        now = [(table, weight, table.in_time(order, aim.seconds, aim.scale(table))) for table, weight in weighted]
        worth = {name: _worth(name, aim, now, power) for name in CANDIDATES if name not in order}
        best = max(worth, key=lambda name: worth[name])
        if (worth[best] <= 0 and len(order) >= _LEAST) or worth[best] == -np.inf:
            break
        order.append(best)
    return order


def _worth(name: str, aim: Aim, now: Sequence[tuple[Evidence, float, list[str]]], power: float) -> float:
    """Mean gain of one more candidate over the tables it was tried on, divided by a power of its mean cost."""
    gain = cost = total = 0.0
    for table, weight, taken in now:
        total += weight * (name in table.tried)
        if name in table.names:
            cost += weight * table.cost(name, aim.scale(table))
            if sum(table.cost(one, aim.scale(table)) for one in (*taken, name)) <= aim.seconds:
                gain += weight * (table.gain(taken) - table.gain([*taken, name]))
    if not cost or total < _LEAST_TRIED * sum(weight for _, weight, _ in now):
        return -np.inf
    gain, cost = gain / total - _LEAST_GAIN, (cost / total) ** power
    return gain / cost if gain > 0 else gain * cost


Row = tuple[str, dict[str, float]]  # the origin of a table, and the log ratios there


def unseen(aim: Aim, tables: Sequence[Evidence], power: float) -> list[Row]:
    """For each table of the class the log ratios of what was learnt without its origin, and of others."""
    found: list[Row] = []
    orders: dict[str, list[str]] = {}
    for table in (table for table in tables if aim.whole(table)):
        if table.origin not in orders:
            rest = [other for other in tables if other.origin != table.origin]
            orders[table.origin] = order_for(aim, rest, power)
        order = orders[table.origin]
        taken = table.in_time(order, aim.seconds)
        gains = (
            table.gain(taken),
            table.gain([name for name in order if name in table.names][:1]),
            table.single(taken),
            table.gain(table.in_time(UNLEARNT, aim.seconds)),
            table.gain(table.names),
        )
        found.append((table.origin, dict(zip(FIGURES, gains, strict=True))))
    return found


def mean_of(rows: Sequence[Row]) -> dict[str, float]:
    """The mean of each figure."""
    return {name: round(float(np.mean([row[name] for _, row in rows])), 4) for name in FIGURES} if rows else {}


def difference(rows: Sequence[Row]) -> tuple[float, float, float]:
    """Mean of the learnt order less that of the one before, with its 95 % interval by a bootstrap over origins."""
    origins = sorted({origin for origin, _ in rows})
    off = [[row["learnt"] - row["before"] for own, row in rows if own == origin] for origin in origins]
    sums, counts = np.array([sum(one) for one in off]), np.array([len(one) for one in off])
    drawn = np.random.default_rng(3).integers(0, len(origins), (2_000, len(origins)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return float(sums.sum() / counts.sum()), float(low), float(high)


def aims(tables: Sequence[Evidence]) -> list[Aim]:
    """The classes that have tables."""
    every = [Aim(*parts) for parts in product(get_args(Kind), range(len(ROWS)), range(len(BUDGETS)))]
    return [aim for aim in every if any(aim.weight(table) > 0 for table in tables)]


def learn(results: Results) -> str:
    """Learn, write `portfolio.json` beside the families, and tell what it is worth."""
    tables = gather(results)
    classes = aims(tables)
    worth = {power: {aim: unseen(aim, tables, power) for aim in classes} for power in _POWERS}
    every = {power: [row for rows in worth[power].values() for row in rows] for power in _POWERS}
    power = min(_POWERS, key=lambda one: mean_of(every[one])["learnt"])
    orders = {aim: order_for(aim, tables, power) for aim in classes}
    figures = {aim: mean_of(worth[power][aim]) for aim in classes}
    mean, low, high = difference(every[power])
    said = f"learnt less before {mean:+.4f} ({low:+.4f} to {high:+.4f})"
    found = _portfolio_of(orders, tables, figures, mean_of(every[power]), said)
    _portfolio.FILE.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
    lines = [_line(aim, orders[aim], figures[aim], tables) for aim in classes]
    means = [f"cost to the power of {one}: {_said(mean_of(rows))}" for one, rows in every.items()]
    return "\n".join(
        [*lines, "mean over tables and budgets, on tables whose origin was not learnt from:", *means, said]
    )


def _portfolio_of(
    orders: Mapping[Aim, list[str]],
    tables: Sequence[Evidence],
    worth: Mapping[Aim, dict[str, float]],
    mean: dict[str, float],
    said: str,
) -> Portfolio:
    used = {name for order in orders.values() for name in order}
    provenance: dict[str, Any] = {
        "command": "python -m benchmarks.portfolio run && python -m benchmarks.portfolio learn",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "versions": versions(),
        "folds": FOLDS,
        "tables": [table.table for table in tables],
        "log ratio to one LightGBM on unseen tables": {
            "mean": mean,
            "difference": said,
            **{f"{aim.kind}, {_size(aim)}, {BUDGETS[aim.budget][1]:g} s": worth[aim] for aim in orders if worth[aim]},
        },
    }
    return Portfolio(
        provenance=provenance,
        starts={name: start for name, start in CANDIDATES.items() if name in used},
        classes=tuple(
            Class(kind=aim.kind, rows=ROWS[aim.size], seconds=BUDGETS[aim.budget][0], order=tuple(order))
            for aim, order in orders.items()
        ),
    )


def _line(aim: Aim, order: Sequence[str], worth: dict[str, float], tables: Sequence[Evidence]) -> str:
    count = sum(aim.whole(table) for table in tables)
    head = f"{aim.kind}, {_size(aim)}, {BUDGETS[aim.budget][1]:g} s ({count} tables): {_said(worth)}"
    return f"{head}\n    {', '.join(order)}"


def _size(aim: Aim) -> str:
    rows = ROWS[aim.size]
    return "more rows" if rows is None else f"below {rows:,} rows"


def _said(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:+.4f}" for name, value in figures.items()) or "no table of its own"

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
_RELATED = {
    ("multiclass", "many classes"): 0.5, ("binary", "multiclass"): 0.2, ("binary", "many classes"): 0.1,
}  # fmt: skip
_BY_DISTANCE = (1.0, 0.4, 0.15)  # weight of tables one and two classes of sizes away
_POWERS = (0.0, 0.5, 1.0)  # of the cost that a gain is divided by
_LEAST, _MOST = 8, 14  # starts of an order: below the least it goes on with what harms least
_LEAST_TRIED = 0.25  # of the tables, by weight, that a candidate must have been tried on
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


def unseen(aim: Aim, tables: Sequence[Evidence], power: float) -> dict[str, float]:
    """Mean log ratios over the tables of the class of what was learnt without their origin, and of others."""
    found: dict[str, list[float]] = {name: [] for name in FIGURES}
    orders: dict[str, list[str]] = {}
    for table in (table for table in tables if aim.whole(table)):
        if table.origin not in orders:
            rest = [other for other in tables if other.origin != table.origin]
            orders[table.origin] = order_for(aim, rest, power)
        order = orders[table.origin]
        found["learnt"].append(table.gain(table.in_time(order, aim.seconds)))
        found["its first"].append(table.gain([name for name in order if name in table.names][:1]))
        found["its best single"].append(table.single(table.in_time(order, aim.seconds)))
        found["before"].append(table.gain(table.in_time(UNLEARNT, aim.seconds)))
        found["all"].append(table.gain(table.names))
    return {name: round(float(np.mean(gains)), 4) for name, gains in found.items() if gains}


def aims(tables: Sequence[Evidence]) -> list[Aim]:
    """The classes that have tables."""
    every = [Aim(*parts) for parts in product(get_args(Kind), range(len(ROWS)), range(len(BUDGETS)))]
    return [aim for aim in every if any(aim.weight(table) > 0 for table in tables)]


def learn(results: Results) -> str:
    """Learn, write `portfolio.json` beside the families, and tell what it is worth."""
    tables = gather(results)
    classes = aims(tables)
    worth = {power: {aim: unseen(aim, tables, power) for aim in classes} for power in _POWERS}
    mean = {power: _mean(worth[power], tables) for power in _POWERS}
    power = min(_POWERS, key=lambda one: mean[one]["learnt"])
    orders = {aim: order_for(aim, tables, power) for aim in classes}
    path = _portfolio.FILE
    path.write_bytes(
        msgspec.json.format(msgspec.json.encode(_portfolio_of(orders, tables, worth[power], mean)), indent=1)
    )
    lines = [_line(aim, orders[aim], worth[power][aim], tables) for aim in classes]
    means = [f"cost to the power of {one}: {_said(figures)}" for one, figures in mean.items()]
    return "\n".join([*lines, "mean over tables and budgets, on tables whose origin was not learnt from:", *means])


def _portfolio_of(
    orders: Mapping[Aim, list[str]],
    tables: Sequence[Evidence],
    worth: Mapping[Aim, dict[str, float]],
    mean: Mapping[float, dict[str, float]],
) -> Portfolio:
    used = {name for order in orders.values() for name in order}
    provenance: dict[str, Any] = {
        "command": "python -m benchmarks.portfolio run && python -m benchmarks.portfolio learn",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "versions": versions(),
        "folds": FOLDS,
        "tables": [table.table for table in tables],
        "log ratio to one LightGBM on unseen tables": {
            "mean": min(mean.values(), key=lambda figures: figures["learnt"]),
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


def _mean(worth: Mapping[Aim, dict[str, float]], tables: Sequence[Evidence]) -> dict[str, float]:
    """Over classes, each by its number of tables."""
    counts = {aim: sum(aim.whole(table) for table in tables) for aim in worth}
    total = sum(counts[aim] for aim in worth if worth[aim])
    names = ("learnt", "its first", "before", "all")
    return {
        name: round(sum(counts[aim] * worth[aim][name] for aim in worth if worth[aim]) / total, 4) for name in names
    }


def _line(aim: Aim, order: Sequence[str], worth: dict[str, float], tables: Sequence[Evidence]) -> str:
    count = sum(aim.whole(table) for table in tables)
    head = f"{aim.kind}, {_size(aim)}, {BUDGETS[aim.budget][1]:g} s ({count} tables): {_said(worth)}"
    return f"{head}\n    {', '.join(order)}"


def _size(aim: Aim) -> str:
    rows = ROWS[aim.size]
    return "more rows" if rows is None else f"below {rows:,} rows"


def _said(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:+.4f}" for name, value in figures.items()) or "no table of its own"

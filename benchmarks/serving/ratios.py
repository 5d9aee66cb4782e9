"""Smeaton over `bare`, round by round: each pair was measured one after the other while both ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.serving.results import Record


@dataclass(frozen=True)
class Target:
    """What is compared, and the ratio that Smeaton has to keep: at least it for rates, at most it for the rest."""

    field: str
    connections: int
    bound: float

    @property
    def least(self) -> bool:
        """Whether more is better."""
        return self.field == "rate"

    def reached(self, ratio: float) -> bool:
        """Whether a ratio is good enough."""
        return ratio >= self.bound if self.least else ratio <= self.bound


TARGETS = (
    Target("p50", 1, 1.3),
    Target("rate", 16, 0.75),
    Target("p99", 16, 1.3),
    Target("cpu_per_request", 16, 1.35),
    Target("rate", 64, 0.75),
    Target("p99", 64, 1.3),
    Target("cpu_per_request", 64, 1.35),
)


def pairs(cells: Sequence[Record], target: Target) -> list[float]:
    """The ratio of each round that has both."""
    found: dict[int, dict[str, float]] = {}
    for cell in cells:
        if cell["connections"] == target.connections and cell["server"] in {"smeaton", "bare"} and cell[target.field]:
            found.setdefault(cell["round"], {})[cell["server"]] = cell[target.field]
    return [pair["smeaton"] / pair["bare"] for _, pair in sorted(found.items()) if len(pair) == 2]


def ratio_rows(cells: Sequence[Record]) -> list[list[str]]:
    """One row a target: what, the median, the bound, whether it holds, all rounds."""
    rows = []
    for target in TARGETS:
        ratios = pairs(cells, target)
        if ratios:
            middle, sign = median(ratios), ">=" if target.least else "<="
            held = "yes" if target.reached(middle) else "**no**"
            every = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            what = f"{target.field.replace('_', ' ')} at c={target.connections}"
            rows.append([what, f"{middle:.2f}x", f"{sign} {target.bound}x", held, every])
    return rows


def best_rate(cells: Sequence[Record], server: str) -> float:
    """The highest median rate of a server at any number of connections, requests a second; 0 if never measured."""
    rates: dict[int, list[float]] = {}
    for cell in cells:
        if cell["server"] == server:
            rates.setdefault(cell["connections"], []).append(cell["rate"])
    return max((median(found) for found in rates.values()), default=0.0)


def multiple_rows(cells: Sequence[Record], coded: bool) -> list[list[str]]:
    """One row a peer: its best configuration, its best rate, how many times that Smeaton answers at its own best.

    `coded` tells whether those with the categories coded by hand count.
    """
    own, best = best_rate(cells, "smeaton"), {}
    for server in dict.fromkeys(cell["server"] for cell in cells):
        peer, rate = server.partition("+")[0], best_rate(cells, server)
        if peer not in {"smeaton", "bare"} and (coded or "+coded" not in server) and rate > best.get(peer, ("", 0))[1]:
            best[peer] = server, rate
    ordered = sorted(best.values(), key=lambda found: found[1])
    return [[server, f"{rate:,.0f}", f"{own / rate:.1f}x"] for server, rate in ordered]

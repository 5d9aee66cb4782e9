"""The order of measuring: cell by cell, ours in pairs, the peers between them, nothing measured twice."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.kinds import Bench
from benchmarks.serving.load import measure
from benchmarks.serving.peers import versions
from benchmarks.serving.results import Record, Results, code, machine
from benchmarks.serving.running import Running, ServerError
from benchmarks.serving.servers import OURS, Server


class Cells:
    """Cells of the results: what is missing, and how one is kept. `again` are servers whose cells are not believed."""

    def __init__(self, results: Results, bench: Bench, again: frozenset[str]) -> None:
        self.results, self.bench, self.again = results, bench, again
        self.failed: list[str] = []
        self._graph = hashlib.sha256(bench.model.graph.read_bytes()).hexdigest()[:12]

    def missing(self, kind: str, server: Server, place: Record) -> bool:
        """Whether a cell has to be measured."""
        return server.name in self.again or not self.results.has(kind, self._cell(server, place))

    def keep(self, kind: str, server: Server, place: Record, found: dict[str, Any]) -> None:
        """Write a cell down, with what it was measured on."""
        python = str(self.bench.peers / server.peer / "bin" / "python") if server.peer else sys.executable
        about = {"graph": self._graph, "versions": versions(python)}
        self.results.add(kind, self._cell(server, place) | found | about)

    def once(self, kind: str, server: Server, place: Record, ask: Callable[[], dict[str, Any]]) -> None:
        """Measure a cell that is missing."""
        if self.missing(kind, server, place):
            print(f"{kind:8} {server.name}", flush=True)
            with self.going_on():
                self.keep(kind, server, place, ask())

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """A server that does not start is told of, and the others are measured."""
        try:
            yield
        except ServerError as error:
            print(error, file=sys.stderr, flush=True)
            self.failed.append(str(error).partition("\n")[0])

    def _cell(self, server: Server, place: Record) -> Record:
        own = "" if server.peer else code()
        return {"server": server.name, "code": own, "machine": machine(), **place}


@dataclass(frozen=True)
class Speed:
    """How speed is measured: connections, seconds a cell, rounds of ours and of each peer."""

    connections: tuple[int, ...]
    seconds: float
    rounds: int
    peer_rounds: int


def measure_speed(cells: Cells, bench: Bench, servers: Sequence[Server], speed: Speed) -> None:
    """Round by round: Smeaton and `bare` run together and take turns, each first in every other round; then
    each peer."""
    ours = [server for server in servers if server in OURS]
    for number in range(speed.rounds):
        _round(cells, bench, ours if number % 2 == 0 else ours[::-1], speed, number)
        if number < speed.peer_rounds:
            for server in servers:
                if server not in OURS:
                    _round(cells, bench, [server], speed, number)


def _round(cells: Cells, bench: Bench, servers: Sequence[Server], speed: Speed, number: int) -> None:
    """All cells of one round. Of a pair either both are measured or none: their ratio is what counts."""
    places: list[Record] = [{"connections": count, "round": number} for count in speed.connections]
    wanted = [place for place in places if any(cells.missing("speed", server, place) for server in servers)]
    if not wanted:
        return
    with cells.going_on(), ExitStack() as held:
        running = [held.enter_context(bench.start(server)) for server in servers]
        for place in wanted:
            for one in running:
                cells.keep("speed", one.server, place, _told(one, place, speed.seconds))


def _told(running: Running, place: Record, seconds: float) -> dict[str, Any]:
    found = measure(running, place["connections"], seconds)
    print(
        f"speed    {running.server.name:24} round {place['round']}  c={place['connections']:<3}"
        f"{found['rate']:9.0f}/s  p50 {found['p50'] * 1e3:8.2f} ms  p99 {found['p99'] * 1e3:8.2f} ms"
        f"  errors {sum(found['errors'].values())}  wrong {found['wrong']}",
        flush=True,
    )
    return found

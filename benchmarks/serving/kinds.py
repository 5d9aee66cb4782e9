"""The kinds of measurement beside speed, each on one server: start to end."""

from pathlib import Path
from typing import Any

from benchmarks.serving import inputs
from benchmarks.serving.load import drive, remember
from benchmarks.serving.model import Model
from benchmarks.serving.running import Running
from benchmarks.serving.servers import OURS, Server

_STARTS, _PEER_STARTS = 10, 2
_REQUESTS = 10_000
_MOST_S, _LOADED_S = 20.0, 2.0


class Bench:
    """Starts servers: the model, the peers' environments, a folder for their files."""

    def __init__(self, model: Model, peers: Path, scratch: Path) -> None:
        self.model, self.peers, self.scratch = model, peers, scratch

    def start(self, server: Server) -> Running:
        """A server, not started yet: use it with `with`."""
        return Running(server, self.model, self.peers, self.scratch / server.name)


def cold(bench: Bench, server: Server) -> dict[str, Any]:
    """Seconds from the start of the process to the first right answer, several times (files are in memory by then)."""
    seconds = []
    for _ in range(_STARTS if server in OURS else _PEER_STARTS):
        with bench.start(server) as running:
            seconds.append(running.cold)
    return {"seconds": seconds}


def memory(bench: Bench, server: Server) -> dict[str, Any]:
    """Memory of each process, ready and after 10,000 requests."""
    with bench.start(server) as running:
        return remember(running, _REQUESTS, 10 * _MOST_S if server in OURS else _MOST_S)


def bad_inputs(bench: Bench, server: Server) -> dict[str, Any]:
    """What becomes of each of the thirteen. A server that one of them ends is started again for the next."""
    found: dict[str, Any] = {}
    bodies = inputs.bodies(server.wire, bench.model.rows[0][0])
    while len(found) < len(bodies):
        with bench.start(server) as running:
            for name in list(bodies)[len(found) :]:
                found[name] = inputs.send(running, bodies[name])
                if not found[name]["alive"]:
                    break
    return {"inputs": found}


def ends(bench: Bench, server: Server) -> dict[str, Any]:
    """SIGTERM to the process that was started, after a little load: exit status, seconds, processes left behind."""
    with bench.start(server) as running:
        drive(running, 16, _LOADED_S)
        before = len(running.processes())
        ended = running.end()
    return {"status": ended.status, "seconds": ended.seconds, "processes": before, "left": ended.left}


KINDS = {"cold": cold, "memory": memory, "inputs": bad_inputs, "ends": ends}

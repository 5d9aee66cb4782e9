"""One cell of the speed table: closed-loop load from a process of its own on a server that runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.serving.calls import wrong
from benchmarks.serving.running import Running

_WARM_S = 1.0
_MOST_CHECKS_AT_ONCE = 16


def write_bodies(running: Running) -> Path:
    """All rows in the server's form, one body a line."""
    path = running.place.folder / "bodies.jsonl"
    bodies = (json.dumps(running.server.wire.wrap([row])) for row, _ in running.model.rows)
    path.write_text("\n".join(bodies) + "\n", encoding="utf-8")
    return path


def drive(running: Running, connections: int, seconds: float) -> dict[str, Any]:
    """What `smeaton.service.load` says: requests, rate, latencies in seconds, errors by kind."""
    command = [sys.executable, "-m", "smeaton.service.load", "--url", running.url]
    command += ["--bodies", str(write_bodies(running)), "--header", "Content-Type: application/json"]
    command += ["--connections", str(connections), "--seconds", str(seconds), "--warmup", "0"]
    found: dict[str, Any] = json.loads(subprocess.check_output(command, text=True))
    return found


def measure(running: Running, connections: int, seconds: float) -> dict[str, Any]:
    """Warm up, load, and check the answers to all rows with as many connections.

    `cpu_per_request` is seconds of processor time of the server's whole tree of processes.
    """
    drive(running, connections, min(_WARM_S, seconds))
    before = running.cpu()
    found = drive(running, connections, seconds)
    spent = running.cpu() - before
    memory = running.memory()
    faults = wrong(running.server, running.url, running.model, min(connections, _MOST_CHECKS_AT_ONCE))
    return found | {
        "cpu_per_request": spent / found["requests"] if found["requests"] else None,
        "pss": sum(process["pss"] for process in memory),
        "processes": len(memory),
        "load_average": os.getloadavg()[0],
        "checked": len(running.model.rows),
        "wrong": len(faults),
        "first_wrong": faults[0][:200] if faults else None,
    }


def remember(running: Running, requests: int, most_seconds: float) -> dict[str, Any]:
    """Memory of each process when ready, and after so many requests (or as many as fit in the time)."""
    ready, done, spent = running.memory(), 0, 0.0
    while done < requests and spent < most_seconds:
        found = drive(running, 16, 2.0)
        done, spent = done + found["requests"], spent + found["seconds"]
    return {"requests": done, "ready": ready, "after": running.memory()}

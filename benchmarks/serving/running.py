"""A server process with all that it started: ready, measured, ended. Linux: it reads /proc."""

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.serving.calls import ask
from benchmarks.serving.model import Model
from benchmarks.serving.peers import prepare
from benchmarks.serving.processes import Process, family, marked
from benchmarks.serving.servers import Place, Server

_MARK = "SERVING_CELL"
_START_S, _END_S, _SETTLE_S = 90.0, 30.0, 3.0


@dataclass(frozen=True)
class Ended:
    """How a server ended: its exit status, the seconds until then, and the processes that outlived it."""

    status: int | None
    seconds: float
    left: list[str]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class ServerError(Exception):
    """A server does not answer rightly."""


class Running:
    """One server, from the start of its process to the end of its last one. A context manager."""

    def __init__(self, server: Server, model: Model, peers: Path, folder: Path) -> None:
        self.server, self.model = server, model
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.place = Place(model, folder, free_port(), free_port(), peers)
        if server.peer == "mlflow":
            prepare(self.place)
        self._mark = uuid.uuid4().hex
        self._known: set[Process] = set()
        self.log = folder.with_suffix(".log")
        self.cold = 0.0

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.place.port}{self.server.path}"

    def __enter__(self) -> "Running":
        """Start it and wait for the first right answer; `cold` is how long that took, in seconds.

        Raises:
            ServerError: it ended, or did not answer rightly in time; the end of its log is in the message.
        """
        env = self.server.environment(self.place) | {_MARK: self._mark}
        with self.log.open("wb") as log:
            start = time.perf_counter()
            command = self.server.command(self.place)
            self.process = subprocess.Popen(
                command, env=env, cwd=self.place.folder, stdout=log, stderr=log, start_new_session=True
            )
        row, expected = self.model.rows[0]
        while not self._right(row, expected):
            if self.process.poll() is not None or time.perf_counter() - start > _START_S:
                said = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                self.end(signal.SIGKILL)
                raise ServerError(f"{self.server.name} does not answer:\n{said}")
            time.sleep(0.005)
        self.cold = time.perf_counter() - start
        return self

    def _right(self, row: dict[str, Any], expected: float) -> bool:
        try:
            return abs(ask(self.server, self.url, row) - expected) < 1e-6
        except (OSError, ValueError, KeyError, TypeError):
            return False  # not there yet: refused, or still loading

    def processes(self) -> set[Process]:
        """All processes of it that live: descendants, and whoever has its mark or was once seen among them."""
        self._known |= family(self.process.pid) | marked(f"{_MARK}={self._mark}")
        self._known = {process for process in self._known if process.alive}
        return self._known

    def cpu(self) -> float:
        """Seconds of processor time of all processes, those that ended included."""
        return sum(process.cpu() for process in self.processes())

    def memory(self) -> list[dict[str, Any]]:
        """Memory of each process in bytes, the largest first: `pss` shares what is shared, `rss` does not."""
        return sorted((process.memory() for process in self.processes()), key=lambda one: -one["pss"])

    def end(self, number: int = signal.SIGTERM) -> Ended:
        """Send a signal to the first process, wait, see what is left, and kill that."""
        self.processes()
        start = time.perf_counter()
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        try:
            status: int | None = self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            status = None
        seconds = time.perf_counter() - start
        until = time.perf_counter() + _SETTLE_S
        while (left := self.processes()) and time.perf_counter() < until:
            time.sleep(0.05)
        names = sorted(process.name for process in left)
        while left := self.processes():
            for process in left:
                process.kill()
            self.process.poll()
            time.sleep(0.02)
        return Ended(status, seconds, names)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it, whatever happened."""
        self.end()

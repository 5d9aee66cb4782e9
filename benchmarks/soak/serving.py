"""A `smeaton serve` process with all that it started: ready, watched, ended. Linux: it reads /proc."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.serving.processes import Process, family, marked

from smeaton.service.load.target import Target, target_of

_MARK = "SOAK_SERVICE"
_SETTLE_SECONDS = 3.0
_END_SECONDS = 45.0


class Serving:
    """One service. A context manager: in the end nothing of it is left. `log` is what it wrote to stderr."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._arguments = [str(argument) for argument in arguments]
        self._mark = uuid.uuid4().hex
        self._log = folder / f"{self._mark[:8]}.log"
        self._known: set[Process] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Serving":
        """Start it and wait until it says where it answers.

        Raises:
            RuntimeError: it did not start.
        """
        command = [sys.executable, "-m", "smeaton", "serve", *self._arguments, "--port", "0", "--json"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | {_MARK: self._mark},
                start_new_session=True,
            )
        output = self.process.stdout
        assert output is not None
        line = output.readline()
        output.close()
        if not line.startswith(b'{"url"'):
            self.kill()
            raise RuntimeError(f"the service did not start: {line.decode()} {self.log}")
        self.said: dict[str, Any] = json.loads(line)
        self.target: Target = target_of(self.said["url"])
        return self

    @property
    def log(self) -> str:
        """What it wrote to stderr so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> set[Process]:
        """All processes of it that live: descendants, whoever has its mark, whoever was once among them."""
        self._known |= family(self.process.pid) | marked(f"{_MARK}={self._mark}")
        self._known = {process for process in self._known if process.alive}
        return self._known

    def workers(self) -> list[Process]:
        """The processes that answer."""
        return [one for one in self.processes() if one.pid != self.process.pid and "smeaton.service.worker" in one.name]

    def memory(self) -> dict[str, int]:
        """Bytes: the proportional set of all processes, and of the workers alone."""
        workers = {one.pid for one in self.workers()}
        sizes = {one.pid: int(one.memory()["pss"]) for one in self.processes()}
        return {"all": sum(sizes.values()), "workers": sum(size for pid, size in sizes.items() if pid in workers)}

    def tell(self, number: int) -> None:
        """Send a signal to the supervisor."""
        os.kill(self.process.pid, number)

    def ended(self) -> tuple[int | None, list[str]]:
        """Wait for its end: exit status (None if it does not end), and the names of processes that outlived it."""
        try:
            status: int | None = self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        until = time.monotonic() + _SETTLE_SECONDS
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.02)
        return status, sorted(process.name for process in left)

    def kill(self) -> float:
        """`kill -9` of every process of it, at once; the moment (unix seconds) just before."""
        moment = time.time()
        if self.process.poll() is None:  # else its number may be another's by now
            os.killpg(self.process.pid, signal.SIGKILL)
        while left := self.processes():
            for process in left:
                process.kill()
            time.sleep(0.005)
        self.process.wait()
        return moment

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it, whatever happened."""
        if error is not None:
            print(f"the service (exit status {self.process.poll()}) said: {self.log[-4000:]}", file=sys.stderr)
        if self.process.poll() is None:
            self.tell(signal.SIGTERM)
            self.ended()
        self.kill()

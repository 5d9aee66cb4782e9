"""Starts `tiny_service.py` and speaks to it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SERVICE = Path(__file__).with_name("tiny_service.py")


class TinyService:
    """A supervisor with tiny workers. `said` is its first line."""

    def __init__(self, **given: Any) -> None:
        command = [sys.executable, str(SERVICE), json.dumps(given)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = json.loads(self.process.stdout.readline())
        self.address = urlsplit(self.said.get("url", "")).netloc
        self.pids: set[int] = set()

    def ask(self, path: str = "/", timeout: float = 5.0) -> tuple[int, Any]:
        """Status and body, over a new connection."""
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Process ids, in the order of workers."""
        pids = [result["pid"] for result in self.ask("/all")[1]]
        self.pids.update(pids)
        return pids

    def wait(self, path: str, wanted: Callable[[tuple[int, Any]], bool], seconds: float) -> float:
        """Ask until the answer is as wanted; the seconds it took."""
        start = time.monotonic()
        while (passed := time.monotonic() - start) < seconds:
            try:
                if wanted(self.ask(path, timeout=0.9)):
                    return passed
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise AssertionError(f"{path} did not answer as wanted within {seconds} s")

    def stop(self, number: int = signal.SIGTERM, timeout: float = 10) -> tuple[int, str]:
        """End it; exit code and what it said on stderr. Every worker seen must be gone, and the streams closed."""
        os.kill(self.process.pid, number)
        return self.ended(timeout)

    def ended(self, timeout: float = 10) -> tuple[int, str]:
        """The same, where it ends by itself."""
        _, errors = self.process.communicate(timeout=timeout)
        assert not [pid for pid in self.pids if alive(pid)]
        return self.process.returncode, errors

    def end(self) -> None:
        """End what is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=10)
        for pid in self.pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

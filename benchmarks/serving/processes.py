"""Processes by /proc: who belongs to whom, processor time, memory."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """One process. `started` (clock ticks since boot) tells it from a later one with the same number."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether it still runs (a process that waits for its parent to notice its end does not)."""
        found = _stat(self.pid)
        return found is not None and int(found[19]) == self.started and found[0] not in {"Z", "X"}

    @property
    def name(self) -> str:
        """Its program and first arguments."""
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            return "ended"
        return " ".join(word.rsplit("/", 1)[-1] for word in words[:4] if word)[:60]

    def cpu(self) -> float:
        """User and system seconds, with those of the children it has waited for."""
        found = _stat(self.pid)
        return sum(map(int, found[11:15])) / _TICK if found else 0.0

    def memory(self) -> dict[str, Any]:
        """Bytes: proportional and resident set now, and the largest resident set so far."""
        sizes: dict[str, Any] = {"name": self.name, "pss": 0, "rss": 0, "peak": 0}
        with suppress(OSError):
            rollup = _fields(Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii"))
            status = _fields(Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8"))
            sizes |= {"pss": rollup["Pss"], "rss": rollup["Rss"], "peak": status["VmHWM"]}
        return sizes

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def family(pid: int) -> set[Process]:
    """A process and its descendants that live."""
    parents: dict[int, list[Process]] = {}
    root = None
    for number in _numbers():
        found = _stat(number)
        if found is not None and found[0] not in {"Z", "X"}:
            process = Process(number, int(found[19]))
            parents.setdefault(int(found[1]), []).append(process)
            root = process if number == pid else root
    members, waiting = set(), [root] if root else []
    while waiting:
        process = waiting.pop()
        members.add(process)
        waiting.extend(parents.get(process.pid, []))
    return members


def marked(mark: str) -> set[Process]:
    """The living processes with `NAME=VALUE` in the environment they were started with."""
    found = set()
    for number in _numbers():
        with suppress(OSError):
            stat = _stat(number)
            if stat and f"{mark}\0".encode() in Path(f"/proc/{number}/environ").read_bytes() + b"\0":
                found.add(Process(number, int(stat[19])))
    return {process for process in found if process.alive}


def _numbers() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on (state, parent, ...): the second may hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _fields(text: str) -> dict[str, int]:
    """`Name:  123 kB` lines, in bytes."""
    words = (line.split() for line in text.splitlines())
    return {word[0].rstrip(":"): int(word[1]) * 1024 for word in words if len(word) == 3 and word[2] == "kB"}

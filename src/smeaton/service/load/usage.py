"""What the processes of a service use: CPU seconds and memory, read from outside.

On Linux from /proc (proc_pid_stat(5), proc_pid_status(5)), at any time. Elsewhere only the system's own account of
ended children is there (getrusage(2)), once the service has ended.
"""

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

LIVE = sys.platform == "linux"  #: whether a running process can be read
_TICK = os.sysconf("SC_CLK_TCK")
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in one of ru_maxrss


class Usage:
    """A process and all that it started."""

    def __init__(self, pid: int) -> None:
        self._root = pid
        self._pids = [pid]
        self._peaks: dict[int, int] = {}

    def look(self) -> None:
        """Find the processes and their memory; not while latencies are measured, it takes milliseconds."""
        parents = {}
        for entry in os.scandir("/proc"):
            fields = _stat(entry.name) if entry.name.isdigit() else None
            if fields is not None:
                parents[int(entry.name)] = int(fields[1])
        family = [self._root]
        for pid in family:
            family.extend(child for child, parent in parents.items() if parent == pid)
        self._pids = family
        self._peaks |= {pid: peak for pid in family if (peak := _peak(pid))}

    def cpu(self) -> float:
        """CPU seconds so far, those of ended children included."""
        found = (_stat(str(pid)) for pid in self._pids)
        return sum(sum(map(int, fields[11:15])) for fields in found if fields is not None) / _TICK

    @property
    def peak(self) -> int:
        """Bytes of memory: the peaks of all processes added up; what they share counts in each."""
        return sum(self._peaks.values())

    @property
    def processes(self) -> int:
        """How many processes there are."""
        return len(self._pids)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if LIVE else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Ended:
    """CPU seconds of ended children, and bytes of memory of the largest of them."""

    cpu: float
    peak: int


def ended_children() -> Ended:
    """The system's account of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ended(used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT)


def _stat(pid: str) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on; the name before it may hold blanks and brackets."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None  # it has ended


def _peak(pid: int) -> int:
    try:
        lines = Path("/proc", str(pid), "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)

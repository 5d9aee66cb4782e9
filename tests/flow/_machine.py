"""What the tests of faults share: small disks, processes that are watched, and folders to build in."""

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import TASK, workers_of

#: Two families that take a while, so that something can happen meanwhile.
SEARCH = TASK.replace('solutions: {only: [baseline], add: ["quick.py:quick"]}', "solutions: {only: [linear, boosting]}")


@contextlib.contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own; skips where none may be mounted."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def as_others_may() -> None:
    """Root may write anywhere; without CAP_DAC_OVERRIDE (1) permissions hold for it too (PR_CAPBSET_DROP is 24)."""
    if sys.platform == "linux" and os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill a disk but for some bytes; returns the file that does."""
    path = folder / "filler"
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65_536)
    if leave:
        os.truncate(path, max(0, path.stat().st_size - leave))
    return path


@dataclass
class Watched:
    """A command that runs while its lines are read."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    def until(self, wanted: Callable[[str], bool], seconds: float = 120) -> None:
        """Wait for a line of its output."""
        end = time.monotonic() + seconds
        seen = 0
        while time.monotonic() < end:
            for line in self.lines[seen:]:
                seen += 1
                if wanted(line):
                    return
            if self.process.poll() is not None and seen == len(self.lines):
                break
            time.sleep(0.01)
        raise AssertionError(f"it never said so: {''.join(self.lines)}")

    def end(self, seconds: float = 120) -> tuple[int, str]:
        """Its exit code and all it said; no traceback and no worker may be left."""
        code = self.process.wait(seconds)
        for reader in self.readers:
            reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        said = "".join(self.lines)
        assert "Traceback" not in said, said
        assert alone(self.process.pid), "workers were left behind"
        return code, said


def watched(*arguments: object, environment: dict[str, str] | None = None, **options: Any) -> Watched:
    """Start the command line and read all it says."""
    command = [sys.executable, "-m", "smeaton", *map(str, arguments)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=(os.environ if environment is None else environment) | {"PYTHONUNBUFFERED": "1"},
        **options,
    )
    found = Watched(process)

    def copy() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            found.lines.append(line)

    reader = threading.Thread(target=copy, daemon=True)
    found.readers.append(reader)
    reader.start()
    return found


def alone(pid: int, seconds: float = 5.0) -> bool:
    """Whether all workers of a process end within some seconds."""
    end = time.monotonic() + seconds
    while workers_of(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True

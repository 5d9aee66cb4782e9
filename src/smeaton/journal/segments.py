"""The files of a journal: their names, and what these say.

A segment is `20261128T193812.345Z-WORKER-1f2e3d4c.db`: when it was begun, who writes it, and a random part. Names sort
by time. One that was damaged is `NAME.damaged`. While it is written (or was left by a process that was killed) a
`NAME-wal` lies beside it; a finished one is a single file.
"""

import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{3})Z-([A-Za-z0-9_]{1,32})-[0-9a-f]{8}\.db(\.damaged)?")
_WORKER = re.compile(r"[A-Za-z0-9_]{1,32}")
_BESIDE = ("-wal", "-shm")
SETTLED = 60.0  # a file not touched for so many seconds is not just being made


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """One file of the folder. `begun` in unix seconds."""

    path: Path
    worker: str
    begun: float
    damaged: bool

    @property
    def in_use(self) -> bool:
        """Whether somebody writes it, or was killed while writing it."""
        return Path(f"{self.path}-wal").exists()

    def left_over(self, mine: bool) -> bool:
        """Whether a killed process may have left it (one of the same worker if it is `mine`) to be folded up."""
        settled = time.time() - self.touched() > SETTLED
        if self.in_use:
            return mine or settled
        return settled and not self.damaged and self.bytes() == 0

    def bytes(self) -> int:
        """Size with what lies beside it; 0 if it is gone."""
        return sum(_stat(path)[0] for path in self._files())

    def touched(self) -> float:
        """When it was last written, in unix seconds."""
        return max(_stat(path)[1] for path in self._files()[:2])

    def remove(self) -> None:
        """Delete it; nothing where another worker was faster."""
        for path in self._files():
            path.unlink(missing_ok=True)

    def move_aside(self) -> Path:
        """Rename it to `NAME.damaged`, so that nobody reads or writes it again."""
        target = Path(f"{self.path}.damaged")
        for beside in (*_BESIDE, ""):
            with contextlib.suppress(FileNotFoundError):  # another worker was faster, or there is no such file
                os.replace(f"{self.path}{beside}", f"{target}{beside}")
        return target

    def _files(self) -> list[Path]:
        return [self.path, *(Path(f"{self.path}{beside}") for beside in _BESIDE)]


def listed(folder: Path) -> list[SegmentFile]:
    """The segments of a folder, oldest first; none if there is no such folder."""
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [segment for name in names if (segment := parsed(folder / name)) is not None]


def parsed(path: Path) -> SegmentFile | None:
    """What a path's name says, None if it is no segment."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    begun = datetime.strptime(found[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    return SegmentFile(path, found[2], begun.timestamp(), found[3] is not None)


def fresh(folder: Path, worker: str) -> SegmentFile:
    """The name of a segment to begin now."""
    now = datetime.now(UTC)
    stamp = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z"
    path = folder / f"{stamp}-{worker}-{secrets.token_hex(4)}.db"
    return SegmentFile(path, worker, now.timestamp(), False)


def is_worker(name: str) -> bool:
    """Whether a worker may be called so: letters, digits and underscores, 32 at most."""
    return _WORKER.fullmatch(name) is not None


def _stat(path: Path) -> tuple[int, float]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0.0
    return found.st_size, found.st_mtime

"""How long segments stay, and how a left-over one is folded up."""

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from smeaton.journal.segments import SegmentFile

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that a file is not what it wrote."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


def finish(segment: SegmentFile) -> str:
    """Fold what lies beside a segment into it, unless somebody has it open; returns what damage was found.

    Checks the whole file. One in which nothing was ever committed is removed.
    """
    try:
        with closing(sqlite3.connect(_uri(segment.path), uri=True, isolation_level=None, timeout=0)) as base:
            base.execute("pragma journal_mode=delete")
            verdict = base.execute("pragma quick_check(1)").fetchone()[0]
            if verdict != "ok":
                return str(verdict)
            empty = base.execute("select 1 from sqlite_master limit 1").fetchone() is None
    except sqlite3.Error as error:
        # Busy: a living worker or a reader has it, and it is theirs. All else is tried again at the next round.
        return str(error) if is_damage(error) else ""
    if empty:
        segment.remove()
    return ""


def _uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=rw"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long segments stay: `keep_seconds` after the last entry one can hold, `keep_bytes` of all; None = for ever.
    `span` is the longest time one segment is written, in seconds."""

    keep_seconds: float | None
    keep_bytes: int | None
    span: float

    def removable(self, segments: Iterable[SegmentFile], own: Path | None) -> list[SegmentFile]:
        """Segments to remove, oldest first: never the newest, nor one that is in use."""
        found = list(segments)
        if self.keep_seconds is None and self.keep_bytes is None:
            return []
        now = time.time()
        left = sum(segment.bytes() for segment in found) if self.keep_bytes is not None else 0
        gone: list[SegmentFile] = []
        for segment in found[:-1]:
            # A tidied file was touched later than its last entry: no entry is younger than the span either.
            last = min(segment.touched(), segment.begun + self.span)
            old = self.keep_seconds is not None and now - last > self.keep_seconds
            large = self.keep_bytes is not None and left > self.keep_bytes
            if (old or large) and segment.path != own and self._free(segment, now):
                left -= segment.bytes()
                gone.append(segment)
        return gone

    @staticmethod
    def _free(segment: SegmentFile, now: float) -> bool:
        if segment.damaged:
            return True
        if not segment.in_use:
            return now - segment.touched() > 1.0  # one just begun has nothing beside it yet
        finish(segment)
        return not segment.in_use

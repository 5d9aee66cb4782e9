"""`Segment`: one SQLite file, open for its one writer.

In WAL mode every transaction is whole or not there after a crash of the process. Entries are committed without waiting
for the disk (a power cut may take the last of them, never harm the file); feedback is on the disk when `keep` returns.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from smeaton.journal.encode import Encoded, Form, to_json
from smeaton.journal.feedback import Feedback
from smeaton.journal.segments import SegmentFile, fresh

FORMAT = 1

_SCHEMA = """
create table meta (format integer not null, worker text not null, begun real not null);
create table models (
    key integer primary key, model text not null, bundle text not null, columns text not null, masked text not null,
    entries integer not null, predictions integer not null, first real, last real);
create table entries (
    seq integer primary key, model integer not null, at real not null, id text not null, wire text not null,
    caller text not null, trace text not null, seconds real not null, count integer not null, rows text not null,
    answers text not null);
create table feedback (
    seq integer primary key, id text not null, row integer not null, truth text not null, at real not null,
    received real not null);
"""


@dataclass(slots=True)
class Tally:
    """What one transaction adds to a model: entries, their rows, and the first and last moment."""

    entries: int = 0
    predictions: int = 0
    first: float = float("inf")
    last: float = float("-inf")

    def add(self, entry: Encoded) -> None:
        """Count one entry."""
        at = entry[0]
        self.entries += 1
        self.predictions += entry[6]
        self.first = min(self.first, at)
        self.last = max(self.last, at)


class Segment:
    """A new segment in a folder, which is made if it is missing.

    Raises:
        OSError, sqlite3.Error: it cannot be made there; nothing is left behind.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file: SegmentFile = fresh(folder, worker)
        self.used = False  # whether anything was committed
        self._keys: dict[Form, int] = {}
        handle = os.open(self.file.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            self._inode = os.fstat(handle).st_ino
            os.close(handle)
            self._base = connect(self.file.path)
            with self.transaction():
                for statement in _SCHEMA.split(";"):
                    self._base.execute(statement)
                self._base.execute("insert into meta values (?, ?, ?)", (FORMAT, worker, self.file.begun))
        except BaseException:
            self.abandon()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is done inside.

        Raises:
            sqlite3.Error: it could not be kept. OSError: the file is no longer in its folder.
        """
        self._still_there()
        self._base.execute("begin immediate")
        try:
            yield
            self._base.execute("commit")
        except BaseException:
            self._keys.clear()
            if self._base.in_transaction:  # SQLite ends some by itself: a full disk, an error of the disk
                self._base.execute("rollback")
            raise
        self._still_there()

    def add(self, form: Form, entries: Sequence[Encoded]) -> None:
        """Insert entries of one model, in one statement: while SQLite works the other threads of the process run."""
        key = self._key(form)
        self._base.execute(_insert(len(entries)), [value for entry in entries for value in (key, *entry)])

    def count(self, tallies: Mapping[Form, Tally]) -> None:
        """Add to what the segment says of itself."""
        for form, tally in tallies.items():
            self._base.execute(
                "update models set entries = entries + ?1, predictions = predictions + ?2, "
                "first = min(coalesce(first, ?3), ?3), last = max(coalesce(last, ?4), ?4) where key = ?5",
                (tally.entries, tally.predictions, tally.first, tally.last, self._key(form)),
            )

    def keep(self, truths: Sequence[Feedback]) -> None:
        """Commit truths; on the disk when this returns. Raises as `transaction` does."""
        received = time.time()
        self._base.execute("pragma synchronous=full")
        try:
            with self.transaction():
                self._base.executemany(
                    "insert into feedback (id, row, truth, at, received) values (?, ?, ?, ?, ?)",
                    [(t.id, t.row, t.truth, received if t.at is None else t.at, received) for t in truths],
                )
        finally:
            self._base.execute("pragma synchronous=normal")
        self.used = True

    def bytes(self) -> int:
        """Size of the file once all is folded into it."""
        pages = self._base.execute("pragma page_count").fetchone()[0]
        return int(pages * self._base.execute("pragma page_size").fetchone()[0])

    def close(self) -> None:
        """Leave one plain file. Where a reader has it open, or the disk is full, it stays in parts: nothing is lost."""
        with contextlib.suppress(sqlite3.Error):
            self._base.execute("pragma journal_mode=delete")
        self._base.close()

    def abandon(self) -> None:
        """Let go of it after an error; without a trace if nothing was ever committed."""
        base: sqlite3.Connection | None = getattr(self, "_base", None)
        if base is not None:
            with contextlib.suppress(sqlite3.Error):  # the error that led here was told of
                base.close()
        if not self.used:
            with contextlib.suppress(OSError):
                self.file.remove()

    def _key(self, form: Form) -> int:
        key = self._keys.get(form)
        if key is None:
            told = (form.model, form.bundle, to_json(form.written), to_json(sorted(form.masked)))
            found = self._base.execute(
                "select key from models where model = ? and bundle = ? and columns = ? and masked = ?", told
            ).fetchone()
            if found is None:
                insert = "insert into models values (null, ?, ?, ?, ?, 0, 0, null, null) returning key"
                found = self._base.execute(insert, told).fetchone()
            key = self._keys[form] = int(found[0])
        return key

    def _still_there(self) -> None:
        """SQLite goes on writing into a file that was deleted; nobody would ever read it."""
        if os.stat(self.file.path).st_ino != self._inode:
            raise FileNotFoundError(f"another file has taken the place of {self.file.path.name}")


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes: WAL, entries not synced one by one."""
    base = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    base.execute("pragma journal_mode=wal")
    base.execute("pragma synchronous=normal")
    base.execute("pragma fullfsync=on")  # macOS: a sync that reaches the disk
    base.execute("pragma journal_size_limit=8000000")
    return base


@lru_cache(maxsize=64)
def _insert(count: int) -> str:
    places = ",".join(["(?,?,?,?,?,?,?,?,?,?)"] * count)
    return f"insert into entries (model, at, id, wire, caller, trace, seconds, count, rows, answers) values {places}"  # noqa: S608

"""`Ledger`: the durable purse of a build, shared by its processes and kept through `kill -9`.

Money is reserved before a paid call and settled after it, each in one SQLite transaction that takes the write lock
first. So what is settled plus what is reserved never passes the cap, however many processes ask.

The reservation of a process that died counts as spent in full: the call may have been billed, and nobody is left who
knows. It is freed only when a person says so (`release_dead`), never by itself.

Replies are kept by content key in the same transaction that settles them. A build taken up again finds them and pays
for none twice; a reply lost between the provider and this file was paid for and is reserved in full. While a living
process asks a question nobody else asks the same one (`claim`).
"""

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smeaton.errors import DataError
from smeaton.llm.purse import NANO, nanodollars, no_money, too_dear

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS money (
    ticket TEXT PRIMARY KEY, reserved INTEGER NOT NULL, settled INTEGER, why TEXT NOT NULL, at REAL NOT NULL,
    owner TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, ticket TEXT NOT NULL, reply BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS asking (key TEXT PRIMARY KEY, ticket TEXT NOT NULL) STRICT;
"""


class Ledger:
    """Money and paid replies in one SQLite file. `cap` in dollars is stored; without it the stored cap holds.

    With `daily` the cap is for each UTC day: what was settled on earlier days no longer counts, open reservations do.
    Safe to use from many threads and processes.
    """

    def __init__(self, path: Path, cap: float | None = None, *, daily: bool = False) -> None:
        self._lock = threading.Lock()
        self._daily = daily
        self._owner = process_mark()
        try:
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            with self._write() as db:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                if cap is not None:
                    db.execute("INSERT OR REPLACE INTO settings VALUES ('cap', ?)", (nanodollars(cap, up=False),))
        except sqlite3.Error as error:
            raise DataError(
                f"the ledger cannot be used: {error}", fix="choose a folder you may write to", where=str(path)
            ) from error

    @property
    def cap(self) -> float:
        """Dollars that may be spent; 0 where no cap was ever set."""
        with self._lock:
            return self._cap(self._db) / NANO

    @property
    def used(self) -> float:
        """Dollars settled plus dollars reserved (of living and dead processes)."""
        with self._lock:
            return self._used(self._db) / NANO

    @property
    def left(self) -> float:
        """Dollars that can still be reserved."""
        with self._lock:
            return max(self._cap(self._db) - self._used(self._db), 0) / NANO

    def reserve(self, amount: float, why: str) -> str:
        """Set `amount` dollars aside; on disk when this returns the ticket.

        Raises:
            OutOfMoney: it is more than is left.
        """
        with self._write() as db:
            return self._reserve(db, amount, why)

    def claim(self, amount: float, why: str, key: str) -> str | None:
        """`reserve` for the reply of a content key. None where it is there by now, or a living process asks for it.

        Raises:
            OutOfMoney: it is more than is left.
        """
        query = "SELECT owner FROM asking JOIN money USING (ticket) WHERE key = ? AND settled IS NULL"
        with self._write() as db:
            row = db.execute(query, (key,)).fetchone()
            if row is not None and alive(row[0]):
                return None
            if db.execute("SELECT 1 FROM replies WHERE key = ?", (key,)).fetchone() is not None:
                return None
            ticket = self._reserve(db, amount, why)
            db.execute("INSERT OR REPLACE INTO asking VALUES (?, ?)", (key, ticket))
        return ticket

    def settle(self, ticket: str, amount: float) -> None:
        """Book what the call really cost; 0 frees the reservation.

        Raises:
            OutOfMoney: it cost more than was set aside (booked all the same: the truth is kept).
            ValueError: the ticket is unknown or already settled.
        """
        self._settle(ticket, amount, None)

    def keep(self, ticket: str, amount: float, key: str, reply: bytes) -> None:
        """Settle a ticket and keep the reply it paid for under its content key, both or neither."""
        self._settle(ticket, amount, (key, ticket, reply))

    def recall(self, key: str) -> bytes | None:
        """The reply kept under a content key, None if there is none."""
        with self._lock:
            row = self._db.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def release_dead(self) -> float:
        """Free the reservations of processes that no longer run, and return how many dollars that were.

        Call it only where a person has looked at the provider's bill: each of these calls may have been charged.
        """
        freed = 0
        with self._write() as db:
            rows = db.execute("SELECT ticket, reserved, owner FROM money WHERE settled IS NULL").fetchall()
            for ticket, reserved, owner in rows:
                if not alive(owner):
                    db.execute("UPDATE money SET settled = 0 WHERE ticket = ?", (ticket,))
                    freed += reserved
        return freed / NANO

    def close(self) -> None:
        """Close the file. Open reservations stay reserved."""
        with self._lock:
            self._db.close()

    def _reserve(self, db: sqlite3.Connection, amount: float, why: str) -> str:
        wanted, left = nanodollars(amount), self._cap(db) - self._used(db)
        if wanted > left:
            raise no_money(wanted, left, why)
        ticket = secrets.token_hex(8)
        row = (ticket, wanted, None, why, time.time(), self._owner)
        db.execute("INSERT INTO money VALUES (?, ?, ?, ?, ?, ?)", row)
        return ticket

    def _settle(self, ticket: str, amount: float, reply: tuple[str, str, bytes] | None) -> None:
        cost = nanodollars(amount)
        with self._write() as db:
            row = db.execute("SELECT reserved FROM money WHERE ticket = ? AND settled IS NULL", (ticket,)).fetchone()
            if row is None:
                raise ValueError(f"there is no open reservation {ticket!r}")
            db.execute("UPDATE money SET settled = ? WHERE ticket = ?", (cost, ticket))
            db.execute("DELETE FROM asking WHERE ticket = ?", (ticket,))
            if reply is not None:
                db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", reply)
        if cost > row[0]:
            raise too_dear(cost, row[0])

    def _cap(self, db: sqlite3.Connection) -> int:
        row = db.execute("SELECT value FROM settings WHERE key = 'cap'").fetchone()
        return int(row[0]) if row else 0

    def _used(self, db: sqlite3.Connection) -> int:
        since = time.time() // 86_400 * 86_400 if self._daily else 0.0
        query = "SELECT COALESCE(SUM(COALESCE(settled, reserved)), 0) FROM money WHERE settled IS NULL OR at >= ?"
        return int(db.execute(query, (since,)).fetchone()[0])

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def process_mark() -> str:
    """This process as no later one can be mistaken for it: machine start, pid, and the process's own start."""
    return f"{_boot()}:{os.getpid()}:{_started(os.getpid())}"


def alive(mark: str) -> bool:
    """Whether the process behind a mark still runs on this machine."""
    boot, pid, started = mark.rsplit(":", 2)
    if boot != _boot():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return started in ("", _started(int(pid)))


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def _started(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""  # no /proc on this system: the pid alone has to do
    fields = text.rpartition(")")[2].split()
    return "ended" if fields[0] in "ZX" else fields[19]

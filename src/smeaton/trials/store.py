"""`Store`: what a build has tried, in one SQLite file that survives `kill -9`.

Every write is one transaction in WAL mode; what matters after a crash (plan, trials, order) is synced to disk. Each
record carries a digest of itself, so that damage SQLite cannot see is found too: the damaged file, and the fits that
belong to it, are then moved aside and the store says so in `notes`; nothing of them is reused.
"""

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from smeaton.errors import InputError
from smeaton.trials.notice import NoticeKind
from smeaton.trials.plan import Plan
from smeaton.trials.record import Candidate, Cost, Trial

FILE = "trials.db"
FOLDER = "trials"
VERSION = "1"

_TABLES = """
create table if not exists meta (name text primary key, body blob not null, digest text not null);
create table if not exists trials (position integer primary key, name text unique not null, body blob not null,
                                   digest text not null);
create table if not exists started (position integer primary key, name text unique not null, body blob not null,
                                    digest text not null);
create table if not exists record (position integer primary key, name text unique not null, body blob not null,
                                   digest text not null);
create table if not exists cuts (position integer primary key, name text unique not null, body blob not null,
                                 digest text not null);
create table if not exists costs (position integer primary key, name text unique not null, body blob not null,
                                  digest text not null);
create table if not exists notices (position integer primary key, kind text not null, line text not null);
"""

T = TypeVar("T")


class Started(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a candidate was begun. `pool` are the keys of the trials it may read; `at` counts seconds of the clock."""

    key: str
    candidate: Candidate
    fidelity: float = 1.0
    seed: int = 0
    pool: tuple[str, ...] = ()
    at: float = 0.0


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One trial of an earlier build, as a replay repeats it. `folds` is how many of its folds were judged, `limits`
    the steps at which the clock cut each fold's fit (None = it ended by itself)."""

    started: Started
    trial: Trial
    folds: int
    limits: tuple[int | None, ...] = ()


class Store:
    """The record of one build, open for its one writer. `notes` says what was found wrong on opening.

    `identity` names what the trials belong to (hash of data, task and versions). A store that belongs to something
    else is moved aside like a damaged one.

    Raises:
        InputError: another process is building in the same folder.
    """

    def __init__(self, root: Path, identity: str = "") -> None:
        identity = f"{VERSION}:{identity}"
        self.root = root
        self.notes: tuple[str, ...] = ()
        root.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(root / "trials.lock")
        try:
            self._open(identity)
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file and its lock back. What was written is safe without it."""
        self._base.close()
        os.close(self._lock)

    # what was tried

    def start(self, started: Started) -> None:
        """Record that a candidate was begun; beginning it again after a crash keeps its place in the order."""
        self._add("started", started.key, started, keep=True)

    def finish(self, trial: Trial) -> None:
        """Freeze a trial. Durable when this returns.

        Raises:
            ValueError: the trial is already frozen: a finished trial is never repeated.
        """
        try:
            self._add("trials", trial.key, trial)
        except sqlite3.IntegrityError:
            raise ValueError(f"trial {trial.key} is already finished") from None

    def trials(self) -> list[Trial]:
        """All frozen trials, in the order they finished."""
        return list(self._all("trials", Trial))

    def started(self) -> list[Started]:
        """All candidates begun, in order, finished or not."""
        return list(self._all("started", Started))

    def cut(self, trial: Trial) -> None:
        """Keep a candidate the clock cut short: not frozen, for a build with more time may try it again."""
        self._add("cuts", trial.key, trial)

    def cuts(self) -> list[Trial]:
        """The candidates the clock cut short."""
        return list(self._all("cuts", Trial))

    def uncut(self, key: str | None = None) -> None:
        """Let a cut candidate be tried again, or all of them."""
        self._base.execute("delete from cuts where name = coalesce(?, name)", (key,))

    # the plan and what was said

    def set_plan(self, plan: Plan) -> None:
        """Keep the plan, replacing an earlier one."""
        self._put_meta("plan", msgspec.json.encode(plan))

    def plan(self) -> Plan | None:
        """The plan of the build in this folder, if one was made: a resumed build keeps to it."""
        body = self._meta("plan")
        return None if body is None else msgspec.json.decode(body, type=Plan)

    def say(self, kind: NoticeKind, line: str) -> None:
        """Keep a line that was told to people."""
        self._base.execute("insert into notices (kind, line) values (?, ?)", (kind, line))

    def notices(self) -> list[tuple[str, str]]:
        """Kind and line of everything said, in order."""
        return list(self._base.execute("select kind, line from notices order by position"))

    def put_cost(self, key: str, cost: Cost) -> None:
        """Keep what the program of a trial was measured to cost; the trial itself stays as frozen."""
        self._base.execute("delete from costs where name = ?", (key,))
        self._add("costs", key, cost)

    def costs(self) -> dict[str, Cost]:
        """Measured costs by trial key."""
        names = [name for (name,) in self._base.execute("select name from costs order by position")]
        return dict(zip(names, self._all("costs", Cost), strict=True))

    # replay

    def record(self) -> list[Recorded]:
        """What a replay repeats, in order; empty unless `begin_replay` was called."""
        return list(self._all("record", Recorded))

    def begin_replay(self, recorded: list[Recorded]) -> None:
        """Turn what was tried into the record to repeat, and forget the results: one transaction.

        The fits on disk are moved aside, so that none of them can be taken for a repeated one.
        """
        with self._transaction():
            for table in ("trials", "started", "record", "costs", "cuts"):
                self._base.execute(f"delete from {table}")  # noqa: S608 names are ours
            for entry in recorded:
                self._add("record", entry.started.key, entry)
            self._put_meta("sweep", b"1")
        self._sweep()

    def end_replay(self) -> None:
        """Forget what was to be repeated; the trials stay."""
        self._base.execute("delete from record")

    # below the surface

    def _open(self, identity: str) -> None:
        why = _damage(self.root / FILE)
        if not why:
            self._connect()
            owner = self._meta("identity")
            if owner is not None and owner.decode() != identity:
                self._base.close()
                why = "the trials in this folder belong to other data, another task or another version"
        if why:
            names = [FILE, f"{FILE}-wal", f"{FILE}-shm", FOLDER]
            kept = _aside(self.root, names, "aside")
            self.notes = (f"{why}; they were moved to {kept} and nothing of them is reused",)
            self._connect()
        self._put_meta("identity", identity.encode())
        self._sweep()

    def _sweep(self) -> None:
        """Move the fits of a replayed build aside, also where a crash came between the record and the move."""
        if self._meta("sweep") is not None:
            _aside(self.root, [FOLDER], "replayed")
            self._base.execute("delete from meta where name = 'sweep'")

    def _connect(self) -> None:
        self._base = sqlite3.connect(self.root / FILE, isolation_level=None, timeout=10.0)
        self._base.execute("pragma journal_mode=wal")
        self._base.execute("pragma synchronous=full")
        self._base.executescript(_TABLES)

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._base)

    def _add(self, table: str, name: str, value: msgspec.Struct, keep: bool = False) -> None:
        body = msgspec.json.encode(value)
        verb = "insert or ignore" if keep else "insert"
        self._base.execute(
            f"{verb} into {table} (name, body, digest) values (?, ?, ?)",
            (name, body, _digest(body)),
        )

    def _all(self, table: str, form: type[T]) -> Iterator[T]:
        for (body,) in self._base.execute(f"select body from {table} order by position"):  # noqa: S608 ours
            yield msgspec.json.decode(body, type=form)

    def _put_meta(self, name: str, body: bytes) -> None:
        self._base.execute(
            "insert into meta (name, body, digest) values (?, ?, ?) on conflict (name) do update set "
            "body = excluded.body, digest = excluded.digest",
            (name, body, _digest(body)),
        )

    def _meta(self, name: str) -> bytes | None:
        row = self._base.execute("select body from meta where name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])


class _Transaction:
    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def __enter__(self) -> None:
        self._base.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._base.execute("commit" if kind is None else "rollback")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _locked(path: Path) -> int:
    """An exclusive lock that ends with the process, however it ends."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise InputError(
            "another build is running in this folder",
            fix="wait for it, stop it, or build into another folder with --out",
            where=str(path.parent),
        ) from None
    return handle


def _damage(path: Path) -> str:
    """Why the file cannot be trusted, or nothing. Reads every record once."""
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10.0)) as base:
            verdict: Any = base.execute("pragma quick_check(1)").fetchone()
            if verdict != ("ok",):
                return f"the record of earlier trials is damaged ({verdict[0]})"
            tables = {name for (name,) in base.execute("select name from sqlite_master where type = 'table'")}
            for table in sorted(tables & {"meta", "trials", "started", "record", "costs", "cuts"}):
                for name, body, digest in base.execute(f"select name, body, digest from {table}"):  # noqa: S608 ours
                    if _digest(bytes(body)) != digest:
                        return f"the record of earlier trials is damaged ({table} {name} has changed)"
    except (sqlite3.DatabaseError, TypeError, UnicodeDecodeError) as error:
        return f"the record of earlier trials is damaged ({error})"
    return ""


def _aside(root: Path, names: list[str], word: str) -> str:
    """Move files and folders into a fresh folder; returns its name."""
    number = 1
    while (folder := root / f"{word}-{number}").exists():
        number += 1
    folder.mkdir()
    for name in names:
        if (root / name).exists():
            (root / name).rename(folder / name)
    return folder.name

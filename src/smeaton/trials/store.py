"""`Store`: what a build has tried, in one SQLite file that survives `kill -9`.

Every write is one transaction in WAL mode; what matters after a crash (plan, trials, order) is synced to disk. Each
record carries a digest of itself and each fit a seal, so that damage SQLite cannot see is found too: what is damaged is
then moved aside, the store says so in `notes`, and the build goes on from what is whole.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec

from smeaton.runtime.files import is_kept
from smeaton.runtime.lock import acquire
from smeaton.trials.damage import META, ORDERED, Found, aside, broken_fits, digest_of, examine
from smeaton.trials.notice import NoticeKind
from smeaton.trials.plan import Plan
from smeaton.trials.record import Candidate, Cost, Trial
from smeaton.trials.seal import seal

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
_FILES = [FILE, f"{FILE}-wal", f"{FILE}-shm"]
_FOREIGN_PLAN = "the plan in this folder was made by another version"


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


_FORMS = {"trials": Trial, "started": Started, "record": Recorded, "costs": Cost, "cuts": Trial}


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
        self._lock = acquire(
            root / "trials.lock",
            "another build is running in this folder",
            "wait for it, stop it, or build into another folder with --out",
        )
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
        """Freeze a trial, and seal what it left on disk. Durable when this returns.

        Raises:
            ValueError: the trial is already frozen: a finished trial is never repeated.
        """
        if (self.root / FOLDER / trial.key).is_dir():
            seal(self.root / FOLDER / trial.key)
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
        self.drop_cost(key)
        self._add("costs", key, cost)

    def drop_cost(self, key: str) -> None:
        """Forget what the program of a trial was measured to cost, for it is another program now."""
        self._base.execute("delete from costs where name = ?", (key,))

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

        The fits on disk are moved aside, so that none of them can be taken for a repeated one. What programs were
        measured to cost stays: measured again it might decide another way among those that tie.
        """
        with self._transaction():
            for table in ("trials", "started", "record", "cuts"):
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
        found = examine(self.root / FILE, _FORMS) if (self.root / FILE).exists() else Found()
        if found.why:
            self._mend(found, identity)
        else:
            self._connect()
        owner = self._meta("identity")
        if owner is not None and owner.decode() != identity:
            self._base.close()
            self._begin_anew("the trials in this folder belong to other data, another task or another version", "aside")
        elif not _readable(self._meta("plan")):
            self._base.close()
            self._begin_anew(_FOREIGN_PLAN, "damaged")
        self._put_meta("identity", identity.encode())
        self._sweep()
        self._check_fits()

    def _mend(self, found: Found, identity: str) -> None:
        """Begin a new file with what is whole of a damaged one. Without its plan nothing is: nobody knows the folds."""
        why = f"the record of earlier trials is damaged ({found.why})"
        meta = {name: body for name, body, _ in found.rows.get(META, [])}
        if "plan" not in meta or meta.get("identity", b"").decode(errors="replace") != identity:
            self._begin_anew(why, "damaged")
            return
        if not _readable(meta["plan"]):
            self._begin_anew(_FOREIGN_PLAN, "damaged")
            return
        kept = aside(self.root, _FILES, "damaged")
        self._connect()
        with self._transaction():
            for table in (META, *ORDERED):
                self._base.executemany(
                    f"insert into {table} (name, body, digest) values (?, ?, ?)",  # noqa: S608 names are ours
                    found.rows[table],
                )
        self._forget(self._orphans())
        many = len(self.trials())
        self.notes = (f"{why}; it was moved to {self.root / kept}, and {many} trials in it that are whole go on",)

    def _begin_anew(self, why: str, word: str) -> None:
        kept = aside(self.root, [*_FILES, FOLDER], word)
        self.notes = (f"{why}; they were moved to {self.root / kept} and nothing of them is reused",)
        self._connect()

    def _check_fits(self) -> None:
        """Move fits aside that are not as they were sealed, and forget their trials and all that was made of them."""
        damaged = broken_fits(self.root / FOLDER)
        if not damaged:
            return
        names = {started.key for started in self.started()} | {trial.key for trial in self.trials()}
        self._forget(set(damaged))
        lost = set(damaged) | self._orphans()
        self._forget(lost)
        kept = aside(self.root, [f"{FOLDER}/{key}" for key in sorted(lost)], "damaged")
        key, why = next(iter(damaged.items()))
        said = f"{len(damaged)} trials on disk are damaged (the first: {key}: {why})"
        more = f"with all that was made of them {len(lost & names)} were moved to {self.root / kept}, to be tried again"
        self.notes = (*self.notes, f"{said}; {more}")

    def _orphans(self) -> set[str]:
        """Trials made of others that are no longer there, and those made of these."""
        begun = {started.key: started.pool for started in self.started()}
        left = {trial.key: trial for trial in self.trials()}
        lost: set[str] = set()
        while True:
            more = {
                key
                for key, trial in left.items()
                if not {*begun.get(key, ()), *filter(None, (trial.estimated_from,))} <= left.keys()
            }
            if not more:
                return lost
            lost |= more
            left = {key: trial for key, trial in left.items() if key not in more}

    def _forget(self, keys: set[str]) -> None:
        with self._transaction():
            for table in ("trials", "started", "costs", "cuts"):
                self._base.executemany(f"delete from {table} where name = ?", [(key,) for key in keys])  # noqa: S608

    def _sweep(self) -> None:
        """Move the fits of a replayed build aside, also where a crash came between the record and the move."""
        if self._meta("sweep") is not None:
            aside(self.root, [FOLDER], "replayed")
            self._base.execute("delete from meta where name = 'sweep'")

    def _connect(self) -> None:
        self._base = sqlite3.connect(self.root / FILE, isolation_level=None, timeout=10.0)
        self._base.execute("pragma journal_mode=wal")
        self._base.execute(f"pragma synchronous={'full' if is_kept() else 'off'}")
        self._base.executescript(_TABLES)

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._base)

    def _add(self, table: str, name: str, value: msgspec.Struct, keep: bool = False) -> None:
        body = msgspec.json.encode(value)
        verb = "insert or ignore" if keep else "insert"
        self._base.execute(
            f"{verb} into {table} (name, body, digest) values (?, ?, ?)",
            (name, body, digest_of(body)),
        )

    def _all(self, table: str, form: type[T]) -> Iterator[T]:
        for (body,) in self._base.execute(f"select body from {table} order by position"):  # noqa: S608 ours
            yield msgspec.json.decode(body, type=form)

    def _put_meta(self, name: str, body: bytes) -> None:
        self._base.execute(
            "insert into meta (name, body, digest) values (?, ?, ?) on conflict (name) do update set "
            "body = excluded.body, digest = excluded.digest",
            (name, body, digest_of(body)),
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


def _readable(plan: bytes | None) -> bool:
    """Whether a stored plan is of this version's form; none at all is."""
    try:
        return plan is None or bool(msgspec.json.decode(plan, type=Plan))
    except msgspec.DecodeError:
        return False

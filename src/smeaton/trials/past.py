"""`Past`: what a finished build tried, read without its lock and without changing anything."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from smeaton.errors import DataError
from smeaton.trials.plan import Plan
from smeaton.trials.record import Cost, Trial
from smeaton.trials.store import FILE, Started

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Past:
    """Trials in the order they finished, those the clock cut short, candidates in the order they were begun, measured
    costs by trial, what was said (kind and line), and the plan."""

    trials: tuple[Trial, ...]
    cuts: tuple[Trial, ...]
    started: tuple[Started, ...]
    costs: dict[str, Cost]
    notices: tuple[tuple[str, str], ...]
    plan: Plan | None


def open_past(root: Path) -> Past:
    """The record of the build in a folder.

    Raises:
        DataError: it is gone, or damaged.
    """
    path = root / FILE
    try:
        with closing(_connected(path)) as base:
            plan = base.execute("select body from meta where name = 'plan'").fetchone()
            names = [name for (name,) in base.execute("select name from costs order by position")]
            past = Past(
                trials=_all(base, "trials", Trial),
                cuts=_all(base, "cuts", Trial),
                started=_all(base, "started", Started),
                costs=dict(zip(names, _all(base, "costs", Cost), strict=True)),
                notices=tuple(base.execute("select kind, line from notices order by position")),
                plan=None if plan is None else msgspec.json.decode(plan[0], type=Plan),
            )
    except (sqlite3.Error, msgspec.DecodeError) as error:
        raise DataError(
            f"the record of this build cannot be read: {error}", where=str(path), fix="build again"
        ) from error
    return past


def _connected(path: Path) -> sqlite3.Connection:
    """The file, open for reading. A build that ended leaves nothing but the file: it is then read as it is, and SQLite
    makes no files of its own beside it (https://sqlite.org/uri.html, `immutable`)."""
    running = path.with_name(f"{path.name}-wal").exists()
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{'' if running else '&immutable=1'}", uri=True)


def _all(base: sqlite3.Connection, table: str, form: type[T]) -> tuple[T, ...]:
    rows = base.execute(f"select body from {table} order by position")  # noqa: S608 (the names are ours)
    return tuple(msgspec.json.decode(body, type=form) for (body,) in rows)

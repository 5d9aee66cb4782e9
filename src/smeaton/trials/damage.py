"""What of an earlier build is whole: records by their digests, fits by their seals. The rest is moved aside and said.

Nothing that is damaged is used, and nothing that is whole is done again.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from smeaton.trials.seal import broken

#: Tables of records with a digest; `meta` by name, the others in order.
META = "meta"
ORDERED = ("trials", "started", "record", "costs", "cuts")
Row = tuple[str, bytes, str]


@dataclass(slots=True)
class Found:
    """The records of a store that are whole, by table, and why it is not whole itself ('' if it is)."""

    why: str = ""
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def count(self, table: str) -> int:
        """Records of a table."""
        return len(self.rows.get(table, []))


def examine(path: Path, forms: Mapping[str, Any]) -> Found:
    """Read every record once. `forms` are the types of the records by table: one that is not of its form was written by
    another version, and is not used."""
    found = Found()
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10.0)) as base:
            found.why = _verdict(base)
            for table in (META, *ORDERED):
                whole, why = _whole(base, table, forms.get(table))
                found.rows[table] = whole
                found.why = found.why or why
    except (sqlite3.Error, UnicodeDecodeError) as error:
        found.why = found.why or str(error)
    return found


def _verdict(base: sqlite3.Connection) -> str:
    try:
        verdict: Any = base.execute("pragma quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if verdict == ("ok",) else str(verdict[0])


def _whole(base: sqlite3.Connection, table: str, form: Any) -> tuple[list[Row], str]:
    """The records of a table that can be read and are as they were written, in order; and what is wrong with others."""
    rows: dict[int, Row] = {}
    why = ""
    for order in ("asc", "desc"):  # from both ends: a damaged page in the middle ends a walk
        try:
            for number, *row in base.execute(f"select rowid, name, body, digest from {table} order by rowid {order}"):  # noqa: S608 ours
                said = _wrong(row, form)
                if said:
                    why = why or f"{table}: {said}"
                else:
                    rows[number] = (row[0], bytes(row[1]), row[2])
            break
        except sqlite3.DatabaseError as error:
            if "no such table" in str(error):
                break
            why = why or str(error)
    return [row for _, row in sorted(rows.items())], why


def _wrong(row: list[Any], form: Any) -> str:
    name, body, digest = row
    if not isinstance(name, str) or not isinstance(body, bytes) or digest_of(body) != digest:
        return f"{name!r} has changed"
    if form is not None:
        try:
            msgspec.json.decode(body, type=form)
        except msgspec.DecodeError:
            return f"{name!r} was written by another version"
    return ""


def digest_of(body: bytes) -> str:
    """What a record's bytes are known by."""
    return hashlib.sha256(body).hexdigest()[:16]


def broken_fits(folder: Path) -> dict[str, str]:
    """The trials of a folder of which something is not as it was sealed, with what that is."""
    found = {}
    if folder.is_dir():
        for trial in sorted(path for path in folder.iterdir() if path.is_dir()):
            for part in _parts(trial):
                why = broken(part)
                if why:
                    found[trial.name] = f"{part.name}/{why}" if part != trial else why
                    break
    return found


def _parts(trial: Path) -> Iterator[Path]:
    yield trial
    yield from sorted(path for path in trial.iterdir() if path.is_dir() and ".tmp-" not in path.name)


def aside(root: Path, names: list[str], word: str) -> str:
    """Move files and folders into a fresh folder `word-N` of `root`; returns its name."""
    number = 1
    while (folder := root / f"{word}-{number}").exists():
        number += 1
    folder.mkdir()
    for name in names:
        if (root / name).exists():
            goal = folder / name
            goal.parent.mkdir(parents=True, exist_ok=True)
            (root / name).rename(goal)
    return folder.name

"""`Truths`: the latest truth of every prediction, gathered from all segments, larger than memory if it must be."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from smeaton.journal.held import HeldSegment

_LATEST = """
insert into truths values (?1, ?2, ?3, ?4, ?5) on conflict (id, row) do update
set truth = excluded.truth, at = excluded.at, received = excluded.received
where (excluded.at, excluded.received) >= (truths.at, truths.received)
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What turned out to be right, any JSON value, and when that came to be known (unix seconds)."""

    value: Any
    at: float


class Truths:
    """A table of its own, in a temporary file that SQLite makes when it grows."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", uri=True, isolation_level=None)
        self._base.execute(
            "create table truths (id text, row integer, truth text, at real, received real, primary key (id, row)) "
            "without rowid"
        )
        self._any = False

    def __bool__(self) -> bool:
        return self._any

    def gather(self, segment: HeldSegment) -> int:
        """Take the truths of a segment; returns how many it holds, repeated ones counted."""
        with _transaction(self._base):
            self._base.executemany(_LATEST, segment.feedback())
        count = segment.given()
        self._any = self._any or count > 0
        return count

    def of(self, ids: Sequence[str]) -> dict[tuple[str, int], Truth]:
        """The truths of some requests, by id and row."""
        if not self._any:
            return {}
        found = self._base.execute(
            "select id, row, truth, at from truths where id in (select value from json_each(?))",
            (msgspec.json.encode(ids).decode(),),
        )
        return {(id_, row): Truth(msgspec.json.decode(text), at) for id_, row, text, at in found}

    def judged(self, segment: HeldSegment) -> dict[int, int]:
        """How many predictions of a segment have a truth, by the key of their form."""
        if not self._any or segment.empty:
            return {}
        self._base.execute("attach ? as segment", (segment.uri,))
        try:
            found = self._base.execute(
                "select e.model, count(*) from segment.entries e join truths t on t.id = e.id and t.row < e.count "
                "group by e.model"
            ).fetchall()
        finally:
            self._base.execute("detach segment")
        return dict(found)

    def close(self) -> None:
        """Forget all."""
        self._base.close()


class _transaction:
    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def __enter__(self) -> None:
        self._base.execute("begin")

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        # What was gathered from a segment before it proved to be damaged is true all the same.
        self._base.execute("commit")

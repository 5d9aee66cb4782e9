"""`HeldSegment`: one segment open for reading, also while its worker writes it."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from smeaton.journal.segments import SegmentFile
from smeaton.journal.store import FORMAT

PAGE_ROWS = 500
PAGE_BYTES = 4_000_000

#: A stored entry: seq, model key, at, id, wire, caller, trace, seconds, rows and answers as JSON text.
EntryRow = tuple[int, int, float, str, str, str, str, float, str, str]
_PAGE = """
select seq, model, at, id, wire, caller, trace, seconds, rows, answers from entries
where seq > ? and at >= ? and at < ? and model in ({places}) order by seq limit ?
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted: of a model (None = all), `since` <= at < `until` in unix seconds."""

    model: str | None = None
    since: float = float("-inf")
    until: float = float("inf")


@dataclass(frozen=True, slots=True)
class FormSeen:
    """What a segment says of the entries of one bundle of a model. `columns` are those written."""

    key: int
    model: str
    bundle: str
    columns: tuple[str, ...]
    masked: tuple[str, ...]
    entries: int
    predictions: int
    first: float
    last: float


class HeldSegment:
    """Read only. No read lasts longer than a page, so that its writer is never held up.

    Raises:
        sqlite3.Error: it cannot be read, is damaged, or of a later version.
    """

    def __init__(self, segment: SegmentFile) -> None:
        self.uri = readable(segment.path)
        self._base = sqlite3.connect(self.uri, uri=True, isolation_level=None, timeout=5.0)
        try:
            tables = {name for (name,) in self._base.execute("select name from sqlite_master where type = 'table'")}
            self.empty = "feedback" not in tables  # just being made
            if not self.empty:
                found = self._base.execute("select format from meta").fetchone()[0]
                if found > FORMAT:
                    raise sqlite3.DataError(f"it is of format {found}, this version of Smeaton reads {FORMAT}")
        except BaseException:
            self._base.close()
            raise

    def __enter__(self) -> "HeldSegment":
        return self

    def __exit__(self, *error: object) -> None:
        self._base.close()

    def forms(self, wanted: Filter = Filter()) -> list[FormSeen]:
        """The bundles of models it has wanted entries of."""
        if self.empty:
            return []
        found = self._base.execute(
            "select key, model, bundle, columns, masked, entries, predictions, first, last from models "
            "where entries > 0 and (?1 is null or model = ?1) and last >= ?2 and first < ?3 order by key",
            (wanted.model, wanted.since, wanted.until),
        ).fetchall()
        return [
            FormSeen(key, model, bundle, _names(columns), _names(masked), *counts)
            for key, model, bundle, columns, masked, *counts in found
        ]

    def entries(self, wanted: Filter) -> Iterator[tuple[FormSeen, EntryRow]]:
        """Wanted entries in the order they were written, read by pages."""
        forms = {form.key: form for form in self.forms(wanted)}
        last = 0
        while forms and (page := self._page(wanted, last, list(forms))):
            last = page[-1][0]
            for entry in page:
                yield forms[entry[1]], entry

    def feedback(self) -> Iterator[tuple[str, int, str, float, float]]:
        """Truths in the order they came: request id, row, JSON text, at, received."""
        if not self.empty:
            yield from self._base.execute("select id, row, truth, at, received from feedback order by seq")

    def given(self) -> int:
        """How many truths it holds."""
        return 0 if self.empty else int(self._base.execute("select count(*) from feedback").fetchone()[0])

    def _page(self, wanted: Filter, after: int, keys: list[int]) -> list[EntryRow]:
        query = _PAGE.format(places=",".join("?" * len(keys)))
        cursor = self._base.execute(query, (after, wanted.since, wanted.until, *keys, PAGE_ROWS))
        page: list[EntryRow] = []
        size = 0
        for entry in cursor:
            page.append(entry)
            size += len(entry[8]) + len(entry[9])
            if size > PAGE_BYTES:
                break
        cursor.close()
        return page


def readable(path: Path) -> str:
    """The URI that opens a segment for reading.

    Reading what is being written needs leave to write beside it; a finished file is read as it lies.
    """
    uri = path.absolute().as_uri()
    finished = not Path(f"{path}-wal").exists()
    return f"{uri}?immutable=1" if finished and not os.access(path.parent, os.W_OK) else f"{uri}?mode=ro"


def _names(text: str) -> tuple[str, ...]:
    names: Any = msgspec.json.decode(text, type=tuple[str, ...])
    return tuple(names)

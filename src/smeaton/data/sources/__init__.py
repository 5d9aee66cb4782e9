"""The contract of a source: a form in which rows arrive; one file in this folder, bound to the name `part`.

A source reads strictly: it never skips, pads, cuts or guesses. Columns of text formats arrive as object columns of
str and None, so that parsing stays in `task/`; typed formats arrive as the arrays of `task/table.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from smeaton.task.table import Array


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows in order, and what should be said about how they were read."""

    table: dict[str, Array]
    notes: tuple[str, ...] = field(default=())


class Reader(Protocol):
    """One form of rows. `suffixes` are the file endings it reads (none: it reads objects in memory)."""

    suffixes: tuple[str, ...]

    def takes(self, thing: Any) -> bool:
        """Whether it reads this object (files are chosen by their ending)."""
        ...

    def chunks(self, thing: Any, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """The rows, at most `rows` at a time (None: all at once), only `columns` if given; at least one chunk.

        Raises:
            DataError: it cannot be read as it stands, or a column is missing.
        """
        ...

    def place(self, thing: Any, row: int) -> str:
        """Where a row (from 0) stands, for people: `tickets.csv:7`. May read the file again."""
        ...


class Indexed(Reader, Protocol):
    """A reader whose form knows its rows by number: a few of many are read without reading all."""

    def count(self, thing: Any) -> int:
        """How many rows there are.

        Raises:
            DataError: it cannot be read.
        """
        ...

    def take(self, thing: Any, rows: Array, columns: Sequence[str] | None) -> Chunk:
        """The rows at these positions (int64, from 0, ascending), as `chunks` would give them.

        Raises:
            DataError: it cannot be read as it stands, or a column is missing.
        """
        ...

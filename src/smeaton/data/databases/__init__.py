"""The contract of a database: where tables stand that queries read; one file in this folder, bound to the name `part`.

A session reads its tables as they were at one moment. It brings what a query needs of them into DuckDB, where
everything else happens.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from smeaton.data.pushdown import Need
from smeaton.task.address import Address


@dataclass(frozen=True, slots=True)
class Brought:
    """What came: `about` says for people what was asked of the database and how much it gave."""

    rows: int
    about: str
    notes: tuple[str, ...] = ()


class Session(Protocol):
    """A connection to one database."""

    def columns(self, address: Address) -> tuple[str, ...]:
        """The names of a table's columns.

        Raises:
            DataError: there is no such table, or it may not be read.
        """
        ...

    def bring(self, address: Address, need: Need, engine: Any, name: str) -> Brought:
        """Make the table `name` in DuckDB of what is needed, its rows in an order that depends on them alone.

        Raises:
            DataError: it cannot be read, or holds what has no place in a table.
        """
        ...


class Database(Protocol):
    """A kind of database; the part's name is the `kind` of its addresses."""

    def open(self, address: Address, folder: Path, seconds: float | None) -> AbstractContextManager[Session]:
        """A session with the address's database. Paths start at `folder`; a statement may take `seconds` (None: any).

        Raises:
            DataError: it cannot be reached, or does not let us in.
            ExtraMissing: its client is not installed.
        """
        ...

"""SQLite files, read by Python's own client.

A value in SQLite has a type of its own, whatever its column declares (SQLite documentation, "Datatypes In SQLite"), so
that a column is what its values are: integers, numbers, or texts; texts and 0 and 1 are moments and booleans where the
column declares these.
"""

import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from smeaton.data.databases import Brought, Session
from smeaton.data.databases._stage import Field, stage
from smeaton.data.pushdown import Need
from smeaton.data.sources._columns import file_errors, nearest
from smeaton.errors import DataError
from smeaton.runtime.storage import storing
from smeaton.task.address import Address

_BATCH = 10_000


class Sqlite:
    """Reads tables and views of an SQLite file."""

    @contextmanager
    def open(self, address: Address, folder: Path, seconds: float | None) -> Iterator[Session]:
        """A transaction that sees one moment, in a file that is opened for reading alone."""
        path = folder / Path(address.database).expanduser()
        with file_errors(path), path.open("rb"):
            pass  # SQLite would say no more than that it cannot
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as connection:
            connection.text_factory = bytes
            with _reading(address):
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            yield _Session(connection)


class _Session:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def columns(self, address: Address) -> tuple[str, ...]:
        """Names of all columns, in the table's order."""
        return tuple(self._look(address)[1])

    def bring(self, address: Address, need: Need, engine: Any, name: str) -> Brought:
        """Write what is needed as texts, and read these into DuckDB. Conditions are not asked of SQLite, whose
        comparisons depend on each value's type."""
        table, declared = self._look(address)
        chosen = [column for column in declared if need.columns is None or column.casefold() in need.columns]
        chosen = chosen or list(declared)[:1]
        with tempfile.TemporaryDirectory(prefix="sqlite-") as folder, _reading(address):
            file = Path(folder) / "rows.csv"
            kinds = [self._kind(table, column, declared[column], address) for column in chosen]
            with storing("the rows of the database", file.parent):
                self._write(table, chosen, file)
            fields = [Field(column, kind) for column, kind in zip(chosen, kinds, strict=True)]
            rows, notes = stage(engine, name, file, fields, address.shown)
        asked = "all columns" if len(chosen) == len(declared) else f"{len(chosen)} of {len(declared)} columns"
        return Brought(rows, f"{rows:,} rows came from {address.shown}: {asked}, all rows", notes)

    def _look(self, address: Address) -> tuple[str, dict[str, str]]:
        """The table, and its columns with what they declare."""
        with _reading(address):
            found = self._connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            ).fetchall()
            names = [row[0].decode() for row in found]
            table = address.table[0] if address.table else names[0] if len(names) == 1 else ""
            same = next((name for name in names if name.casefold() == table.casefold()), None)
            if same is None:
                raise _no_table(address, table, names)
            rows = self._connection.execute("SELECT name, type FROM pragma_table_xinfo(?)", [same]).fetchall()
        return same, {row[0].decode(): row[1].decode().upper() for row in rows}

    def _kind(self, table: str, column: str, declared: str, address: Address) -> str:
        quoted = _name(column)
        found = self._connection.execute(
            f"SELECT typeof({quoted}), min({quoted}), max({quoted}) FROM {_name(table)} GROUP BY 1"  # noqa: S608
        ).fetchall()
        types = {row[0].decode(): row[1:] for row in found}
        types.pop("null", None)
        if "blob" in types:
            raise DataError(
                f"column {column!r} holds bytes, which have no place in a table",
                where=address.shown,
                fix="name the columns that are needed instead of it, or cast it in a view",
            )
        if set(types) == {"integer"}:
            low, high = types["integer"]
            return "BOOLEAN" if declared.startswith("BOOL") and low >= 0 and high <= 1 else "BIGINT"
        if types and set(types) <= {"integer", "real"}:
            return "DOUBLE"
        moment = set(types) == {"text"} and re.match(r"DATE|TIMESTAMP", declared)
        return "TIMESTAMP" if moment and self._are_moments(table, quoted) else "VARCHAR"

    def _are_moments(self, table: str, quoted: str) -> bool:
        """Whether SQLite, and with it DuckDB, reads each of the texts as a moment without a zone."""
        digits = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
        ((odd,),) = self._connection.execute(
            f"SELECT count(*) FROM {_name(table)} WHERE {quoted} IS NOT NULL AND (julianday({quoted}) IS NULL"  # noqa: S608
            f" OR {quoted} NOT GLOB '{digits}*' OR {quoted} GLOB '*[Zz+]*' OR substr({quoted}, 11) GLOB '*-*')"
        ).fetchall()
        return not odd

    def _write(self, table: str, columns: Sequence[str], file: Path) -> None:
        """The form of PostgreSQL's COPY: a null is empty, an empty text is in quotes."""
        chosen = ", ".join(map(_name, columns))
        cursor = self._connection.execute(f"SELECT {chosen} FROM {_name(table)}")  # noqa: S608
        with file.open("w", encoding="utf-8", newline="") as out:
            while rows := cursor.fetchmany(_BATCH):
                out.writelines(",".join(map(_cell, row)) + "\n" for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value.decode() if isinstance(value, bytes) else repr(value)
    return '"' + text.replace('"', '""') + '"'


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _no_table(address: Address, table: str, names: Sequence[str]) -> DataError:
    if not table:
        listed = ", ".join(names) or "none"
        return DataError(
            f"the file holds {len(names)} tables: {listed}",
            where=address.database,
            fix=f"name one: {address.database}#{names[0] if names else 'TABLE'}",
        )
    hint = nearest(table, names) if names else "it holds no tables"
    return DataError(
        f"there is no table {table!r}; {hint}", where=address.database, fix="correct the name behind # in the address"
    )


@contextmanager
def _reading(address: Address) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DataError(
            f"not readable as SQLite: {error}", where=address.database, fix="give a whole file that nobody is writing"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            "a text is not UTF-8", where=address.shown, fix="correct the text, or leave the column out of the query"
        ) from error


part = Sqlite()

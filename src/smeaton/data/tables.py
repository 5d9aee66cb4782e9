"""The tables that a query sees, brought into DuckDB: files, and tables of databases."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data._engine import name_in_sql, refusals
from smeaton.data._found import Found
from smeaton.data._join import same_columns
from smeaton.data._pieces import bring_pieces, is_large
from smeaton.data._sample import Sample
from smeaton.data.databases import Session
from smeaton.data.pushdown import Need, needs, together
from smeaton.data.read import Raw, read, things_of
from smeaton.data.sources._address import address as file_address
from smeaton.data.sources._columns import file_errors
from smeaton.data.sources.parquet import glob_safe, quoted
from smeaton.errors import DataError
from smeaton.plugins import load
from smeaton.task.address import Address, read_address
from smeaton.task.infer import infer_type
from smeaton.task.sql import Query, read_query
from smeaton.task.table import Array
from smeaton.task.task import Source
from smeaton.task.values import parse_column

_STORED = (".parquet", ".pq")


@contextmanager
def open_tables(tables: Mapping[str, str], folder: Path, seconds: float | None = None) -> Iterator["Tables"]:
    """The tables of a source, by name; connections to databases are open as long as this is.

    Raises:
        DataError: a table has an address that is not read.
    """
    with ExitStack() as stack:
        yield Tables(tables, folder, seconds, stack)


class Tables:
    """Named tables. Nothing is read before it is asked for; the tables of one database are of one moment."""

    def __init__(self, tables: Mapping[str, str], folder: Path, seconds: float | None, stack: ExitStack) -> None:
        self._folder = folder
        self._seconds = seconds
        self._stack = stack
        self._sessions: dict[tuple[str, str], Session] = {}
        self._raws: dict[str, Raw] = {}
        self._names = {name.casefold(): name for name in tables}
        self.paths = dict(tables)
        self.addresses = {name: _address(name, text) for name, text in tables.items()}

    def used(self, query: Query) -> list[str]:
        """The tables that a query reads, as they are named here."""
        return [self._names[name.casefold()] for name in query.tables if name.casefold() in self._names]

    def in_database(self, name: str) -> bool:
        """Whether it is a table of a database."""
        return self.addresses[name] is not None

    def files(self, name: str) -> list[Found]:
        """The files behind a table that is no table of a database."""
        return things_of(self._source(name), self._folder)

    def stored(self, name: str) -> list[Path] | None:
        """The files that DuckDB reads by itself where it needs them; None: the table must be loaded."""
        if self.in_database(name):
            return None
        found = self.files(name)
        plain = all(one.path.name.lower().endswith(_STORED) and not one.said and one.path.is_file() for one in found)
        return [one.path for one in found] if plain else None

    def columns(self, name: str) -> tuple[str, ...]:
        """The names of a table's columns.

        Raises:
            DataError: the table cannot be read.
        """
        address = self.addresses[name]
        if address is not None:
            return self._session(address).columns(address)
        if name not in self._raws and is_large(self.files(name)):
            return tuple(read(self._source(name), self._folder, most=Sample(rows=1)).table)
        return tuple(self._raw(name).table)

    def needs(self, queries: Sequence[Query], known: Mapping[str, Sequence[str] | None]) -> dict[str, Need]:
        """What queries need of the tables they read; `known` are columns of what they see, None where not known."""
        each = [needs(query, known) for query in queries]
        return {name: together([need[name] for need in each if name in need]) for need in each for name in need}

    def bring(self, engine: Any, name: str, need: Need) -> tuple[str, ...]:
        """Make the table `name` in the engine; returns what should be said.

        Raises:
            DataError: it cannot be read.
        """
        address = self.addresses[name]
        if address is None:
            if name not in self._raws and is_large(self.files(name)):
                notes = bring_pieces(engine, name, self._source(name), self._folder)
                if notes is not None:
                    return notes
            raw = self._raw(name)
            _load(engine, name, raw)
            return raw.notes
        brought = self._session(address).bring(address, need, engine, name)
        return (f"{name}: {brought.about}", *brought.notes)

    def _source(self, name: str) -> Source:
        return Source(files=(self.paths[name],))

    def _raw(self, name: str) -> Raw:
        if name not in self._raws:
            self._raws[name] = read(self._source(name), self._folder)
        return self._raws[name]

    def _session(self, address: Address) -> Session:
        key = address.kind, address.database
        if key not in self._sessions:
            database = load("databases", address.kind)
            self._sessions[key] = self._stack.enter_context(database.open(address, self._folder, self._seconds))
        return self._sessions[key]


def view(engine: Any, name: str, files: Sequence[Path]) -> None:
    """Make `name` a view of Parquet files with the same columns.

    Raises:
        DataError: a file cannot be read, or their columns differ.
    """
    first: list[str] = []
    for path in files:
        with file_errors(path), path.open("rb"):
            pass  # DuckDB's own words for a missing file are less helpful
        with refusals(str(path), "write the file again, or give CSV or JSON lines"):
            found = engine.execute(f"DESCRIBE SELECT * FROM {_parquet([path])}").fetchall()  # noqa: S608
        columns = [row[0] for row in found]
        first = first or columns
        same_columns(first, columns, str(path), str(files[0]))
    engine.execute(f"CREATE VIEW {name_in_sql(name)} AS SELECT * FROM {_parquet(files)}")  # noqa: S608


def _parquet(files: Sequence[Path]) -> str:
    listed = ", ".join(quoted(glob_safe(str(path))) for path in files)
    return f"read_parquet([{listed}], union_by_name = {'true' if len(files) > 1 else 'false'})"


def parse(query: str, where: str, tables: Mapping[str, str]) -> Query:
    """A query's syntax tree.

    Raises:
        DataError: it is not one SELECT.
    """
    try:
        return read_query(query)
    except ValueError as error:
        fix = "write a single SELECT statement; a query sees only its tables: " + (", ".join(tables) or "none")
        raise DataError(str(error), where=where, fix=fix) from error


def _address(name: str, text: str) -> Address | None:
    if file_address(Path(text)).part:
        return None
    try:
        return read_address(text)
    except ValueError as error:  # the address itself is not repeated: it may hold a password
        raise DataError(str(error), where=f"data.tables.{name}", fix="correct the address") from None


def _load(engine: Any, name: str, raw: Raw) -> None:
    table: dict[str, Array] = {}
    whole: set[str] = set()
    for column, values in raw.table.items():
        table[column] = values
        if values.dtype == object:
            kind = infer_type(values, column)
            parsed, faults = parse_column(values, kind, column)
            table[column] = values if faults else parsed
            whole |= {column} if kind.type == "integer" and not faults else set()  # floats, where values are missing
    registered = "smeaton_loading"
    engine.register(registered, {key: _one_kind(values) for key, values in table.items()})
    chosen = ", ".join(
        f"CAST({name_in_sql(column)} AS BIGINT) AS {name_in_sql(column)}" if column in whole else name_in_sql(column)
        for column in table
    )
    with refusals(raw.where, "give the columns other names"):
        engine.execute(f"CREATE TABLE {name_in_sql(name)} AS SELECT {chosen} FROM {registered}")  # noqa: S608
    engine.unregister(registered)


def _one_kind(column: Array) -> Array:
    """Objects of one type as they are; mixed ones (labels 1 and 'a') as text: a SQL column has one type."""
    if column.dtype != object:
        return column
    kinds = set(map(type, column.tolist())) - {type(None)}
    if len(kinds) == 1:
        return column
    return np.array([None if value is None else str(value) for value in column.tolist()], dtype=object)

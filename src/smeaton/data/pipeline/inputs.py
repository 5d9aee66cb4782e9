"""The tables that steps read, as Parquet files with the hash of what they hold."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from smeaton import __version__
from smeaton.data._engine import name_in_sql, open_engine
from smeaton.data.pipeline.store import Record, Store, file_hash
from smeaton.data.pushdown import WHOLE, Need
from smeaton.data.sources._address import address as file_address
from smeaton.data.sources._columns import file_errors
from smeaton.data.sources.parquet import quoted
from smeaton.data.tables import Tables
from smeaton.task.sql import Query


@dataclass(frozen=True, slots=True)
class Input:
    """What a query reads: its files (of texts: none before their rows are needed), and the hash of its content."""

    paths: tuple[Path, ...]
    hash: str


class Inputs:
    """The tables of a pipeline. Parquet files are read where they stand. Files of texts are hashed, and turned into
    Parquet, which is kept, once a step needs their rows. A table of a database is brought, as nothing else says whether
    it changed."""

    def __init__(
        self, tables: Tables, store: Store, scratch: Path, queries: Sequence[Query], steps: Sequence[str]
    ) -> None:
        self._tables = tables
        self._store = store
        self._scratch = scratch
        self._queries = queries
        self._steps = steps
        self._found: dict[str, Input] = {}
        self.notes: list[str] = []

    def table(self, name: str) -> Input:
        """A table's content by its hash.

        Raises:
            DataError: it cannot be read.
        """
        if name not in self._found:
            self._found[name] = self._bring(name) if self._tables.in_database(name) else self._hashed(name)
        return self._found[name]

    def paths(self, name: str) -> tuple[Path, ...]:
        """The Parquet files of a table.

        Raises:
            DataError: it cannot be read.
        """
        known = self.table(name)
        if not known.paths:
            known = Input((self._stage(name, known.hash),), known.hash)
            self._found[name] = known
        return known.paths

    def _hashed(self, name: str) -> Input:
        said = []
        for one in self._tables.files(name):
            found = file_address(one.path)
            with file_errors(one.path):
                said.append([file_hash(found.file), found.part, found.options, one.said, found.name.rpartition(".")[2]])
        return Input(tuple(self._tables.stored(name) or ()), _hash([said, __version__]))

    def _stage(self, name: str, content: str) -> Path:
        """The rows of files of texts, with the types that their columns are seen to have."""
        title = "table_" + (re.sub(r"[^A-Za-z0-9_]+", "_", name)[:60])
        key = _hash([name, content])
        record, _ = self._store.find(title, key)
        if record is None:
            partial = self._store.partial(title, key)
            try:
                rows = self._write(name, partial)
                made = Record(name=title, key=key, query="", inputs={}, version=__version__, sha256="", rows=rows)
                self._store.keep(partial, made)
            finally:
                partial.unlink(missing_ok=True)
        return self._store.path(title, key)

    def _bring(self, name: str) -> Input:
        """A table of a database: what all queries that read it need of it, at once."""
        known = dict.fromkeys(self._steps) | {
            table: self._tables.columns(table) if self._tables.in_database(table) else None
            for table in dict.fromkeys(other for query in self._queries for other in self._tables.used(query))
        }
        asked = self._tables.needs(self._queries, known)
        path = self._scratch / f"{len(self._found)}.parquet"
        self._write(name, path, asked[name])
        return Input((path,), file_hash(path))

    def _write(self, name: str, path: Path, need: Need = WHOLE) -> int:
        with open_engine(self._scratch) as engine:
            self.notes += self._tables.bring(engine, name, need)
            engine.execute(f"COPY {name_in_sql(name)} TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd)")
            ((rows,),) = engine.execute(f"SELECT count(*) FROM {name_in_sql(name)}").fetchall()  # noqa: S608
        return int(rows)


def _hash(what: object) -> str:
    return hashlib.sha256(msgspec.json.encode(what, order="deterministic")).hexdigest()

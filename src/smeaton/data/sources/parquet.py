"""Parquet, read by DuckDB: columns keep their types."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.sources import Chunk
from smeaton.data.sources._address import no_part
from smeaton.data.sources._columns import choose, file_errors, from_masked, plain_file
from smeaton.errors import DataError
from smeaton.extras import needs
from smeaton.task.table import Array, object_column

#: What a stored type is read as; the others stay as they are.
_AS = {
    "DECIMAL": "DOUBLE",
    "DATE": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_S": "TIMESTAMP",
    "UUID": "VARCHAR",
    "TIME": "VARCHAR",
    "INTERVAL": "VARCHAR",
    "ENUM": "VARCHAR",
    "UBIGINT": "BIGINT",
    '"NULL"': "VARCHAR",
}
_ZONED = "TIMESTAMP WITH TIME ZONE"


class Parquet:
    """Reads `.parquet`."""

    suffixes = (".parquet", ".pq")

    def takes(self, thing: object) -> bool:
        """Files only."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a file, in file order."""
        with _engine(thing) as engine:
            yield from _read(engine, thing, rows, columns)

    def count(self, thing: Path) -> int:
        """How many rows there are, from the file's own record."""
        with _engine(thing) as engine:
            found = engine.execute(f"SELECT count(*) FROM {_source(thing)}").fetchone()  # noqa: S608
        return int(found[0])

    def take(self, thing: Path, rows: Array, columns: Sequence[str] | None) -> Chunk:
        """Rows by their numbers: read group by group, only what is asked for is kept."""
        with _engine(thing) as engine:
            types = _types(engine, thing)
            chosen = choose(list(types), columns, str(thing))
            select = ", ".join(read_as(name, types[name]) for name in chosen)
            engine.register("asked", {"position": np.ascontiguousarray(rows, dtype=np.int64)})
            numbered = f"read_parquet({quoted(glob_safe(str(thing)))}, file_row_number = true)"
            answer = engine.execute(
                f"SELECT {select} FROM {numbered} JOIN asked ON file_row_number = position ORDER BY position"  # noqa: S608
            )
            return Chunk({name: _clean(column) for name, column in answer.fetchnumpy().items()})

    def place(self, thing: Path, row: int) -> str:
        """`file, row n`, counted from 1: the format has no lines."""
        return f"{thing}, row {row + 1}"


@contextmanager
def _engine(path: Path) -> Iterator[Any]:
    """DuckDB, for one file; its complaints become a DataError."""
    with needs("build"):
        import duckdb
    no_part(path)
    plain_file(path)
    with file_errors(path), path.open("rb"):
        pass  # DuckDB's own words for a missing file are less helpful
    with duckdb.connect(":memory:", config={"threads": 2}) as engine:
        try:
            yield engine
        except duckdb.Error as error:
            raise DataError(
                f"not readable as Parquet: {str(error).splitlines()[0]}",
                where=str(path),
                fix="write the file again, or give CSV or JSON lines",
            ) from error


def _source(path: Path) -> str:
    return f"read_parquet({quoted(glob_safe(str(path)))})"


def _types(engine: Any, path: Path) -> dict[str, str]:
    found = engine.execute(f"DESCRIBE SELECT * FROM {_source(path)}").fetchall()  # noqa: S608
    return {name: kind for name, kind, *_ in found}


def _read(engine: Any, path: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
    source, types = _source(path), _types(engine, path)
    chosen = choose(list(types), columns, str(path))
    select = ", ".join(read_as(name, types[name]) for name in chosen)
    answer = engine.execute(f"SELECT {select} FROM {source}")  # noqa: S608
    if rows is None:
        yield Chunk({name: _clean(column) for name, column in answer.fetchnumpy().items()})
        return
    empty = True
    while batch := answer.fetchmany(rows):
        empty = False
        yield Chunk(
            {name: _typed(values, types[name]) for name, values in zip(chosen, zip(*batch, strict=True), strict=True)}
        )
    if empty:
        yield Chunk({name: _typed((), types[name]) for name in chosen})


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def glob_safe(path: str) -> str:
    """A path in which DuckDB sees no pattern: each special character stands in brackets."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


def read_as(name: str, kind: str) -> str:
    """The SQL that reads one column as a type numpy has."""
    column = '"' + name.replace('"', '""') + '"'
    if kind == _ZONED:  # a moment, whatever zone it is shown in: as UTC, without the time zone packages
        return f"make_timestamp(epoch_us({column})) AS {column}"
    wanted = _AS.get(kind.split("(", maxsplit=1)[0]) if not kind.endswith("]") else None
    return f"CAST({column} AS {wanted}) AS {column}" if wanted else column


def _clean(column: Array) -> Array:
    typed = from_masked(column)
    return object_column([_plain(value) for value in typed.tolist()]) if typed.dtype == object else typed


def _plain(value: Any) -> Any:
    if isinstance(value, bytearray):
        return bytes(value)
    return value.tolist() if isinstance(value, np.ndarray) else value


def _typed(values: Sequence[Any], kind: str) -> Array:
    """Values fetched row by row as the array that a whole read would give."""
    null = np.array([value is None for value in values], dtype=bool)
    wanted = _AS.get(kind.split("(", maxsplit=1)[0], kind)
    if kind.endswith("]") or wanted in ("VARCHAR", "BLOB", "BOOLEAN") or kind.startswith(("STRUCT", "MAP")):
        return object_column([_plain(value) for value in values])
    if wanted.startswith("TIMESTAMP"):
        return np.array(values, dtype="datetime64[us]")
    dtype = np.float64 if wanted in ("DOUBLE", "FLOAT") else np.int64
    filled = np.array([0 if value is None else value for value in values], dtype=dtype)
    return from_masked(np.ma.MaskedArray(filled, mask=null))


part = Parquet()

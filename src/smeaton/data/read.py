"""`read`: a source as columns in memory; `read_chunks`: a file of any length, piece by piece."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from smeaton.data.sources import Chunk, Reader
from smeaton.errors import DataError
from smeaton.plugins import load, names
from smeaton.task.table import Array, concat, rows_in
from smeaton.task.task import Source


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows as they were read: text formats as str and None objects, typed formats as the arrays of `task/table.py`.

    `where` names the source for people, `first_row` the position of the first row in it (streams). `parts` are the
    files behind the rows with their row counts.
    """

    table: dict[str, Array]
    where: str
    first_row: int = 0
    notes: tuple[str, ...] = ()
    parts: tuple[tuple[Any, int], ...] = ()

    def __len__(self) -> int:
        return rows_in(self.table)

    def place(self, row: int) -> str:
        """Where row `row` of the table stands: `file:line` if it has lines."""
        row += self.first_row
        for thing, count in self.parts:
            if row < count:
                return _reader(thing).place(thing, row)
            row -= count
        return f"{self.where}, row {row + 1}"


def read(source: Any, folder: Path, columns: Sequence[str] | None = None) -> Raw:
    """Read a whole source: a `Source`, a path, or a table in memory. Relative paths start at `folder`.

    Raises:
        DataError: something of it cannot be read, or a column is missing.
    """
    if isinstance(source, Raw):
        return source
    if isinstance(source, Source):
        return _read_source(source, folder, columns)
    if isinstance(source, str | Path):
        return _read_source(Source(files=(str(source),)), folder, columns)
    return _read_thing(source, columns)


def read_chunks(path: Path, rows: int = 50_000, columns: Sequence[str] | None = None) -> Iterator[Raw]:
    """The rows of one file in order, at most `rows` at a time, in memory that does not grow with the file.

    Raises:
        DataError: it cannot be read as it stands (raised where it stops being readable).
    """
    first = 0
    for chunk in _reader(path).chunks(path, rows, columns):
        # The count of the file is not known yet; as the only part, any row lies in it.
        raw = Raw(chunk.table, str(path), first, chunk.notes, ((path, 2**62),))
        yield raw
        first += len(raw)


def files_of(source: Source, folder: Path) -> list[Path]:
    """The files a source names, patterns resolved, each pattern's files in order of name.

    Raises:
        DataError: a pattern matches nothing, or a form of address that is not read.
    """
    found: list[Path] = []
    for name in source.files:
        if "://" in name:
            raise DataError("only local files are read", where=name, fix="fetch the file and give its path")
        path = folder / Path(name).expanduser()
        if path.exists() or not glob.has_magic(name):
            found.append(path)
            continue
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True) if Path(match).is_file())
        if not matches:
            raise DataError("no file matches this pattern", where=str(path), fix="correct the pattern")
        found.extend(matches)
    if not found:
        raise DataError("the source names no files", fix="give `data` a path, a pattern or a query")
    return found


def _read_source(source: Source, folder: Path, columns: Sequence[str] | None) -> Raw:
    if source.query is not None:
        from smeaton.data.query import run_query

        tables = {name: _read_source(Source(files=(path,)), folder, None) for name, path in source.tables.items()}
        table = run_query(source.query, tables)
        raw = _read_thing(table, columns)
        notes = tuple(note for read in tables.values() for note in read.notes)
        return replace(raw, where="the query", notes=notes, parts=())
    raws = [_read_thing(path, columns) for path in files_of(source, folder)]
    first = raws[0]
    for other in raws[1:]:
        if set(other.table) != set(first.table):
            odd = sorted(set(other.table) ^ set(first.table))
            raise DataError(
                f"its columns differ from those of {first.where}: {', '.join(map(repr, odd[:5]))}",
                where=other.where,
                fix="give files with the same columns",
            )
    if len(raws) == 1:
        return first
    return Raw(
        concat([{name: _loose(raws, raw, name) for name in first.table} for raw in raws]),
        f"{first.where} and {len(raws) - 1} more",
        notes=tuple(dict.fromkeys(note for raw in raws for note in raw.notes)),
        parts=tuple(part for raw in raws for part in raw.parts),
    )


def _loose(raws: Sequence[Raw], raw: Raw, name: str) -> Array:
    """A column as it is if all files agree on its kind of array, else as objects: numpy would turn numbers to text."""
    column = raw.table[name]
    kinds = {other.table[name].dtype.kind for other in raws}
    return column if len(kinds) == 1 or kinds <= {"i", "f"} else column.astype(object)


def _read_thing(thing: Any, columns: Sequence[str] | None) -> Raw:
    chunk: Chunk = next(_reader(thing).chunks(thing, None, columns))
    where = str(thing) if isinstance(thing, Path) else "the table given"
    return Raw(chunk.table, where, 0, chunk.notes, ((thing, rows_in(chunk.table)),))


def _reader(thing: Any) -> Reader:
    parts: dict[str, Reader] = {name: load("sources", name) for name in names("sources")}
    if isinstance(thing, Path):
        if thing.is_dir():
            raise DataError(
                "this is a folder, not a file", where=str(thing), fix=f"name the files in it, for example {thing}/*.csv"
            )
        for reader in parts.values():
            if thing.name.lower().endswith(reader.suffixes or ("\0",)):
                return reader
        known = ", ".join(suffix for reader in parts.values() for suffix in reader.suffixes)
        raise DataError("files of this kind are not read", where=str(thing), fix=f"give one of: {known}")
    for reader in parts.values():
        if reader.takes(thing):
            return reader
    raise DataError(
        f"a {type(thing).__name__} is no table",
        where="the table given",
        fix="give a path, a mapping of columns, a list of rows, or a pandas, polars or Arrow table",
    )

"""`read`: a source as columns in memory, all of it or a sample; `read_chunks`: rows of any number, piece by piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data._compact import Compact, packed
from smeaton.data._found import Found, expanded, matched, reader_of
from smeaton.data._join import below, same_columns
from smeaton.data._sample import Reservoir, Sample, picks
from smeaton.data.sources import Chunk, Reader
from smeaton.data.sources._address import address
from smeaton.data.sources._packed import PACKINGS
from smeaton.errors import DataError
from smeaton.plugins import load, names
from smeaton.task.table import Array, Table, rows_in
from smeaton.task.task import Source

#: Rows that are read ahead to learn how wide a table is.
_AHEAD = 1_000
#: Rows, and cells, that are taken at once where a sample is drawn.
_AT_ONCE = (20_000, 1_000_000)
#: Rows that may take more than so many bytes as objects are read piece by piece, their texts packed.
_LARGE = 2 * 10**8
#: A text takes at most so many times its bytes as arrays; what is packed or stored by column, so many.
_GROWS, _GROWS_PACKED = 20, 400


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows as they were read: text formats as str and None objects, typed formats as the arrays of `task/table.py`.

    `where` names the source for people, `first_row` the position of the first row in it (streams). `parts` are the
    files behind the rows with their row counts. A large table keeps its texts packed (`_compact.py`): a column is made
    when it is asked for. `origin` are the positions of sampled rows in the source, None where
    all were read.
    """

    table: Table
    where: str
    first_row: int = 0
    notes: tuple[str, ...] = ()
    parts: tuple[tuple[Any, int], ...] = ()
    origin: Array | None = None

    def __len__(self) -> int:
        return self.table.rows if isinstance(self.table, Compact) else rows_in(self.table)

    def place(self, row: int) -> str:
        """Where row `row` of the table stands: `file:line` if it has lines."""
        row = self.first_row + (row if self.origin is None else int(self.origin[row]))
        for thing, count in self.parts:
            if row < count:
                return _reader(thing).place(thing, row)
            row -= count
        return f"{self.where}, row {row + 1}"


def read(
    source: Any,
    folder: Path,
    columns: Sequence[str] | None = None,
    most: Sample | None = None,
    seconds: float | None = None,
) -> Raw:
    """Read a source: a `Source`, a path, or a table in memory. Relative paths start at `folder`.

    A path is a file, a pattern, a folder with files of one form, a zip archive, a sheet (`book.xlsx#Sheet`) or a member
    (`all.zip#part.csv`). With `most`, a uniform sample of the rows is read where there are more, in one pass, and said.
    A statement of a database may take `seconds`.

    Raises:
        DataError: something of it cannot be read, or a column is missing.
    """
    if isinstance(source, Raw):
        return source
    if isinstance(source, Source):
        return _read_source(source, folder, columns, most, seconds)
    if isinstance(source, str | Path):
        return _read_source(Source(files=(str(source),)), folder, columns, most)
    return _read_thing(source, columns)


def read_chunks(path: Path, rows: int = 50_000, columns: Sequence[str] | None = None) -> Iterator[Raw]:
    """The rows behind a path (see `read`) in order, at most `rows` at a time, in memory that does not grow with them.

    Raises:
        DataError: it cannot be read as it stands (raised where it stops being readable).
    """
    found = things_of(Source(files=(str(path),)), Path("."))
    where = str(path)
    first, names_of_first = 0, None
    done: list[tuple[Path, int]] = []
    for one in found:
        before = first
        for chunk in _chunks(one, rows, columns):
            if names_of_first is None:
                names_of_first = list(chunk.table)
            elif first == before:
                same_columns(names_of_first, list(chunk.table), str(one.path), str(found[0].path))
            # The count of the file is not known yet; as the last part, any row lies in it.
            parts = (*done, (one.path, 2**62))
            raw = Raw(chunk.table, where, first, (*one.notes, *chunk.notes) if first == before else (), parts)
            yield raw
            first += len(raw)
        done.append((one.path, first - before))


def files_of(source: Source, folder: Path) -> list[Path]:
    """The paths a source names, patterns resolved, each pattern's files in order of name.

    Raises:
        DataError: a pattern matches nothing, or a form of address that is not read.
    """
    return matched(source, folder)


def things_of(source: Source, folder: Path) -> list[Found]:
    """The files a source stands for, those of folders and archives among them, in order.

    Raises:
        DataError: as `files_of`, or a folder or archive holds no tables of one form.
    """
    return [found for path in matched(source, folder) for found in expanded(path)]


def _read_source(
    source: Source, folder: Path, columns: Sequence[str] | None, most: Sample | None, seconds: float | None = None
) -> Raw:
    if source.query is not None or source.steps:
        from smeaton.data.query import read_sql

        return read_sql(source, folder, columns, most, seconds)
    found = things_of(source, folder)
    if most is not None and not _surely_fits(found, most):
        sampled = _read_sample(found, columns, most)
        if sampled is not None:
            return sampled
    raws = [_read_found(one, columns) for one in found]
    for other in raws[1:]:
        same_columns(list(raws[0].table), list(other.table), other.where, raws[0].where)
    return _joined(raws)


def _joined(raws: Sequence[Raw]) -> Raw:
    first = raws[0]
    if len(raws) == 1:
        return first
    tables = [raw.table for raw in raws]
    large = any(isinstance(table, Compact) for table in tables)
    return Raw(
        Compact(zip(tables, map(len, raws), strict=True)) if large else below(tables),
        f"{first.where} and {len(raws) - 1} more",
        notes=tuple(dict.fromkeys(note for raw in raws for note in raw.notes)),
        parts=tuple(part for raw in raws for part in raw.parts),
    )


def _read_thing(thing: Any, columns: Sequence[str] | None) -> Raw:
    chunk: Chunk = next(_reader(thing).chunks(thing, None, columns))
    return Raw(chunk.table, "the table given", 0, chunk.notes, ((thing, rows_in(chunk.table)),))


def _read_found(one: Found, columns: Sequence[str] | None) -> Raw:
    if _arrays_bytes(one) > _LARGE and not hasattr(reader_of(one.path), "take"):
        return _read_packed(one, columns)
    chunk = next(_chunks(one, None, columns))
    return Raw(chunk.table, str(one.path), 0, (*one.notes, *chunk.notes), ((one.path, rows_in(chunk.table)),))


def _read_packed(one: Found, columns: Sequence[str] | None) -> Raw:
    """A large file, piece by piece, so that its texts are never all objects at once."""
    table, notes = Compact(), [*one.notes]
    ahead = next(_chunks(one, _AHEAD, columns))
    for chunk in _chunks(one, _at_once(ahead.table), columns):
        table.add(chunk.table, rows_in(chunk.table))
        notes += chunk.notes
    return Raw(table, str(one.path), 0, tuple(notes), ((one.path, table.rows),))


def _at_once(ahead: Table) -> int:
    """Rows to take at once of a table as wide as these."""
    return max(200, min(_AT_ONCE[0], _AT_ONCE[1] // max(len(ahead), 1)))


def _chunks(one: Found, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
    """Chunks of a file with the columns that its folders say."""
    inner = columns if columns is None else [name for name in columns if name not in one.said]
    for chunk in reader_of(one.path).chunks(one.path, rows, inner):
        yield _with_said(one, chunk, columns)


def _with_said(one: Found, chunk: Chunk, columns: Sequence[str] | None) -> Chunk:
    if not one.said:
        return chunk
    count = rows_in(chunk.table)
    said = {name: np.full(count, value, dtype=object) for name, value in one.said.items() if name not in chunk.table}
    table = {**chunk.table, **said}
    return Chunk(table if columns is None else {name: table[name] for name in columns}, chunk.notes)


def _surely_fits(found: Sequence[Found], most: Sample) -> bool:
    """Whether the files are so small that their arrays fit in any case."""
    if most.rows is not None or most.bytes is None:
        return False
    return sum(map(_arrays_bytes, found)) <= most.bytes


def _arrays_bytes(one: Found) -> int:
    """At most so many bytes do the rows of a file take as arrays of objects."""
    file = address(one.path).file
    size = file.stat().st_size if file.exists() else 0
    plain = address(one.path).name.endswith((".csv", ".tsv", ".txt", ".tab", ".dat", ".psv", ".jsonl", ".ndjson"))
    return size * (_GROWS if plain and file.suffix.lower() not in (*PACKINGS, ".zip") else _GROWS_PACKED)


def _read_sample(found: Sequence[Found], columns: Sequence[str] | None, most: Sample) -> Raw | None:
    """A sample of the rows of files; None where all of them are few enough and better read whole."""
    ahead = next(_chunks(found[0], _AHEAD, columns))
    limit = most.most({name: packed(column) for name, column in ahead.table.items()})
    readers = [reader_of(one.path) for one in found]
    if all(hasattr(reader, "take") for reader in readers):
        return _taken(found, readers, columns, limit, most)
    kept = Reservoir(limit, most.seed, packed)
    at_once = _at_once(ahead.table)
    counts: list[int] = []
    notes: list[str] = []
    columns_of: list[list[str]] = []
    for one in found:
        before = kept.passed
        names_seen: dict[str, None] = {}
        for chunk in _chunks(one, at_once, columns):
            kept.add(chunk.table, rows_in(chunk.table))
            names_seen.update(dict.fromkeys(chunk.table))
            notes += chunk.notes
        counts.append(kept.passed - before)
        columns_of.append(list(names_seen))
        same_columns(columns_of[0], columns_of[-1], str(one.path), str(found[0].path))
    pieces, positions = kept.rows()
    table = Compact((piece, len(own)) for piece, own in pieces)
    return _of_sample(found, table, positions, counts, notes, most)


def _taken(
    found: Sequence[Found], readers: Sequence[Any], columns: Sequence[str] | None, limit: int | None, most: Sample
) -> Raw | None:
    """Of forms that know their rows by number: only the rows drawn are read."""
    counts = [reader.count(one.path) for one, reader in zip(found, readers, strict=True)]
    if limit is None or sum(counts) <= limit:
        return None
    positions = picks(sum(counts), limit, most.seed)
    pieces: list[dict[str, Array]] = []
    notes: list[str] = []
    start = 0
    for one, reader, count in zip(found, readers, counts, strict=True):
        own = positions[(positions >= start) & (positions < start + count)] - start
        inner = columns if columns is None else [name for name in columns if name not in one.said]
        chunk = _with_said(one, reader.take(one.path, own, inner), columns)
        same_columns(
            list(pieces[0]) if pieces else list(chunk.table), list(chunk.table), str(one.path), str(found[0].path)
        )
        pieces.append(chunk.table)
        notes += chunk.notes
        start += count
    return _of_sample(found, below(pieces), positions, counts, notes, most)


def _of_sample(
    found: Sequence[Found],
    table: Table,
    positions: Array,
    counts: Sequence[int],
    notes: Sequence[str],
    most: Sample,
) -> Raw:
    where = str(found[0].path) + (f" and {len(found) - 1} more" if len(found) > 1 else "")
    total = sum(counts)
    whole = len(positions) == total
    said = [note for one in found for note in one.notes] + list(notes)
    if not whole:
        size = "" if most.bytes is None else f", so that they take at most {most.bytes / 1e9:.2g} GB as read"
        why = f" ({most.why})" if most.why else ""
        said.append(
            f"{where}: a sample of {len(positions):,} of its {total:,} rows is read: drawn uniformly with seed "
            f"{most.seed}, in their order{size}{why}"
        )
    parts = tuple((one.path, count) for one, count in zip(found, counts, strict=True))
    return Raw(table, where, 0, tuple(dict.fromkeys(said)), parts, None if whole else positions)


def _reader(thing: Any) -> Reader:
    if isinstance(thing, Path):
        return reader_of(thing)
    readers: list[Reader] = [load("sources", name) for name in names("sources")]
    for reader in readers:
        if reader.takes(thing):
            return reader
    raise DataError(
        f"a {type(thing).__name__} is no table",
        where="the table given",
        fix="give a path, a mapping of columns, a list of rows, or a pandas, polars or Arrow table",
    )

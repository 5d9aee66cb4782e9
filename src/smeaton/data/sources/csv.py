"""CSV and TSV, plain or gzip: every value stays the text it is, an empty one is null.

Read with Python's own parser, RFC 4180, strict: it is as fast as a table engine here (the cost is in making the
texts), never guesses from a sample, streams, and knows its line.
"""

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from smeaton.data.sources import Chunk
from smeaton.data.sources._columns import choose
from smeaton.data.sources._text import open_text, text_errors
from smeaton.errors import DataError
from smeaton.task.table import Array

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_BATCH = 5_000
#: Longest value of one cell, in characters.
_LONGEST = 2**28


class Csv:
    """Reads `.csv`, `.tsv` and their `.gz`."""

    suffixes = (".csv", ".tsv", ".csv.gz", ".tsv.gz")

    def takes(self, thing: object) -> bool:
        """Files only."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a file; its first line holds the column names."""
        with text_errors(thing):
            delimiter, names, notes = _header(thing)
            places = [names.index(name) for name in choose(names, columns, f"{thing}:1")]
            chosen = [names[place] for place in places]
            with open_text(thing) as text:
                parts: list[Array] = []
                first = True
                for part in _batches(thing, text, delimiter, len(names), rows):
                    parts.append(part[:, places])
                    if rows is not None and sum(map(len, parts)) >= rows:
                        yield Chunk(_columns(chosen, parts), notes if first else ())
                        parts, first = [], False
                if parts or first:
                    yield Chunk(_columns(chosen, parts), notes if first else ())

    def place(self, thing: Path, row: int) -> str:
        """`file:line` of a row, found by reading up to it."""
        with text_errors(thing):
            delimiter, _, _ = _header(thing)
            with open_text(thing) as text:
                for number, (line, _) in enumerate(_records(text, delimiter)):
                    if number == row + 1:
                        return f"{thing}:{line}"
        return str(thing)


def _batches(path: Path, text: Iterator[str], delimiter: str, width: int, rows: int | None) -> Iterator[Array]:
    """Object matrices; each `rows` rows end with one (rows 5,001: 5,000 and 1). Empty text is None."""
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    next(reader)
    ended, filled = False, 0
    try:
        while batch := list(itertools.islice(reader, min(_BATCH, rows - filled if rows else _BATCH))):
            filled = (filled + len(batch)) % (rows or _BATCH)
            if ended or set(map(len, batch)) != {width}:
                batch, ended = _without_blank_end(path, batch, delimiter, width, ended)
                if not batch:
                    continue
            cells = np.array(batch, dtype=object)
            cells[cells == ""] = None
            yield cells
    except csv.Error as error:
        raise _broken(path, delimiter, error) from error


def _without_blank_end(
    path: Path, batch: list[list[str]], delimiter: str, width: int, ended: bool
) -> tuple[list[list[str]], bool]:
    """Let blank lines at the end of the file pass; anything else of another width is refused with its line."""
    full = list(itertools.takewhile(len, batch))
    if (full and ended) or any(len(row) != width for row in full) or any(batch[len(full) :]):
        raise _ragged(path, delimiter, width)
    return full, ended or len(full) < len(batch)


def _columns(names: Sequence[str], parts: Sequence[Array]) -> dict[str, Array]:
    if not parts:
        return {name: np.empty(0, dtype=object) for name in names}
    return {name: np.concatenate([part[:, place] for part in parts]) for place, name in enumerate(names)}


def _header(path: Path) -> tuple[str, list[str], tuple[str, ...]]:
    """Delimiter, column names, notes. The delimiter is the one that cuts the first line into most names."""
    options = ["\t"] if path.name.removesuffix(".gz").endswith(".tsv") else list(_DELIMITERS)
    cut = []
    for option in options:
        with open_text(path) as text:
            cut.append(_first_record(path, text, option))
    best = max(range(len(options)), key=lambda place: len(cut[place]))
    delimiter, names = options[best], cut[best]
    notes = [] if delimiter == "," else [f"{path.name}: values are separated by {_DELIMITERS[delimiter]}"]
    if not names:
        raise DataError(
            "the first line is empty or its quotes are broken",
            where=f"{path}:1",
            fix="put a line with the column names on top",
        )
    if any("\x00" in name for name in names):
        raise DataError("the file holds zero bytes; it is not UTF-8 text", where=f"{path}:1", fix="save it as UTF-8")
    if all(_is_number(name) for name in names):
        raise DataError(
            "the first line holds numbers where the column names must be",
            where=f"{path}:1",
            fix="put a line with the column names on top",
        )
    for place, name in enumerate(names):
        if not name.strip():
            names[place] = f"column_{place + 1}"
            notes.append(f"{path.name}: column {place + 1} has no name; it is called {names[place]!r}")
    return delimiter, names, tuple(notes)


def _first_record(path: Path, text: Iterator[str], delimiter: str) -> list[str]:
    csv.field_size_limit(_LONGEST)
    try:
        record = next(csv.reader(text, delimiter=delimiter, strict=True), None)
    except csv.Error:
        return []  # not with this delimiter; if with none, the caller refuses the line
    if record is None:
        raise DataError("the file is empty", where=str(path), fix="give a file with a line of column names and rows")
    return record


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _records(text: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it starts on; on a broken one raises csv.Error with that line as second argument."""
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(str(error), line) from error
        yield line, record


def _ragged(path: Path, delimiter: str, width: int) -> DataError:
    """The error for the first line of another width (read again: the line is needed only now)."""
    blank = 0
    with open_text(path) as text:
        for line, record in _records(text, delimiter):
            if not record:
                blank = blank or line
            elif blank:
                return DataError("the line is empty", where=f"{path}:{blank}", fix="remove the empty line")
            elif len(record) != width:
                return DataError(
                    f"{len(record)} values, but the header names {width} columns",
                    where=f"{path}:{line}",
                    fix=f"put quotes around values that hold {_DELIMITERS[delimiter]}, or complete the line",
                )
    raise AssertionError("a ragged line was seen a moment ago")


def _broken(path: Path, delimiter: str, error: csv.Error) -> DataError:
    line = "?"
    try:
        with open_text(path) as text:
            for _ in _records(text, delimiter):
                pass
    except csv.Error as again:
        line = str(again.args[1])
    reason = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
    return DataError(
        f"the quoting is broken: {reason}",
        where=f"{path}:{line}",
        fix='close the quote; write a quote inside a quoted value twice: ""',
    )


part = Csv()

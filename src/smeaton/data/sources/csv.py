"""CSV, TSV and other text tables, plain or packed: every value stays the text it is, an empty one is null.

Encoding and delimiter are detected and said. Read with Python's own parser, RFC 4180, strict: it is as fast as a table
engine here (the cost is in making the texts), streams, and knows its line.
"""

import contextlib
import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smeaton.data.sources import Chunk
from smeaton.data.sources._address import address, no_part
from smeaton.data.sources._columns import choose
from smeaton.data.sources._delimiter import USUAL, Delimiter, first_lines, sniff, stated
from smeaton.data.sources._encoding import Encoding, detect
from smeaton.data.sources._packed import bare, packed
from smeaton.data.sources._text import open_text, text_errors
from smeaton.errors import DataError
from smeaton.task.table import Array

#: Rows and cells that are taken at once: 5,000 rows, fewer of wide tables.
_BATCH = 5_000
_CELLS = 500_000


class Csv:
    """Reads `.csv`, `.tsv`, `.tab`, `.psv`, `.txt`, `.dat` and their packed forms."""

    suffixes = packed(".csv", ".tsv", ".tab", ".psv", ".txt", ".dat")

    def takes(self, thing: object) -> bool:
        """Files only."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a file; its first line holds the column names."""
        form = _form(thing)
        place_of = {name: place for place, name in enumerate(form.names)}
        chosen = choose(form.names, columns, f"{thing}:{form.line}")
        places = None if columns is None else [place_of[name] for name in chosen]
        with text_errors(thing, form.encoding), form.open() as text:
            parts: list[Array] = []
            first, count = True, 0
            for part in _batches(form, text, rows):
                parts.append(part if places is None else part[:, places])
                count += len(part)
                if rows is not None and count >= rows:
                    yield Chunk(_columns(chosen, parts), form.notes if first else ())
                    parts, first, count = [], False, 0
            if parts or first:
                yield Chunk(_columns(chosen, parts), form.notes if first else ())

    def place(self, thing: Path, row: int) -> str:
        """`file:line` of a row, found by reading up to it."""
        form = _form(thing)
        with text_errors(thing, form.encoding), form.open() as text:
            for number, (line, _) in enumerate(_records(form, text)):
                if number == row + 1:
                    return f"{thing}:{line}"
        return str(thing)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a file is written. `line` is where the column names stand."""

    path: Path
    encoding: Encoding
    delimiter: Delimiter
    names: list[str]
    notes: tuple[str, ...]
    line: int = 1

    @contextlib.contextmanager
    def open(self) -> Iterator[io.TextIOWrapper]:
        """Its text, from the line with the column names on."""
        with open_text(self.path, self.encoding) as text:
            for _ in range(self.line - 1):
                text.readline()
            yield text


def _form(path: Path) -> _Form:
    """Encoding, delimiter, column names, notes.

    Raises:
        DataError: there is no line of column names.
    """
    no_part(path)
    with text_errors(path):
        encoding = detect(path)
    with text_errors(path, encoding), open_text(path, encoding) as text:
        sample, whole = first_lines(text)
    if not sample:
        raise DataError("the file is empty", where=str(path), fix="give a file with a line of column names and rows")
    start = sample.split("\n", maxsplit=1)[0].strip()
    excel = start.lower().startswith("sep=") and len(start) == 5  # what Excel puts on top of some exports
    if excel:
        sample = sample.partition("\n")[2]
    said = address(path).options.get("delimiter") or (start[4] if excel else None)
    ending = Path(bare(address(path).name)).suffix
    delimiter = stated(said, str(path)) if said else sniff(sample, ending, whole=whole)
    line = 2 if excel else 1
    names, notes = _header(path, sample, delimiter, line)
    return _Form(path, encoding, delimiter, names, (*encoding.notes, *_said(path, delimiter), *notes), line)


def _said(path: Path, delimiter: Delimiter) -> list[str]:
    rival = f" ({delimiter.rival} would cut it as evenly)" if delimiter.rival else ""
    if delimiter.mark == "," and not rival:
        return []
    runs = "runs of " if delimiter.runs else ""
    return [f"{path.name}: values are separated by {runs}{delimiter.word}{rival}"]


def _header(path: Path, sample: str, delimiter: Delimiter, line: int) -> tuple[list[str], list[str]]:
    fix = "put a line with the column names on top"
    try:
        names: list[str] = next(delimiter.reader(io.StringIO(sample, newline="")), [])
    except csv.Error as error:
        raise DataError("the quotes of the first line are broken", where=f"{path}:{line}", fix=fix) from error
    if not any(name.strip() for name in names):
        raise DataError("the first line is empty", where=f"{path}:{line}", fix=fix)
    if all(_is_number(name) for name in names):
        raise DataError("the first line holds numbers where the column names must be", where=f"{path}:{line}", fix=fix)
    notes = []
    for place, name in enumerate(names):
        if not name.strip():
            names[place] = f"column_{place + 1}"
            notes.append(f"{path.name}: column {place + 1} has no name; it is called {names[place]!r}")
    return names, notes


def _batches(form: _Form, text: Iterator[str], rows: int | None) -> Iterator[Array]:
    """Object matrices; each `rows` rows end with one (rows 5,001: 5,000 and 1). Empty text is None."""
    reader = form.delimiter.reader(text)
    width = len(form.names)
    most = max(1, min(_BATCH, _CELLS // width))
    ended, filled = False, 0
    try:
        next(reader, None)
        while batch := list(itertools.islice(reader, min(most, rows - filled if rows else most))):
            filled = (filled + len(batch)) % (rows or most)
            if ended or set(map(len, batch)) != {width}:
                batch, ended = _without_blank_end(form, batch, ended)
                if not batch:
                    continue
            cells = np.array(batch, dtype=object)
            cells[cells == ""] = None
            yield cells
    except csv.Error as error:
        raise _broken(form, error) from error


def _without_blank_end(form: _Form, batch: list[list[str]], ended: bool) -> tuple[list[list[str]], bool]:
    """Let blank lines at the end of the file pass; anything else of another width is refused with its line."""
    width = len(form.names)
    full = list(itertools.takewhile(len, batch))
    if (full and ended) or any(len(row) != width for row in full) or any(batch[len(full) :]):
        raise _ragged(form)
    return full, ended or len(full) < len(batch)


def _columns(names: Sequence[str], parts: list[Array]) -> dict[str, Array]:
    """Columns of the parts, one below the other; a part is let go of as soon as it is copied."""
    table = {name: np.empty(sum(map(len, parts)), dtype=object) for name in names}
    start = 0
    for number, part in enumerate(parts):
        for column, cells in zip(table.values(), part.T, strict=True):
            column[start : start + len(cells)] = cells
        start += len(part)
        parts[number] = part[:0].copy()
    return table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _records(form: _Form, text: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it starts on; on a broken one raises csv.Error with that line as second argument."""
    reader = form.delimiter.reader(text)
    while True:
        line = reader.line_num + form.line
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(str(error), line) from error
        yield line, record


def _ragged(form: _Form) -> DataError:
    """The error for the first line of another width (read again: the line is needed only now)."""
    blank, width = 0, len(form.names)
    with form.open() as text:
        for line, record in _records(form, text):
            if not record:
                blank = blank or line
            elif blank:
                return DataError("the line is empty", where=f"{form.path}:{blank}", fix="remove the empty line")
            elif len(record) != width:
                return DataError(
                    f"{len(record)} {'value' if len(record) == 1 else 'values'}, but the header names {width} columns",
                    where=f"{form.path}:{line}",
                    fix=_ragged_fix(form, width == 1),
                )
    raise AssertionError("a ragged line was seen a moment ago")


def _ragged_fix(form: _Form, title: bool) -> str:
    if title:
        return "if a title stands above the column names, remove it; else put quotes around values that hold the mark"
    mark = f"{USUAL.get(form.delimiter.mark, form.delimiter.word)}"
    return f"put quotes around values that hold {mark}, or complete the line"


def _broken(form: _Form, error: csv.Error) -> DataError:
    line = "?"
    try:
        with form.open() as text:
            for _ in _records(form, text):
                pass
    except csv.Error as again:
        line = str(again.args[1])
    reason = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
    return DataError(
        f"the quoting is broken: {reason}",
        where=f"{form.path}:{line}",
        fix='close the quote; write a quote inside a quoted value twice: ""',
    )


part = Csv()

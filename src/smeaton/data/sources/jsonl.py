"""JSON lines, plain or packed: one object a line, its keys the columns; a missing key is null."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from smeaton.data.sources import Chunk
from smeaton.data.sources._address import no_part
from smeaton.data.sources._encoding import Encoding
from smeaton.data.sources._json import encoding_of, objects_to_columns, utf8_lines
from smeaton.data.sources._packed import packed
from smeaton.data.sources._text import text_errors
from smeaton.errors import DataError


class Jsonl:
    """Reads `.jsonl`, `.ndjson` and their packed forms."""

    suffixes = packed(".jsonl", ".ndjson")

    def takes(self, thing: object) -> bool:
        """Files only."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a file. When streaming, a key first seen later is a column from there on."""
        no_part(thing)
        encoding = encoding_of(thing)
        names: dict[str, None] = {}
        batch: list[dict[str, Any]] = []
        sent = False
        with text_errors(thing, encoding):
            for _, row in objects_in(thing, encoding):
                names.update(dict.fromkeys(row))
                batch.append(row)
                if rows is not None and len(batch) >= rows:
                    table = objects_to_columns(batch, list(names), columns, str(thing))
                    yield Chunk(table, () if sent else encoding.notes)
                    batch, sent = [], True
        if not names and not sent:
            raise DataError("the file is empty", where=str(thing), fix="give a file with one JSON object a line")
        if batch or not sent:
            table = objects_to_columns(batch, list(names), columns, str(thing))
            yield Chunk(table, () if sent else encoding.notes)

    def place(self, thing: Path, row: int) -> str:
        """`file:line` of a row."""
        encoding = encoding_of(thing)
        with text_errors(thing, encoding):
            for number, (line, _) in enumerate(objects_in(thing, encoding)):
                if number == row:
                    return f"{thing}:{line}"
        return str(thing)


def objects_in(path: Path, encoding: Encoding) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with its line.

    Raises:
        DataError: a line is not one JSON object.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for number, line in enumerate(utf8_lines(path, encoding), start=1):
        if not line.strip():
            continue  # the format allows blank lines; they are no rows
        try:
            row = decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _bad_line(path, number, line, error) from error
        yield number, row


def _bad_line(path: Path, number: int, content: bytes, error: Exception) -> DataError:
    whole = number == 1 and content.strip() in (b"[", b"{")
    return DataError(
        f"this line is not one JSON object: {error}",
        where=f"{path}:{number}",
        fix="this looks like one JSON document: give it the ending .json" if whole else "write one object a line",
    )


part = Jsonl()

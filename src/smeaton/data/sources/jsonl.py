"""JSON lines, plain or gzip: one object a line, its keys the columns; a missing key is null."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from smeaton.data.sources import Chunk
from smeaton.data.sources._columns import choose, native
from smeaton.data.sources._text import open_bytes, text_errors
from smeaton.errors import DataError

_BOM = b"\xef\xbb\xbf"


class Jsonl:
    """Reads `.jsonl`, `.ndjson` and their `.gz`."""

    suffixes = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")

    def takes(self, thing: object) -> bool:
        """Files only."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a file. When streaming, a key first seen later is a column from there on."""
        names: dict[str, None] = {}
        batch: list[dict[str, Any]] = []
        sent = False
        with text_errors(thing):
            for _, row in _objects(thing):
                names.update(dict.fromkeys(row))
                batch.append(row)
                if rows is not None and len(batch) >= rows:
                    yield _chunk(thing, batch, names, columns)
                    batch, sent = [], True
        if not names and not sent:
            raise DataError("the file is empty", where=str(thing), fix="give a file with one JSON object a line")
        if batch or not sent:
            yield _chunk(thing, batch, names, columns)

    def place(self, thing: Path, row: int) -> str:
        """`file:line` of a row."""
        with text_errors(thing):
            for number, (line, _) in enumerate(_objects(thing)):
                if number == row:
                    return f"{thing}:{line}"
        return str(thing)


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with open_bytes(path) as lines:
        for number, line in enumerate(lines, start=1):
            content = line.removeprefix(_BOM) if number == 1 else line
            if not content.strip():
                continue  # the format allows blank lines; they are no rows
            try:
                yield number, decode(content)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise _bad_line(path, number, content, error) from error


def _bad_line(path: Path, number: int, content: bytes, error: Exception) -> DataError:
    content.decode("utf-8")  # broken bytes are reported as such, not as broken JSON
    whole = number == 1 and content.strip() in (b"[", b"{")
    return DataError(
        f"this line is not one JSON object: {error}",
        where=f"{path}:{number}",
        fix="this looks like one JSON document: write its objects one a line" if whole else "write one object a line",
    )


def _chunk(path: Path, batch: list[dict[str, Any]], names: dict[str, None], columns: Sequence[str] | None) -> Chunk:
    chosen = choose(list(names), columns, str(path))
    return Chunk({name: native([row.get(name) for row in batch]) for name in chosen})


part = Jsonl()

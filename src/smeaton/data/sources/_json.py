"""Helpers of the JSON sources: lines and documents as UTF-8, objects as columns."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from smeaton.data.sources import Chunk
from smeaton.data.sources._columns import choose, native
from smeaton.data.sources._encoding import Encoding, detect
from smeaton.data.sources._packed import open_bytes
from smeaton.data.sources._text import open_text, text_errors

_BOM = b"\xef\xbb\xbf"


def encoding_of(path: Path) -> Encoding:
    """The encoding of a JSON file: UTF-8 by its specification (RFC 8259), what tools write in fact."""
    with text_errors(path):
        return detect(path)


def utf8_lines(path: Path, encoding: Encoding) -> Iterator[bytes]:
    """The lines of a file as UTF-8 bytes, without a byte order mark."""
    if encoding.codec == "utf-8-sig":
        with open_bytes(path) as lines:
            for number, line in enumerate(lines):
                yield line.removeprefix(_BOM) if number == 0 else line
        return
    with open_text(path, encoding) as text:
        for letters in text:
            yield letters.encode("utf-8")


def objects_to_columns(
    rows: Sequence[dict[str, Any]], names: Sequence[str], columns: Sequence[str] | None, where: str
) -> dict[str, Any]:
    """Objects as columns; a key that an object lacks is null."""
    return {name: native([row.get(name) for row in rows]) for name in choose(names, columns, where)}


def slices(table: dict[str, Any], count: int, rows: int | None, notes: tuple[str, ...]) -> Iterator[Chunk]:
    """A table in pieces of at most `rows`; one piece at least."""
    step = rows or max(count, 1)
    for start in range(0, max(count, 1), step):
        piece = {name: column[start : start + step] for name, column in table.items()}
        yield Chunk(piece, notes if start == 0 else ())

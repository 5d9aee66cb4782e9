"""JSON documents, plain or packed: an array of objects, an object of columns, or an object that holds one of the two.

A document is read whole; JSON lines under this ending are known and read as such.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from smeaton.data.sources import Chunk
from smeaton.data.sources._address import no_part
from smeaton.data.sources._columns import choose, native
from smeaton.data.sources._encoding import Encoding
from smeaton.data.sources._json import encoding_of, objects_to_columns, slices, utf8_lines
from smeaton.data.sources._packed import packed
from smeaton.data.sources._text import text_errors
from smeaton.data.sources.jsonl import part as lines
from smeaton.errors import DataError

#: A larger document is not read: it takes several times its size in memory, and JSON lines stream.
_LARGEST = 2**31
_FORMS = "an array of objects, an object of columns (lists of one length), or an object with one such array"


class Json:
    """Reads `.json` and its packed forms."""

    suffixes = packed(".json")

    def takes(self, thing: object) -> bool:
        """Files only."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a document, in its order."""
        no_part(thing)
        encoding = encoding_of(thing)
        with text_errors(thing, encoding):
            content = _content(thing, encoding)
            if _is_lines(content):
                said = f"{thing.name}: one JSON object a line"
                for number, chunk in enumerate(lines.chunks(thing, rows, columns)):
                    yield Chunk(chunk.table, (*chunk.notes, said) if number == 0 else chunk.notes)
                return
            document = _decoded(thing, content)
        del content
        table, count, notes = _table(thing, document, columns)
        del document
        yield from slices(table, count, rows, (*encoding.notes, *notes))

    def place(self, thing: Path, row: int) -> str:
        """`file, object n`, counted from 1; `file:line` of JSON lines."""
        encoding = encoding_of(thing)
        with text_errors(thing, encoding):
            if _is_lines(_content(thing, encoding)):
                return lines.place(thing, row)
        return f"{thing}, object {row + 1}"


def _content(path: Path, encoding: Encoding) -> bytes:
    """The whole document as UTF-8."""
    found: list[bytes] = []
    size = 0
    for line in utf8_lines(path, encoding):
        found.append(line)
        size += len(line)
        if size > _LARGEST:
            raise DataError(
                f"the document is larger than {_LARGEST:,} bytes",
                where=str(path),
                fix="write its objects one a line into a .jsonl file, which is read piece by piece",
            )
    if size == 0 or not b"".join(found[:100]).strip():
        raise DataError("the file is empty", where=str(path), fix=f"give {_FORMS}")
    return b"".join(found)


def _is_lines(content: bytes) -> bool:
    """Whether the first two lines that hold something are each one whole object."""
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    first = [line for line in content[: 2**20].split(b"\n") if line.strip()][:2]
    try:
        return len(first) == 2 and all(isinstance(decode(line), dict) for line in first)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _decoded(path: Path, content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        place = str(error).rpartition("(byte ")[2].removesuffix(")")
        line = content[: int(place)].count(b"\n") + 1 if place.isdigit() else 1
        raise DataError(
            f"this is not one JSON document: {error or 'nested too deep'}", where=f"{path}:{line}", fix=f"give {_FORMS}"
        ) from error


def _table(path: Path, document: Any, columns: Sequence[str] | None) -> tuple[dict[str, Any], int, tuple[str, ...]]:
    """Columns, their length, and what should be said."""
    if _is_rows(document):
        return _of_rows(path, document, columns), len(document), ()
    if isinstance(document, dict):
        if _is_columns(document):
            chosen = choose(list(document), columns, str(path))
            return {name: native(document[name]) for name in chosen}, len(next(iter(document.values()))), ()
        inner = [key for key, value in document.items() if value and _is_rows(value)]
        inner = inner or [key for key, value in document.items() if _is_columns(value)]
        if len(inner) == 1:
            found, count, _ = _table(path, document[inner[0]], columns)
            others = ", ".join(repr(key) for key in list(document)[:6] if key != inner[0])
            beside = f"; beside it stands {others}, which is not read" if others else ""
            return found, count, (f"{path.name}: the rows stand under {inner[0]!r}{beside}",)
        if len(inner) > 1:
            raise DataError(
                f"several keys hold rows: {', '.join(map(repr, inner[:6]))}",
                where=str(path),
                fix="write the rows that are meant into a file of their own",
            )
    raise DataError(f"the document is no table: {_what(document)}", where=str(path), fix=f"give {_FORMS}")


def _of_rows(path: Path, rows: list[dict[str, Any]], columns: Sequence[str] | None) -> dict[str, Any]:
    names = list(dict.fromkeys(key for row in rows for key in row))
    if not rows:
        raise DataError("the array is empty", where=str(path), fix="give a file with rows")
    return objects_to_columns(rows, names, columns, str(path))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _is_columns(value: Any) -> bool:
    """An object of lists of one length that are no rows themselves."""
    if not isinstance(value, dict) or not value or not all(isinstance(column, list) for column in value.values()):
        return False
    if len(value) == 1 and _is_rows(next(iter(value.values()))):
        return False
    return len(set(map(len, value.values()))) == 1


def _what(document: Any) -> str:
    if isinstance(document, dict):
        lists = {key: len(value) for key, value in document.items() if isinstance(value, list)}
        if len(lists) == len(document) > 1:
            key, other = next(iter(lists)), next(name for name in lists if lists[name] != next(iter(lists.values())))
            return f"its lists differ in length: {key!r} has {lists[key]:,}, {other!r} has {lists[other]:,}"
        return "an object of other things" if document else "an empty object"
    return "an array of other things than objects" if isinstance(document, list) else f"one {type(document).__name__}"


part = Json()

"""Which encoding a text file is in: by its byte order mark, its zero bytes, UTF-8 validity, or how its letters read.

One pass over the bytes also finds what no text table holds: zero bytes, and lines of gigabytes.
"""

import codecs
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from smeaton.data.sources._address import address
from smeaton.data.sources._packed import open_bytes
from smeaton.data.sources._reading import best
from smeaton.errors import DataError

BLOCK = 2**20
#: Longest line, in bytes: a longer one is no table, and would fill the memory before anybody could say so.
_LONGEST_LINE = 2**28
#: So many bytes of lines that are not ASCII are looked at where the encoding must be told from how they read.
_LOOKED_AT = 2**16

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: First bytes of files that are no text, and what they are.
_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook (.zip, .xlsx, .ods)",
    b"\xd0\xcf\x11\xe0": "an old Office file, perhaps an Excel workbook (.xls)",
    b"PAR1": "Parquet (.parquet)",
    b"ARROW1": "Arrow (.arrow)",
    b"FEA1": "an old Feather file",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "HDF5",
    b"%PDF-": "a PDF",
    b"\x80\x04": "a pickle, which is never opened",
}
#: Control characters that a text may hold: tab, line ends, page, end of file, and separators of fields.
_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1a\x01\x02\x1c\x1d\x1e\x1f")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name for Python, and the sentences to say about it (none for UTF-8)."""

    codec: str
    notes: tuple[str, ...] = ()


def detect(path: Path) -> Encoding:
    """The encoding of a text file, or what its address says (`t.csv#encoding=cp1250`).

    Raises:
        DataError: it is no text, a line is too long, or UTF-8 in which some bytes are broken.
    """
    said = address(path).options.get("encoding")
    if said is not None:
        return Encoding(_known(said, path), (f"{path.name}: read as {said}, as its address says",))
    with open_bytes(path) as stream:
        head = stream.read(BLOCK)
        _no_magic(path, head)
        codec = next((codec for mark, codec in _MARKS if head.startswith(mark)), None) or _by_zeros(head)
        blocks = _checked(path, head, stream, zeros=codec is not None and codec != "utf-8-sig")
        if codec is not None:  # a mark decides: what does not fit it is broken, and said where it is read
            for _ in blocks:
                pass  # only its lines are checked
            return Encoding(codec, () if codec == "utf-8-sig" else (f"{path.name}: read as {codec.upper()}",))
        return _of_bytes(path, blocks)


def _known(name: str, path: Path) -> str:
    for spelling in (name, name.replace("-", "")):  # Python knows latin2 and iso8859-2, people write latin-2
        try:
            found = codecs.lookup(spelling)
        except LookupError:
            continue
        if not found._is_text_encoding:
            raise DataError(f"{name!r} is no encoding of text", where=str(path), fix="name one such as utf-8 or cp1252")
        return "utf-8-sig" if found.name == "utf-8" else found.name
    raise DataError(
        f"there is no encoding {name!r}", where=str(path), fix="name one such as utf-8, cp1252, latin-2 or koi8-r"
    )


def _checked(path: Path, head: bytes, stream: io.BufferedReader, *, zeros: bool) -> Iterator[bytes]:
    """The blocks of the file, while they hold no zero bytes (unless those are part of the encoding) and lines end."""
    line, run, block = 1, 0, head
    while block:
        if not zeros and (place := block.find(b"\0")) >= 0:
            raise DataError(
                "the file holds zero bytes: it is no text, or damaged",
                where=f"{path}:{line + _ends(block[:place])}",
                fix="save it as UTF-8 text, or cut the damaged part out",
            )
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        run = run + len(block) if end < 0 else len(block) - end - 1
        line += _ends(block)
        if run > _LONGEST_LINE:
            raise DataError(
                f"the line is longer than {_LONGEST_LINE:,} bytes", where=f"{path}:{line}", fix="break it into lines"
            )
        yield block
        block = stream.read(BLOCK)


def _ends(block: bytes) -> int:
    return max(block.count(b"\n"), block.count(b"\r"))


def _no_magic(path: Path, head: bytes) -> None:
    for magic, what in _MAGIC.items():
        plain = magic.decode("latin-1").isprintable() and magic != b"%PDF-"  # may be the first column's name
        if head.startswith(magic) and (not plain or b"\0" in head[:4096]):
            raise DataError(
                f"the file is no text but {what}", where=str(path), fix="give it the ending of what it is, or export it"
            )


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: the upper bytes of most letters of most tables are zero, and stand in order."""
    start = head[: min(len(head), 4096) // 4 * 4] or head[:2]
    if b"\0" not in start or len(start) < 2:
        return None
    zeros = [start[place::4].count(0) / max(len(start[place::4]), 1) for place in range(4)]
    if zeros[3] == 1 and max(start[2::4], default=0xFF) <= 0x10:  # the last character is U+10FFFF
        found = "utf-32-le"
    elif zeros[0] == 1 and max(start[1::4]) <= 0x10:
        found = "utf-32-be"
    elif min(zeros[1], zeros[3]) > 0.3 and min(zeros[1], zeros[3]) > 4 * max(zeros[0], zeros[2]):
        found = "utf-16-le"
    elif min(zeros[0], zeros[2]) > 0.3 and min(zeros[0], zeros[2]) > 4 * max(zeros[1], zeros[3]):
        found = "utf-16-be"
    else:
        return None
    text = start.decode(found, errors="replace")
    odd = sum(letter < " " and ord(letter) not in _CONTROLS for letter in text)
    return found if odd <= max(2, len(text) // 50) else None


def _no_controls(path: Path, block: bytes) -> None:
    start = block[:65_536]
    odd = sum(start.count(byte) for byte in range(32) if byte not in _CONTROLS)
    if odd > max(1, len(start) // 100):
        raise DataError("the file is no text: control characters stand in it", where=str(path), fix="export it as CSV")


def _of_bytes(path: Path, blocks: Iterator[bytes]) -> Encoding:
    """UTF-8 if all is valid; else an encoding of single bytes or of pairs by how its letters read."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    wide, block = 0, b""
    for block in blocks:
        try:
            wide += _wide(block, decoder)
        except UnicodeDecodeError:
            return _by_letters(path, wide, decoder.getstate()[0] + block, blocks)
    if decoder.getstate()[0]:  # the file ends inside a character
        return _by_letters(path, wide, block, blocks)
    return Encoding("utf-8-sig")


def _wide(block: bytes, decoder: codecs.IncrementalDecoder) -> int:
    """How many characters beyond ASCII a block holds."""
    if block.isascii() and not decoder.getstate()[0]:
        return 0
    text = decoder.decode(block)
    return len(text.encode("utf-8")) - len(text)


def _by_letters(path: Path, wide: int, ahead: bytes, blocks: Iterator[bytes]) -> Encoding:
    text = ahead.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    wide += sum(1 for letter in text if not letter.isascii()) - broken
    if wide > broken:
        raise broken_line(path, "utf-8")
    _no_controls(path, ahead)
    sample = _lines_to_look_at(ahead)
    for block in blocks:
        if len(sample) < _LOOKED_AT:
            sample += _lines_to_look_at(block)
    found = best(sample[:_LOOKED_AT].rpartition(b"\n")[0] or sample[:_LOOKED_AT])
    if found is None:
        raise DataError(
            "its bytes are not UTF-8, and read as no other encoding",
            where=broken_line(path, "utf-8").where,
            fix=f"save it as UTF-8, or name the encoding: {path.name}#encoding=NAME",
        )
    notes = [f"{path.name}: not UTF-8; read as {found.codec}" + (f" ({found.about})" if found.about else "")]
    if found.rival:
        notes.append(
            f"{path.name}: its letters fit {found.rival} too ({found.example}); if that is right, write "
            f"{path.name}#encoding={found.rival}"
        )
    return Encoding(found.codec, tuple(notes))


def _lines_to_look_at(block: bytes) -> bytes:
    return b"".join(line for line in block.splitlines(keepends=True) if not line.isascii())


def broken_line(path: Path, codec: str) -> DataError:
    """The error for the first line that does not decode."""
    make: Callable[..., codecs.IncrementalDecoder] = codecs.getincrementaldecoder(codec)
    decoder, line = make("strict"), 1
    with open_bytes(path) as stream:
        while block := stream.read(BLOCK):
            kept = decoder.getstate()
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeDecodeError:
                decoder.setstate(kept)
                return _broken_in(path, codec, decoder, block, line)
    return DataError(
        f"the file ends inside a character of {_show(codec)}", where=f"{path}:{line}", fix="fetch the file again"
    )


def _broken_in(path: Path, codec: str, decoder: codecs.IncrementalDecoder, block: bytes, line: int) -> DataError:
    byte = block[0]
    for place in range(len(block)):
        try:
            line += decoder.decode(block[place : place + 1]).count("\n")
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            break
    return DataError(
        f"byte 0x{byte:02x} is not {_show(codec)}",
        where=f"{path}:{line}",
        fix=f"correct the line, or name the encoding of the file: {path.name}#encoding=NAME",
    )


def _show(codec: str) -> str:
    return {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"}.get(codec, codec)

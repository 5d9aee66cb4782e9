"""Helpers of the text sources: opening UTF-8 files, gzip or not, and saying where their bytes break."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from smeaton.data.sources._columns import file_errors
from smeaton.errors import DataError

_GZIP = b"\x1f\x8b"


def open_bytes(path: Path) -> BinaryIO:
    """The file's content, unpacked if it is gzip (by its first bytes, whatever its name)."""
    raw = path.open("rb")
    if raw.peek(2)[:2] != _GZIP and path.suffix != ".gz":
        return raw
    raw.close()
    return cast(BinaryIO, gzip.open(path, "rb"))


def open_text(path: Path) -> io.TextIOWrapper:
    """The file's content as strict UTF-8 text; a byte order mark is passed over, line ends are kept."""
    return io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig", errors="strict", newline="")


@contextmanager
def text_errors(path: Path) -> Iterator[None]:
    """Turn broken bytes and broken gzip into a DataError with line and fix."""
    try:
        with file_errors(path):
            yield
    except UnicodeDecodeError as error:
        line, byte = _broken_line(path)
        raise DataError(
            f"byte 0x{byte:02x} is not UTF-8",
            where=f"{path}:{line}",
            fix=f"save the file as UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > fixed-{path.name}",
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"the gzip data is broken or cut off: {error}", where=str(path), fix="fetch or compress the file again"
        ) from error


def _broken_line(path: Path) -> tuple[int, int]:
    with open_bytes(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return number, line[error.start]
    raise AssertionError("every line decodes alone, so the whole did too")

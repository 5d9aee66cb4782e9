"""Helpers of the text sources: opening a file in its encoding, and saying where its bytes break."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smeaton.data.sources._columns import file_errors
from smeaton.data.sources._encoding import Encoding, broken_line
from smeaton.data.sources._packed import open_bytes


def open_text(path: Path, encoding: Encoding) -> io.TextIOWrapper:
    """The file's content as text, decoded strictly; a byte order mark is passed over, line ends are kept."""
    return io.TextIOWrapper(open_bytes(path), encoding=encoding.codec, errors="strict", newline="")


@contextmanager
def text_errors(path: Path, encoding: Encoding | None = None) -> Iterator[None]:
    """Turn broken bytes and what the file system says into a DataError with line and fix."""
    try:
        with file_errors(path):
            yield
    except UnicodeError as error:
        raise broken_line(path, encoding.codec if encoding else "utf-8") from error

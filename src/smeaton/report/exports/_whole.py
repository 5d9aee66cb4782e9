"""A text file that is written whole or not at all."""

from pathlib import Path

from smeaton.errors import DataError
from smeaton.runtime.files import durable_write


def write_whole(out: Path, text: str) -> Path:
    """Write a file, UTF-8; what stood there stays until the new one is whole.

    Raises:
        DataError: it cannot be written.
    """
    try:
        durable_write(out, text.encode())
    except OSError as error:
        fix = "choose a file in a folder that is there and that you may write to"
        raise DataError(f"it cannot be written: {error.strerror}", where=str(out), fix=fix) from error
    return out

"""A text file of a task, written whole or not at all."""

import os
from pathlib import Path

from smeaton.errors import TaskError


def write_text_file(path: Path, text: str, what: str) -> None:
    """Write a text beside `path` and put it there.

    Raises:
        TaskError: `what` cannot be written there.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise TaskError(
            f"{what} cannot be written: {error.strerror}", fix="choose a folder you may write to", where=str(path)
        ) from error

"""The zip files that networks are saved in: members by name, with limits, and nothing of them run."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from smeaton.errors import ProgramError

MOST_BYTES = 500_000_000


class Archive:
    """A zip file, open. `framework` is what wrote it, for messages; `again` how to write it again."""

    def __init__(self, path: Path, framework: str, again: str) -> None:
        self._framework, self._again = framework, again
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise ProgramError(f"it is no file of {framework}: {error}", fix=again) from error
        self.names = tuple(self._zip.namelist())
        size = sum(one.file_size for one in self._zip.infolist())
        if size > MOST_BYTES:
            self._zip.close()
            raise ProgramError(f"it unpacks to {size:,} bytes, {MOST_BYTES:,} at most", fix="save a smaller model")

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def bytes(self, name: str) -> bytes:
        """A member.

        Raises:
            ProgramError: there is none, or it is damaged.
        """
        try:
            return self._zip.read(name)
        except (KeyError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise ProgramError(f"it is no file of {self._framework}: {error}", fix=self._again) from error

    def json(self, name: str) -> Any:
        """A member that is JSON.

        Raises:
            ProgramError: there is none, or it is damaged.
        """
        try:
            return json.loads(self.bytes(name))
        except (ValueError, RecursionError) as error:
            raise ProgramError(f"its {name} is no JSON: {error}", fix=self._again) from error


def guarded(read: Callable[[Path], Any], path: Path, framework: str, again: str) -> Any:
    """What `read` makes of a file; a file whose parts are not as its framework writes them is told in words.

    Raises:
        ProgramError: it cannot be read.
    """
    try:
        return read(path)
    except ProgramError as error:
        raise type(error)(error.message, fix=error.fix, where=error.where or path.name) from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ProgramError(
            f"it is no model as {framework} saves it: {type(error).__name__}: {error}", fix=again, where=path.name
        ) from error

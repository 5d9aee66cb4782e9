"""Answers half written: a folder beside the output, from which a predict that was killed goes on.

```
answers.csv.part/
  answers        the rows written so far; bytes past `written` of progress.json are of a chunk that was not finished
  progress.json  put in place after its chunk is on the disk, by a rename: it never promises more than is there
  judged-0/ ...  what the metric needs, if it needs whole rows
answers.csv.part.lock  held by the one process that writes
```

So no row is lost or doubled, whenever the process ends. Another input, bundle or form of output starts anew.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from smeaton.data.read import things_of
from smeaton.data.sources._address import address
from smeaton.errors import InputError
from smeaton.flow._judge import Sums
from smeaton.runtime.lock import exclusive
from smeaton.task.task import Source

_ANSWERS, _PROGRESS = "answers", "progress.json"


class Progress(msgspec.Struct):
    """How far it came. `identity` is of what is answered by what, into which form; rows and bytes are on the disk."""

    identity: str
    rows: int = 0
    written: int = 0
    unreadable: int = 0
    first_errors: list[str] = []
    judged: Sums = msgspec.field(default_factory=Sums)


def identity(bundle_hash: str, source: Path, *words: str) -> str:
    """Names what is answered: the bundle, each file with its size and the time of its last change, and `words`."""
    files = dict.fromkeys(address(one.path).file for one in things_of(Source(files=(str(source),)), Path(".")))
    stats = [(str(file.resolve()), file.stat()) for file in files if file.exists()]
    form = [bundle_hash, *words, [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]]
    return msgspec.json.encode(form).decode()


class Unfinished:
    """The folder of answers half written, held by this process. Use `unfinished`."""

    def __init__(self, target: Path, folder: Path, progress: Progress) -> None:
        self.target = target
        self.folder = folder
        self.progress = progress

    @contextlib.contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        """The answers, open for writing after the last row that is known to be whole."""
        with (self.folder / _ANSWERS).open("ab") as stream:
            stream.truncate(self.progress.written)
            stream.seek(0, os.SEEK_END)
            yield stream

    def note(self, stream: BinaryIO) -> None:
        """Put all that was written on the disk, then say so."""
        stream.flush()
        os.fsync(stream.fileno())
        self.progress.written = stream.tell()
        new = self.folder / f"{_PROGRESS}.new"
        with new.open("wb") as file:
            file.write(msgspec.json.encode(self.progress))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / _PROGRESS)

    def finish(self) -> None:
        """Put the answers in their place, whole."""
        (self.folder / _ANSWERS).replace(self.target)
        self.drop()

    def drop(self) -> None:
        """Remove what is half written."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def unfinished(target: Path, wanted: str) -> Iterator[Unfinished]:
    """What an earlier run left of the same work, or an empty start; what it left of other work is removed.

    Raises:
        InputError: another process writes the same output.
    """
    folder = target.with_name(f"{target.name}.part")
    message = f"another predict writes {target.name}"
    with exclusive(folder.with_name(f"{folder.name}.lock"), message, "wait for it, or name another output"):
        progress = _found(folder, wanted)
        if progress is None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            progress = Progress(wanted)
        yield Unfinished(target, folder, progress)


def _found(folder: Path, wanted: str) -> Progress | None:
    """The progress of an earlier run, if it is of the same work and its rows are there."""
    try:
        progress = msgspec.json.decode((folder / _PROGRESS).read_bytes(), type=Progress)
        whole = (folder / _ANSWERS).stat().st_size >= progress.written
    except (OSError, msgspec.MsgspecError):
        return None  # killed before its first chunk was whole
    return progress if whole and progress.identity == wanted else None


def disk_error(error: OSError, target: Path) -> Exception:
    """What the disk said of writing, for people; any other error as it is."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO):
        return error
    return InputError(
        f"{target} cannot be written: {error.strerror or error}",
        fix="make room or choose another place, and run it again: it goes on where it stopped",
    )

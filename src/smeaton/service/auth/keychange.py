"""Change a file of keys: one writer at a time, and a reader sees the old file or the new one, whole."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from smeaton.errors import InputError
from smeaton.service.auth.keyfile import Key, render
from smeaton.service.auth.keyring import read_keys

Change = Callable[[tuple[Key, ...]], Sequence[Key]]


def change_keys(path: Path, change: Change) -> None:
    """Replace the keys of a file by what `change` makes of them; a file that is missing or empty holds none. The new
    file is on the disk when this returns, readable by its owner alone.

    Raises:
        InputError: as `KeyRing.read`; the folder is missing; the file belongs to another user.
        OSError: it cannot be written; the old file is as it was.
    """
    real = Path(os.path.realpath(path))  # a link stays a link
    if not real.parent.is_dir():
        raise InputError("there is no such folder", fix="make it first", where=str(path.parent))
    with _alone_in(real.parent):
        empty = not real.exists() or (real.is_file() and real.stat().st_size == 0)
        keys = () if empty else read_keys(path)[0]
        _replace(real, render(change(keys)).encode())


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder. The file itself is replaced, so a lock on it would be a lock on a file of the past."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    new.unlink(missing_ok=True)  # what a killed process of this number left
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if path.exists():
                _keep_owner(stream.fileno(), path)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _keep_owner(descriptor: int, path: Path) -> None:
    """The service that reads the file may run as another user than who changes it, such as root."""
    owner = path.stat().st_uid
    if owner == os.fstat(descriptor).st_uid:
        return
    try:
        os.fchown(descriptor, owner, -1)
    except OSError as error:
        raise InputError(
            "the key file belongs to another user", fix="run this as its owner", where=str(path)
        ) from error

"""`exclusive`: one process at a time works in a place. A lock of the system's, which ends with its process however that
ends: what a killed one leaves behind is a file, not a lock."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from smeaton.errors import InputError


@contextlib.contextmanager
def exclusive(path: Path, message: str, fix: str) -> Iterator[None]:
    """Hold the lock file `path` (its folder must be there); it is removed at the end.

    Args:
        path: the lock's own file, beside what it guards.
        message: what to say where another process holds it; its process id is added.
        fix: how to go on then.

    Raises:
        InputError: another process, or another thread of this one, holds it. Nobody waits.
    """
    handle = acquire(path, message, fix)
    try:
        yield
    finally:
        _release(handle, path)


def acquire(path: Path, message: str, fix: str) -> int:
    """Take the lock and return its handle, to be closed at the end. Raises as `exclusive`."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, path):
                _sign(handle, path)
                return handle
        except BlockingIOError:
            owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            os.close(handle)
            who = f" (process {owner})" if owner.isdigit() else ""
            raise InputError(f"{message}{who}", fix=fix, where=str(path.parent)) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its holder ended, and removed the file, between our two steps


def _sign(handle: int, path: Path) -> None:
    """Say who holds it; a disk that takes not even that keeps no file either."""
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _release(handle: int, path: Path) -> None:
    with contextlib.suppress(OSError):  # the folder may be gone; the lock ends with its handle
        path.unlink()
    os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one of that name."""
    own = os.fstat(handle)
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino)

"""What to tell people when a disk gives out: full, read-only, taken away, failing.

An error of the system says what went wrong with one call. These words say what was being written, where, and how to go
on. Whether a place can be written is tried, not guessed: a candidate that fails to open a file of its own is no reason
to end a build.
"""

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from smeaton.errors import StorageError

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your quota on this disk is used up",
    errno.EFBIG: "files may not grow further here (a limit on their size)",
}
_SQLITE = {  # primary result codes, https://www.sqlite.org/rescode.html
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.ENOENT,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_PERM: errno.EACCES,
}
_STORAGE = {*_FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.EIO}
_PROBE = b"\0" * 65_536
_SCANT = 32_000_000  # bytes left, below which "no space" is believed though a small file can be written


@contextlib.contextmanager
def storing(what: str, place: Path) -> Iterator[None]:
    """Give errors of a place that can no longer be written their words; others pass as they are.

    Args:
        what: what is written there, as in "the trials".
        place: the folder it is written into.

    Raises:
        StorageError: `place` is full, read-only or gone, and something failed for it.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        found = trouble(what, place, error)
        if found is None:
            raise
        raise found from error


def trouble(what: str, place: Path, error: BaseException | None = None) -> StorageError | None:
    """Why `what` cannot be written into `place`; None if it can be, or if `error` has nothing to do with a disk."""
    code = None if error is None else storage_code(error)
    if error is not None and code is None:
        return None
    place, there = place.absolute(), _nearest(place)
    tried = probe(there)
    if tried is not None:
        return _words(what, there, tried.errno or errno.EIO)
    if there != place:
        return _gone(what, place)
    if code in _FULL and (code != errno.ENOSPC or _free(place) < _SCANT):
        return _words(what, place, code)
    return None


def check_room(what: str, place: Path, needed: int) -> None:
    """Check before the work that so many bytes are free.

    Raises:
        StorageError: they are not.
    """
    free = _free(place)
    if free < needed:
        raise StorageError(
            f"{what} need about {size_words(needed)}, and {size_words(free)} are free on this disk",
            where=str(place),
            fix="free some space, or choose a folder on another disk with --out",
        )


def storage_code(error: BaseException | None) -> int | None:
    """The errno of the first error of a disk in a chain of causes, None if there is none."""
    while error is not None:
        if isinstance(error, sqlite3.Error):
            code = _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if code is not None:
                return code
        if isinstance(error, OSError):
            if error.errno in _STORAGE:
                return error.errno
            if error.errno is None and "written" in str(error):
                return errno.ENOSPC  # numpy: "N requested and M written"
        error = error.__cause__
    return None


def probe(place: Path) -> OSError | None:
    """Try to write a small file into a folder; the error if that fails."""
    path = place / f".probe-{os.getpid()}"
    try:
        with path.open("wb") as file:
            file.write(_PROBE)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
    return None


def size_words(size: int) -> str:
    """Bytes as people write them: `3.2 MB`."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size} bytes"


def _words(what: str, place: Path, code: int) -> StorageError:
    if code in _FULL:
        left = f" ({size_words(_free(place))} are free)" if code == errno.ENOSPC else ""
        return StorageError(
            f"{_FULL[code]}: {what} cannot be written{left}",
            where=str(place),
            fix="make room, or choose another place; the same command then goes on where it stopped",
        )
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return _gone(what, place)
    return StorageError(
        f"{what} cannot be written: {os.strerror(code)}",
        where=str(place),
        fix="choose a folder you may write to; what is finished is kept",
    )


def _gone(what: str, place: Path) -> StorageError:
    return StorageError(
        f"{what} cannot be written: the folder is gone, removed or renamed while the work went on",
        where=str(place),
        fix="run the command again, and leave its folder in place meanwhile",
    )


def _free(place: Path) -> int:
    """Bytes free for this user where `place` is, or would be."""
    return shutil.disk_usage(_nearest(place)).free


def _nearest(place: Path) -> Path:
    """The folder itself, or the first above it that is there."""
    place = place.absolute()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    return place

"""A new folder in the place of an old one, with the name never pointing at half of anything."""

import ctypes
import errno
import os
import shutil
import sys
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


def beside(path: Path, kind: str) -> Path:
    """Where this process makes what will stand at `path`."""
    return path.with_name(f".{path.name}.{kind}-{os.getpid()}")


def swap_in(new: Path, path: Path) -> None:
    """Put the folder `new` at `path`, replacing the folder there.

    On Linux both names are exchanged in one step. Where the system cannot do that, the old folder is renamed aside
    first; a stop between the two renames leaves it whole as `.NAME.old-*`, and `mend` brings it back.
    """
    if not path.exists():
        new.rename(path)
    elif _exchanged(new, path):
        shutil.rmtree(new)
    else:
        old = beside(path, "old")
        path.rename(old)
        new.rename(path)
        shutil.rmtree(old)


def mend(path: Path) -> None:
    """Bring back what an interrupted replacement left aside, and remove what dead writers left half made."""
    if not path.exists():
        for old in sorted(path.parent.glob(f".{path.name}.old-*"))[:1]:
            old.rename(path)
    for kind in ("new", "old"):
        for left in path.parent.glob(f".{path.name}.{kind}-*"):
            if not _running(left.name.rpartition("-")[2]):
                shutil.rmtree(left)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names in one step (renameat2); False where the system or the file system cannot."""
    if sys.platform != "linux":
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _running(pid: str) -> bool:
    if not pid.isdigit() or int(pid) == os.getpid():
        return pid.isdigit()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

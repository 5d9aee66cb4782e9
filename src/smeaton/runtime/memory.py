"""What this process no longer needs of its memory goes back to the system."""

import ctypes
import mmap
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from smeaton.task.table import Table


def give_back() -> None:
    """Return freed memory to the system, where the C library can (glibc's malloc_trim(3)).

    It keeps what was freed between blocks still in use: after a large fit more than half of a process may be such
    holes, which other workers cannot have.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


def let_go(table: Table) -> None:
    """Take the pages of memory-mapped columns out of this process (madvise(2), MADV_DONTNEED); they are read again,
    mostly from the system's own cache, when a column is used."""
    if not hasattr(mmap, "MADV_DONTNEED"):
        return
    mapped = {}
    for column in table.values():
        pages: object = column.base
        while isinstance(pages, np.ndarray):  # columns share a file
            pages = pages.base
        if isinstance(pages, mmap.mmap):
            mapped[id(pages)] = pages
    for one in mapped.values():
        one.madvise(mmap.MADV_DONTNEED)


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], Any] | None:
    if sys.platform != "linux":
        return None
    found: Callable[[int], Any] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    return found

"""Memory that goes back to the system."""

import sys
from pathlib import Path

import numpy as np
import pytest

from smeaton.runtime import memory
from smeaton.task.arrays import open_table, save_table

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux counts a process's pages")


def resident(kind: str) -> int:
    """Bytes of this process in memory: `RssAnon` or `RssFile`."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))


@LINUX
def test_pages_of_mapped_columns_leave_the_process_and_come_back(tmp_path: Path) -> None:
    column = np.arange(1_000_000)
    save_table({"a": column, "b": np.array(["x", None] * 500_000, dtype=object)}, tmp_path)
    table = open_table(tmp_path)
    some = table["a"][::7]
    total = int(table["a"].sum())
    before = resident("RssFile")
    memory.let_go(table)
    assert before - resident("RssFile") > 0.8 * column.nbytes
    assert int(table["a"].sum()) == total
    np.testing.assert_array_equal(some, column[::7])


@LINUX
@pytest.mark.skipif(memory._trim() is None, reason="not glibc")
def test_what_was_freed_goes_back() -> None:
    held = [bytearray(1_000) for _ in range(100_000)]
    kept = held[::1_000]  # between the others, so that the end of the heap cannot simply move
    before = resident("RssAnon")
    del held
    memory.give_back()
    assert before - resident("RssAnon") > 50_000_000
    assert all(len(one) == 1_000 for one in kept)


def test_without_the_call_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())  # a C library without malloc_trim
    found = memory._trim.__wrapped__()
    assert found is None
    monkeypatch.setattr(memory, "_trim", lambda: found)
    memory.give_back()

"""Full, read-only, gone: the words for each, and what is none of it."""

import contextlib
import errno
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from smeaton.errors import DataError, SmeatonError, StorageError
from smeaton.runtime.storage import check_room, probe, size_words, storage_code, storing, trouble


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A small file system of its own; skips where none may be mounted."""
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small", "-o", "size=256k") as folder:
        yield folder


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_is_said_with_what_and_where(small: Path) -> None:
    fill(small)
    with (
        pytest.raises(StorageError, match="the disk is full: the trials cannot be written") as caught,
        storing("the trials", small),
    ):
        (small / "more").write_bytes(b"y" * 100_000)
    assert caught.value.where == str(small)
    assert "goes on where it stopped" in caught.value.fix
    assert caught.value.exit_code == 2
    assert isinstance(probe(small), OSError)
    assert [path.name for path in small.iterdir() if path.name.startswith(".probe")] == []


def test_numpy_and_sqlite_say_it_in_their_own_way(small: Path) -> None:
    fill(small)
    with pytest.raises(StorageError, match="full"), storing("the rows", small):
        np.save(small / "a.npy", np.zeros(100_000))
    (small / "filler").write_bytes(b"")
    base = sqlite3.connect(small / "b.db", isolation_level=None)
    base.execute("create table t (a)")
    with pytest.raises(StorageError, match="full"), storing("the record", small):
        base.execute("insert into t values (?)", (b"z" * 1_000_000,))
    base.close()


def test_read_only(tmp_path: Path) -> None:
    with mounted(tmp_path / "fixed", "-o", "size=64k") as folder:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        with pytest.raises(StorageError, match="Read-only file system"), storing("the bundle", folder):
            (folder / "x").write_text("a")


def test_gone(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    with pytest.raises(StorageError, match="removed or renamed"), storing("the board", folder):
        (folder / "x").write_text("a")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        FileNotFoundError(errno.ENOENT, "no such file", "/elsewhere"),
        PermissionError(errno.EACCES, ""),
    ],
)
def test_what_has_another_reason_passes_as_it_is(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, storing("the board", tmp_path):
        raise error
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_causes_are_looked_through() -> None:
    wrapped = DataError("cannot be used")
    wrapped.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert storage_code(wrapped) == errno.ENOSPC
    assert storage_code(SmeatonError("x")) is None
    assert storage_code(OSError("5 requested and 3 written")) == errno.ENOSPC
    assert storage_code(None) is None
    assert storage_code(OSError(errno.ECONNREFUSED, "refused")) is None


def test_no_trouble_is_none(tmp_path: Path) -> None:
    assert trouble("the board", tmp_path) is None
    full = OSError(errno.ENOSPC, "No space left on device")
    assert trouble("the board", tmp_path, full) is None, "another disk is full, not this one"


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    script = (
        "from pathlib import Path; import sys; from smeaton.runtime.storage import storing\n"
        "with storing('the answers', Path(sys.argv[1])): Path(sys.argv[1], 'a').write_bytes(b'x' * 5000)"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], preexec_fn=limited, capture_output=True, text=True, check=False
    )
    assert "StorageError" in done.stderr
    assert "a limit on their size" in done.stderr


def test_room_is_asked_for_before_the_work(small: Path) -> None:
    check_room("the trials", small / "not" / "yet" / "there", 1000)
    with pytest.raises(StorageError, match=r"the trials need about 2 MB, and .* KB are free"):
        check_room("the trials", small, 2_000_000)


def test_sizes_in_words() -> None:
    assert [size_words(size) for size in (0, 999, 1_500, 2_340_000, 7_000_000_000)] == [
        "0 bytes", "999 bytes", "1.5 KB", "2.34 MB", "7 GB",
    ]  # fmt: skip

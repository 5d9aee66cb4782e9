"""A disk that is full, read-only or gone: entries are dropped and counted, and it goes on when there is room."""

import asyncio
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.journal.entries import held, made, opened, until

from smeaton.journal import NotKept, store, writer
from smeaton.journal.segments import listed

MESSAGES = ["cannot be written", "is written again"]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(writer, "RETRY", 0.05)
    monkeypatch.setattr(writer, "INTERVAL", 0.02)


def begins_and_ends(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    return [message for line in said for message in MESSAGES if message in line]


def sound(folder: Path) -> None:
    """Every file is whole as SQLite sees it."""
    for segment in listed(folder):
        base = sqlite3.connect(segment.path)
        assert base.execute("pragma integrity_check").fetchall() == [("ok",)]
        base.close()


class Disk:
    """Connections that obey a limit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: str, free: str) -> None:
        self.limit, self.free, self.full = limit, free, True
        self.connections: list[sqlite3.Connection] = []
        self.plain = store.connect
        monkeypatch.setattr(store, "connect", self.connect)

    def connect(self, path: Path) -> sqlite3.Connection:
        base = self.plain(path)
        if self.full:
            base.execute(self.limit)
        return base


@pytest.mark.parametrize("limit", ["pragma max_page_count=12", "pragma query_only=on"])
def test_a_full_and_a_read_only_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: str
) -> None:
    disk = Disk(monkeypatch, limit, "")
    journal = opened(tmp_path / "j", waiting=500)
    for number in range(2000):
        journal.note(made(number))
        if number % 100 == 0:
            time.sleep(0.01)
    until(lambda: journal.stats()["last_error"] != "")
    assert journal.stats()["dropped"] > 0
    assert journal.stats()["waiting"] <= 500
    with pytest.raises(NotKept):
        asyncio.run(journal.feedback([{"id": "request-1", "truth": "x" * 100_000}]))
    disk.full = False
    until(lambda: journal.stats()["waiting"] == 0)
    journal.note(made(2000))
    journal.close()
    sound(tmp_path / "j")
    found = held(tmp_path / "j")
    stats = journal.stats()
    assert stats["written"] == len(found) == 2001 - stats["dropped"]
    assert len({f.id for f in found}) == len(found)
    assert found[-1].id == "request-2000"
    assert begins_and_ends(caplog) == MESSAGES


def test_a_folder_removed_under_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "a" / "j"
    journal = opened(folder)
    journal.note(made(0))
    until(lambda: journal.stats()["written"] == 1)
    shutil.rmtree(tmp_path / "a")
    for number in range(1, 100):
        journal.note(made(number))
    until(lambda: journal.stats()["written"] == 100)
    assert asyncio.run(journal.feedback([{"id": "request-1", "truth": 1}])) == 1
    journal.close()
    assert [f.id for f in held(folder)] == [f"request-{number}" for number in range(1, 100)]
    assert begins_and_ends(caplog) == MESSAGES


def test_a_file_in_the_place_of_the_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "j").touch()
    journal = opened(tmp_path / "j")
    journal.note(made(1))
    until(lambda: journal.stats()["last_error"] != "")
    (tmp_path / "j").unlink()
    until(lambda: journal.stats()["written"] == 1)
    journal.close()
    assert len(held(tmp_path / "j")) == 1
    assert begins_and_ends(caplog) == MESSAGES


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_a_folder_without_leave_to_write(tmp_path: Path) -> None:
    (tmp_path / "j").mkdir(mode=0o500)
    journal = opened(tmp_path / "j")
    journal.note(made(1))
    until(lambda: journal.stats()["last_error"] != "")
    (tmp_path / "j").chmod(0o700)
    until(lambda: journal.stats()["written"] == 1)
    journal.close()


def test_a_fault_of_ours_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(tmp_path)

    def fault(*_: object) -> None:
        raise RuntimeError("a fault")

    with monkeypatch.context() as patched:
        patched.setattr(store.Segment, "count", fault)
        journal.note(made(1))
        until(lambda: "a fault" in journal.stats()["last_error"])
        patched.setattr(store.Segment, "keep", fault)
        with pytest.raises(NotKept, match="a fault of ours"):
            asyncio.run(journal.feedback([{"id": "request-1", "truth": 1}]))
    until(lambda: journal.stats()["written"] == 1)
    journal.close()
    assert len(held(tmp_path)) == 1
    assert any("has a fault" in record.message for record in caplog.records)


def test_a_disk_that_hangs_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hung: list[Callable[[], None]] = []
    plain = store.connect

    def hang(path: Path) -> sqlite3.Connection:
        while not hung:
            time.sleep(0.01)
        return plain(path)

    monkeypatch.setattr(store, "connect", hang)
    journal = opened(tmp_path)
    journal.note(made(1))
    start = time.monotonic()
    with pytest.raises(NotKept, match=r"within 0.1 s; it may be kept or not"):
        asyncio.run(journal.feedback([{"id": "request-1", "truth": 1}], seconds=0.1))
    journal.close(seconds=0.1)
    assert time.monotonic() - start < 5
    hung.append(lambda: None)
    until(lambda: journal.stats()["waiting"] == 0)
    until(lambda: not listed(tmp_path)[0].in_use)


LIMITED = """
import json, resource, sys, time
from pathlib import Path

from smeaton.journal import writer
from tests.journal.entries import made, opened

writer.RETRY = 0.05
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
journal = opened(Path(sys.argv[1]), waiting=1000)
for number in range(6000):
    journal.note(made(number))
    if number % 100 == 0:
        time.sleep(0.02)
full = journal.stats()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
end = time.monotonic() + 10
while journal.stats()["waiting"] and time.monotonic() < end:
    time.sleep(0.01)
journal.close()
print(json.dumps([full, journal.stats()]))
"""


@pytest.mark.slow
def test_a_real_limit_on_the_size_of_files(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "j")], capture_output=True, text=True, timeout=60, check=True
    )
    full, end = json.loads(done.stdout)
    assert full["last_error"]
    assert end["waiting"] == 0
    assert "is written again" in done.stderr
    sound(tmp_path / "j")
    found = held(tmp_path / "j")
    assert len(found) == end["written"] == 6000 - end["dropped"]
    assert len({f.id for f in found}) == len(found)
    assert all(f.inputs["plan"] == f"plan {f.inputs['age']}" for f in found)

"""Rotation, retention, what killed processes leave, and damage."""

import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.journal.entries import held, made, opened, until

from smeaton.journal import Journal, Reader
from smeaton.journal import tidy as tidying
from smeaton.journal.retention import Retention, finish
from smeaton.journal.segments import SegmentFile, fresh, listed, parsed
from smeaton.journal.store import Segment

DAY = 86_400.0


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tidy at every commit."""
    monkeypatch.setattr(tidying, "ROUND", 0.0)


def file(folder: Path, begun: float, size: int = 100, worker: str = "0", beside: str = "") -> Path:
    """A file with the name of a segment, as if written when it was begun."""
    stamp = datetime.fromtimestamp(begun, UTC).strftime("%Y%m%dT%H%M%S.000Z")
    path = folder / f"{stamp}-{worker}-{size:08x}.db{beside}"
    path.write_bytes(b"x" * size)
    os.utime(path, (begun, begun))
    return path


def left_by_a_killed_process(folder: Path, worker: str = "0") -> SegmentFile:
    """A segment with a WAL beside it: a copy taken while it was written, which is what a kill leaves."""
    journal = opened(folder / "elsewhere" / worker, worker=worker)
    journal.note(made(1))
    until(lambda: journal.stats()["written"] == 1)
    (there,) = listed(folder / "elsewhere" / worker)
    copies = {beside: Path(f"{there.path}{beside}").read_bytes() for beside in ("", "-wal")}
    journal.close()
    for beside, content in copies.items():
        (folder / f"{there.path.name}{beside}").write_bytes(content)
    found = parsed(folder / there.path.name)
    assert found is not None
    return found


def test_a_name_says_when_and_who_and_sorts_by_time(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        segment = fresh(tmp_path, "worker_1")
        names.append(segment.path.name)
        assert parsed(segment.path) == SegmentFile(
            segment.path, "worker_1", pytest.approx(time.time(), abs=2), False
        )  # fmt: skip
        time.sleep(0.002)
    assert sorted(names) == names
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    "name", ["a.db", "20261128T193812.345Z-a b-1f2e3d4c.db", "20261128T193812.345Z-0-1f2e3d4c.db-wal"]
)
def test_other_files_are_no_segments(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert listed(tmp_path) == []


def test_a_new_file_is_begun_when_one_is_large(tmp_path: Path) -> None:
    journal = opened(tmp_path, segment_bytes=40_000)
    for part in range(4):
        for number in range(500):
            journal.note(made(500 * part + number))
        until(lambda: journal.stats()["waiting"] == 0)
    journal.close()
    segments = listed(tmp_path)
    assert len(segments) >= 4  # each part fills one; the writer may have come back in the middle of a part
    assert all(40_000 <= segment.bytes() < 200_000 for segment in segments[:-1])
    assert not any(segment.in_use for segment in segments)
    assert [f.id for f in held(tmp_path)] == [f"request-{number}" for number in range(2000)]


def test_a_new_file_is_begun_when_one_is_old(tmp_path: Path) -> None:
    journal = opened(tmp_path, keep_seconds=4.0)  # so one is written for a second
    journal.note(made(1))
    until(lambda: len(listed(tmp_path)) == 1 and not listed(tmp_path)[0].in_use)
    journal.note(made(2))
    until(lambda: len(listed(tmp_path)) == 2)
    journal.close()
    assert len(held(tmp_path)) == 2


def test_old_segments_go_the_newest_never(tmp_path: Path) -> None:
    now = time.time()
    old = [file(tmp_path, now - days * DAY, worker=str(days)) for days in (9, 8)]
    damaged = file(tmp_path, now - 7 * DAY, beside=".damaged")
    young = [file(tmp_path, now - days * DAY) for days in (2, 1)]
    gone = Retention(5 * DAY, None, DAY).removable(listed(tmp_path), None)
    assert [segment.path for segment in gone] == [*old, damaged]
    gone = Retention(0.0, None, DAY).removable(listed(tmp_path), None)
    assert [segment.path for segment in gone] == [*old, damaged, young[0]]
    assert Retention(None, None, DAY).removable(listed(tmp_path), None) == []


def test_a_file_folded_up_later_is_as_old_as_its_entries(tmp_path: Path) -> None:
    now = time.time()
    path = file(tmp_path, now - 9 * DAY)
    os.utime(path)
    file(tmp_path, now)
    assert len(Retention(9 * DAY, None, DAY).removable(listed(tmp_path), None)) == 0
    os.utime(path, (now - 2, now - 2))
    assert len(Retention(7 * DAY, None, DAY).removable(listed(tmp_path), None)) == 1


def test_the_oldest_go_when_all_are_too_large(tmp_path: Path) -> None:
    now = time.time()
    paths = [file(tmp_path, now - days * DAY, size=1000) for days in (4, 3, 2, 1)]
    for keep, count in [(4000, 0), (3999, 1), (2500, 2), (1000, 3), (0, 3)]:
        gone = Retention(None, keep, DAY).removable(listed(tmp_path), None)
        assert [segment.path for segment in gone] == paths[:count]


def test_what_is_being_written_stays(tmp_path: Path) -> None:
    journal = opened(tmp_path, worker="busy")
    journal.note(made(1))
    until(lambda: journal.stats()["written"] == 1)
    (own,) = listed(tmp_path)
    file(tmp_path, time.time() + 60)
    assert Retention(None, 0, DAY).removable(listed(tmp_path), None) == []
    assert own.in_use
    journal.close()


@pytest.mark.usefixtures("often")
def test_segments_are_removed_while_it_runs(tmp_path: Path) -> None:
    paths = [file(tmp_path, time.time() - days * DAY) for days in (9, 8)]
    journal = opened(tmp_path, keep_seconds=DAY)
    journal.note(made(1))
    until(lambda: not any(path.exists() for path in paths))
    journal.close()
    assert len(held(tmp_path)) == 1


@pytest.mark.usefixtures("often")
def test_what_a_killed_process_left_is_folded_up(tmp_path: Path) -> None:
    segment = left_by_a_killed_process(tmp_path)
    other = left_by_a_killed_process(tmp_path, "1")
    assert segment.in_use
    assert len(held(tmp_path)) == 2
    journal = opened(tmp_path)
    until(lambda: not segment.in_use)
    assert other.in_use  # another worker's, written a moment ago: it may live
    journal.close()
    assert finish(other) == ""
    assert not other.in_use
    assert len(held(tmp_path)) == 2


def test_a_segment_that_is_open_elsewhere_is_left_alone(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.note(made(1))
    until(lambda: journal.stats()["written"] == 1)
    (segment,) = listed(tmp_path)
    assert finish(segment) == ""
    assert segment.in_use
    journal.note(made(2))
    journal.close()
    assert len(held(tmp_path)) == 2


@pytest.mark.usefixtures("often")
def test_a_damaged_segment_is_moved_aside_and_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    segment = left_by_a_killed_process(tmp_path)
    content = b"z" * 8192
    segment.path.write_bytes(content)
    Path(f"{segment.path}-wal").write_bytes(b"")
    journal = opened(tmp_path)
    journal.note(made(7))
    until(lambda: journal.stats()["damaged"] == 1 and journal.stats()["written"] == 1)
    assert segment.path.name in journal.stats()["last_error"]
    journal.close()
    assert not segment.path.exists()
    assert Path(f"{segment.path}.damaged").read_bytes() == content
    assert [f.id for f in held(tmp_path)] == ["request-7"]
    assert Reader(tmp_path).summary().damaged == 1
    assert sum("damaged" in record.message for record in caplog.records) == 1


def test_a_segment_damaged_under_its_writer_is_moved_aside_and_nothing_waiting_is_lost(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.note(made(0))
    until(lambda: journal.stats()["written"] == 1)
    (segment,) = listed(tmp_path)
    with closing(sqlite3.connect(segment.path)) as base:
        base.execute("pragma wal_checkpoint(truncate)")
    with segment.path.open("r+b") as stream:
        stream.write(b"z" * segment.path.stat().st_size)
    for number in range(1, 400):
        journal.note(made(number))
    until(lambda: journal.stats()["written"] == 400 and journal.stats()["damaged"] == 1)
    journal.close()
    assert journal.stats()["dropped"] == 0
    assert Path(f"{segment.path}.damaged").exists()
    assert [f.id for f in held(tmp_path)] == [f"request-{number}" for number in range(1, 400)]


def test_a_segment_in_which_nothing_was_committed_is_removed(tmp_path: Path) -> None:
    empty = file(tmp_path, time.time() - DAY, size=0)
    (segment,) = listed(tmp_path)
    assert segment.left_over(mine=False)
    assert finish(segment) == ""
    assert not empty.exists()


def test_a_new_file_has_its_own_name_also_at_the_same_moment(tmp_path: Path) -> None:
    segments = [Segment(tmp_path, "0") for _ in range(20)]
    assert len({segment.file.path for segment in segments}) == 20
    for segment in segments:
        segment.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_opens_beside_the_files_of_a_living_one(tmp_path: Path) -> None:
    journals = [Journal(tmp_path) for _ in range(2)]
    for journal in journals:
        journal.declare("clients", "0123456789ab", ("age", "plan", "spend"))
        journal.note(made(1))
    for journal in journals:
        journal.close()
    assert len(held(tmp_path)) == 2

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.journal.entries import BUNDLE, COLUMNS, MODEL, held, made, opened, until

from smeaton.errors import InputError
from smeaton.journal import Reader
from smeaton.journal import held as module
from smeaton.journal.segments import listed


def test_workers_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    for worker in range(3):
        journal = opened(tmp_path, worker=str(worker), segment_bytes=1)
        for number in range(worker, 60, 3):
            journal.note(made(number, at=1000.0 + number))
        journal.close()
    found = held(tmp_path)
    assert [f.at for f in found] == [1000.0 + number for number in range(60)]


@pytest.mark.parametrize(("since", "until_"), [(None, None), (10, None), (None, 20), (10, 20), (200, 300), (20, 10)])
def test_a_time_and_a_model_can_be_chosen(tmp_path: Path, since: float | None, until_: float | None) -> None:
    journal = opened(tmp_path)
    journal.declare("other", BUNDLE, ["x"])
    for number in range(30):
        journal.note(made(number, at=float(number)))
        journal.note(made(number, at=float(number), model="other", rows=[[number]], answers=[{"prediction": 1}]))
    journal.close()
    wanted = [n for n in range(30) if (since is None or n >= since) and (until_ is None or n < until_)]
    assert [f.at for f in held(tmp_path, model=MODEL, since=since, until=until_)] == wanted
    assert [f.inputs for f in held(tmp_path, model="other", since=since, until=until_)] == [{"x": n} for n in wanted]
    assert len(held(tmp_path, since=since, until=until_)) == 2 * len(wanted)


def test_moments_may_be_datetimes(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(4):
        journal.note(made(number, at=number * 3600.0))
    journal.close()
    since, until_ = datetime(1970, 1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 3, tzinfo=UTC)
    assert [f.id for f in held(tmp_path, since=since, until=until_)] == ["request-1", "request-2"]


def test_it_is_read_in_pages_bounded_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", 300)
    monkeypatch.setattr(module, "PAGE_ROWS", 7)
    journal = opened(tmp_path)
    for number in range(100):
        journal.note(made(number))
    journal.close()
    assert [f.id for f in held(tmp_path)] == [f"request-{number}" for number in range(100)]


def test_reading_does_not_hold_the_writer_up(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.note(made(0))
    until(lambda: journal.stats()["written"] == 1)
    reading = Reader(tmp_path).predictions()
    next(reading)
    for number in range(1, 2000):
        journal.note(made(number))
    until(lambda: journal.stats()["written"] == 2000)
    journal.close()
    assert len(held(tmp_path)) == 2000
    reading.close()


def test_summary(tmp_path: Path) -> None:
    journal = opened(tmp_path, masked=("plan",))
    journal.declare(MODEL, "ffffffffffff", COLUMNS)
    for number in range(10):
        journal.note(made(number, at=100.0 + number, count=2 if number else 1))
    journal.note(made(11, at=300.0, bundle="ffffffffffff"))
    journal.close()
    summary = Reader(tmp_path).summary()
    one, two = summary.models
    assert (one.bundle, one.columns, one.masked) == (BUNDLE, ("age", "spend"), ("plan",))
    assert (one.entries, one.predictions, one.judged, one.first, one.last) == (10, 19, 0, 100.0, 109.0)
    assert (two.bundle, two.entries, two.first, two.last) == ("ffffffffffff", 1, 300.0, 300.0)
    assert (summary.segments, summary.damaged, summary.feedback) == (1, 0, 0)
    assert summary.bytes == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_a_segment_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    for number in range(3):
        journal = opened(tmp_path)
        journal.note(made(number))
        journal.close()
        time.sleep(0.002)
    first, second, _ = listed(tmp_path)
    first.path.write_bytes(b"no database" * 1000)
    with closing(sqlite3.connect(second.path)) as base, base:
        base.execute("update meta set format = 99")
    reader = Reader(tmp_path)
    assert [f.id for f in reader.predictions()] == ["request-2"]
    assert len(reader.problems) == 2
    assert first.path.name in reader.problems[0]
    assert "format 99" in reader.problems[1]
    assert reader.summary().models[0].entries == 1
    assert len(reader.problems) == 2


def test_a_segment_just_being_made_is_empty(tmp_path: Path) -> None:
    (tmp_path / "20261128T193812.345Z-0-1f2e3d4c.db").touch()
    (tmp_path / "other.txt").touch()
    assert held(tmp_path) == []
    assert Reader(tmp_path).summary().models == ()


def test_a_finished_file_is_read_where_nothing_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(tmp_path)
    journal.note(made(1))
    journal.close()
    monkeypatch.setattr(module.os, "access", lambda *_: False)
    assert module.readable(listed(tmp_path)[0].path).endswith("?immutable=1")
    assert len(held(tmp_path)) == 1


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        Reader(tmp_path / "none")

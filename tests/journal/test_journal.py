import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journal.entries import BUNDLE, MODEL, held, made, opened, until

from smeaton.errors import RowsError
from smeaton.journal import Entry, Journal, NotKept, Reader, Truth


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made_here = opened(tmp_path / "journal")
    yield made_here
    made_here.close()


def test_what_was_noted_is_read_back(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    for number in range(300):
        journal.note(made(number, count=1 + number % 3))
    journal.close()
    found = held(tmp_path / "j")
    assert len(found) == 600
    assert [(f.id, f.row) for f in found] == [(f"request-{n}", r) for n in range(300) for r in range(1 + n % 3)]
    one = found[-1]
    assert one.inputs == {"age": 299, "plan": "plan 299", "spend": 299 / 8 + 2}
    assert one.answer == {"prediction": True, "probability": {"true": 0.25, "false": 0.75}}
    assert (one.model, one.bundle, one.wire, one.caller, one.trace) == (MODEL, BUNDLE, "rest", "someone", "")
    assert (one.seconds, one.truth) == (0.001, None)
    assert journal.stats() | {"bytes": 0} == {
        "written": 300, "dropped": 0, "sampled_out": 0, "waiting": 0, "feedback": 0, "damaged": 0, "bytes": 0,
        "last_error": "",
    }  # fmt: skip


def test_a_closed_journal_is_plain_files_of_its_owner(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    journal.note(made(1))
    journal.close()
    (file,) = (tmp_path / "j").iterdir()
    assert file.suffix == ".db"
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "j").stat().st_mode & 0o077 == 0


def test_entries_are_there_within_a_second_while_it_is_open(journal: Journal) -> None:
    journal.note(made(1))
    start = time.monotonic()
    until(lambda: journal.stats()["written"] == 1)
    assert time.monotonic() - start < 1
    assert [f.id for f in held(journal.folder)] == ["request-1"]
    until(lambda: journal.stats()["bytes"] > 0)


def test_nothing_is_made_before_the_first_entry(tmp_path: Path) -> None:
    opened(tmp_path / "j").close()
    assert not (tmp_path / "j").exists()


def test_a_sample_is_the_same_for_every_worker(tmp_path: Path) -> None:
    kept = []
    for worker in ("0", "1"):
        journal = opened(tmp_path / worker, worker=worker, sample=0.3)
        for number in range(200):
            journal.note(made(number))
        journal.close()
        kept.append({f.id for f in held(tmp_path / worker)})
        assert journal.stats()["written"] + journal.stats()["sampled_out"] == 200
    assert kept[0] == kept[1]
    assert 30 < len(kept[0]) < 90


def test_masked_columns_are_in_no_file(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j", masked=("plan",))
    for number in range(500):
        journal.note(made(number, rows=[[number, f"secret-{number}", 1.0]], answers=[{"prediction": "public"}]))
    until(lambda: journal.stats()["written"] == 500)
    # By another process: SQLite's locks on a file end when any handle of the process on it is closed.
    files = sorted((tmp_path / "j").iterdir())
    assert [file for file in files if file.name.endswith("-wal")]
    assert subprocess.run(["grep", "-c", "-a", "secret", *files], capture_output=True, check=False).returncode == 1
    assert subprocess.run(["grep", "-q", "-a", "public", *files], check=False).returncode == 0
    journal.close()
    assert all(b"secret" not in file.read_bytes() for file in (tmp_path / "j").iterdir())
    assert held(tmp_path / "j")[0].inputs == {"age": 0, "spend": 1.0}
    assert Reader(tmp_path / "j").summary().models[0].masked == ("plan",)


@pytest.mark.parametrize(
    "entry",
    [
        made(9, model="unknown"),
        made(9, bundle="ffffffffffff"),
        made(9, rows=[[1, 2]]),
        made(9, answers=[]),
        made(9, rows=[[object(), 1, 2]]),
        made(9, caller="\udcff"),
        made(9, rows=[["\udcff", 1, 2]]),
    ],
)
def test_an_unfit_entry_is_dropped_and_the_others_are_kept(journal: Journal, entry: Entry) -> None:
    for number in range(5):
        journal.note(made(number))
    journal.note(entry)
    for number in range(5, 10):
        journal.note(made(number))
    until(lambda: journal.stats()["written"] + journal.stats()["dropped"] == 11)
    assert journal.stats()["dropped"] == 1
    assert "dropped" in journal.stats()["last_error"]
    assert len(held(journal.folder)) == 10


@pytest.mark.parametrize("bound", [{"waiting": 10}, {"waiting_bytes": 10 * (512 + 100)}])
def test_what_is_beyond_the_bound_is_dropped_and_counted(tmp_path: Path, bound: dict[str, int]) -> None:
    (tmp_path / "j").write_text("no folder: nothing can be written")
    journal = opened(tmp_path / "j", **bound)
    for number in range(50):
        journal.note(made(number, size=100))
    assert journal.stats()["waiting"] == 10
    assert journal.stats()["dropped"] == 40
    journal.close()
    assert journal.stats()["dropped"] == 50
    assert journal.stats()["waiting"] == 0


def test_there_is_room_again_after_writing(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j", waiting=10, waiting_bytes=10_000)
    for number in range(30):
        until(lambda: journal.stats()["waiting"] < 10)
        journal.note(made(number, size=100))
    journal.close()
    assert (journal.stats()["written"], journal.stats()["dropped"]) == (30, 0)


@pytest.mark.parametrize("worker", ["", "a b", "../x", "x" * 33])
def test_a_worker_has_a_plain_name(tmp_path: Path, worker: str) -> None:
    with pytest.raises(ValueError, match="name of a worker"):
        Journal(tmp_path, worker=worker)


def test_feedback_is_joined_when_it_returns(journal: Journal) -> None:
    journal.note(made(1, count=3))
    until(lambda: journal.stats()["written"] == 1)
    count = asyncio.run(
        journal.feedback(
            [{"id": "request-1", "truth": None, "at": 5}, {"id": "request-1", "row": 2, "truth": {"a": [1]}}]
        )
    )
    assert count == 2
    first, second, third = held(journal.folder)
    assert first.truth == Truth(None, 5.0)
    assert second.truth is None
    assert third.truth is not None
    assert third.truth.value == {"a": [1]}
    assert third.truth.at == pytest.approx(time.time(), abs=5)
    assert journal.stats()["feedback"] == 2


def test_of_several_truths_the_latest_counts_and_all_are_kept(journal: Journal) -> None:
    journal.note(made(1))
    for truth, at in [("b", 20), ("a", "1970-01-01T00:00:10Z"), ("c", 20), ("d", 15)]:
        asyncio.run(journal.feedback([{"id": "request-1", "truth": truth, "at": at}]))
    until(lambda: journal.stats()["written"] == 1)
    (found,) = held(journal.folder)
    assert found.truth == Truth("c", 20.0)
    summary = Reader(journal.folder).summary()
    assert (summary.feedback, summary.models[0].judged) == (4, 1)


def test_feedback_for_a_request_of_another_worker(tmp_path: Path) -> None:
    workers = [opened(tmp_path, worker=str(number)) for number in range(2)]
    workers[0].note(made(1))
    asyncio.run(workers[1].feedback([{"id": "request-1", "truth": 1}, {"id": "never seen", "truth": 2}]))
    for worker in workers:
        worker.close()
    (found,) = held(tmp_path)
    assert found.truth is not None
    assert found.truth.value == 1
    assert Reader(tmp_path).summary().feedback == 2


def test_many_at_once_are_all_kept(journal: Journal) -> None:
    async def all_at_once() -> list[int]:
        return await asyncio.gather(
            *(journal.feedback([{"id": f"request-{n}", "row": r, "truth": n} for r in range(3)]) for n in range(200))
        )

    for number in range(200):
        journal.note(made(number, count=3))
    assert asyncio.run(all_at_once()) == [3] * 200
    until(lambda: journal.stats()["written"] == 200)
    found = held(journal.folder)
    assert len(found) == 600
    assert all(f.truth is not None and f"request-{f.truth.value}" == f.id for f in found)
    assert journal.stats()["feedback"] == 600


@pytest.mark.parametrize(
    ("item", "column"),
    [
        ("text", ""),
        ({"id": "a"}, "truth"),
        ({"id": "a", "truth": 1, "other": 2}, ""),
        ({"truth": 1}, "id"),
        ({"id": "", "truth": 1}, "id"),
        ({"id": "x" * 257, "truth": 1}, "id"),
        ({"id": "a\nb", "truth": 1}, "id"),
        ({"id": 7, "truth": 1}, "id"),
        ({"id": "a", "row": -1, "truth": 1}, "row"),
        ({"id": "a", "row": True, "truth": 1}, "row"),
        ({"id": "a", "row": 1.0, "truth": 1}, "row"),
        ({"id": "a", "truth": object()}, "truth"),
        ({"id": "a", "truth": 1, "at": "yesterday"}, "at"),
        ({"id": "a", "truth": 1, "at": True}, "at"),
        ({"id": "a", "truth": 1, "at": float("nan")}, "at"),
    ],
)
def test_feedback_of_another_form_is_refused_whole(journal: Journal, item: Any, column: str) -> None:
    with pytest.raises(RowsError) as caught:
        asyncio.run(journal.feedback([{"id": "a", "truth": 1}, item]))
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(1, column)]
    assert journal.stats()["feedback"] == 0


def test_feedback_that_cannot_be_stored_is_said(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("no folder")
    journal = opened(tmp_path / "j")
    with pytest.raises(NotKept, match="not kept"):
        asyncio.run(journal.feedback([{"id": "a", "truth": 1}]))
    (tmp_path / "j").unlink()
    assert asyncio.run(journal.feedback([{"id": "a", "truth": 1}])) == 1
    journal.close()
    with pytest.raises(NotKept, match="closed"):
        asyncio.run(journal.feedback([{"id": "a", "truth": 1}]))
    assert Reader(tmp_path / "j").summary().feedback == 1


def test_no_feedback_is_none(journal: Journal) -> None:
    assert asyncio.run(journal.feedback([])) == 0

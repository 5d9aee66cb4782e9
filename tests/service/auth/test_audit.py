"""The audit log: each event one line, refusals counted, and never in the way."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smeaton.errors import InputError
from smeaton.service.auth import audit as module
from smeaton.service.auth.audit import Audit

WRITER = """
import sys
from smeaton.service.auth.audit import Audit

audit = Audit(sys.argv[1])
for number in range(3000):
    audit.note("bundle.loaded", client=sys.argv[2], outcome="x" * 150, number=number)
audit.close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets more than a second pass for the audit."""
    passed = [0.0]
    real = module.time.monotonic
    monkeypatch.setattr(module.time, "monotonic", lambda: real() + passed[0])

    def step() -> None:
        passed[0] += 1.5

    return step


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_an_event_is_one_line(path: Path) -> None:
    audit = Audit(path)
    audit.note("bundle.swapped", key="ops", outcome="ok", request="r1", client="10.0.0.7", model="churn", to="ab\n12")
    audit.note("service.stopped")
    audit.close()
    first, last = events(path)
    assert first.pop("at")[-1] == "Z"
    assert first == {
        "event": "bundle.swapped",
        "key": "ops",
        "client": "10.0.0.7",
        "request": "r1",
        "outcome": "ok",
        "facts": {"model": "churn", "to": "ab\n12"},
    }
    assert (last["event"], last["key"], last["facts"]) == ("service.stopped", "", {})
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_added_to_what_was_there(path: Path) -> None:
    for _ in range(2):
        audit = Audit(path)
        audit.note("service.started")
        audit.close()
    assert len(events(path)) == 2


def test_texts_are_cut_and_always_json(path: Path) -> None:
    audit = Audit(path)
    audit.note("bundle.loaded", request="\ud800" * 500, client="c", why="y" * 500, count=3, share=0.5, none=None)
    audit.close()
    (event,) = events(path)
    assert event["request"] == "?" * 200
    assert event["facts"] == {"why": "y" * 200, "count": 3, "share": 0.5, "none": None}


def test_refusals_share_a_line_a_second(path: Path, later: Callable[[], None]) -> None:
    audit = Audit(path)
    for _ in range(50):
        audit.refused("key.refused", outcome="unknown key", client="10.0.0.7", request="r")
    audit.refused("key.refused", outcome="unknown key", client="10.0.0.8")
    audit.refused("scope.refused", key="ci", outcome="needs admin", client="10.0.0.7")
    later()
    audit.refused("key.refused", outcome="unknown key", client="10.0.0.7")
    audit.close()
    found = [(event["client"], event["event"], event["facts"]["count"]) for event in events(path)]
    assert found == [
        ("10.0.0.7", "key.refused", 1),
        ("10.0.0.8", "key.refused", 1),
        ("10.0.0.7", "scope.refused", 1),
        ("10.0.0.7", "key.refused", 49),
        ("10.0.0.7", "key.refused", 1),
    ]


def test_the_last_count_is_written_when_it_ends(path: Path) -> None:
    audit = Audit(path)
    for _ in range(3):
        audit.refused("key.expired", key="old", client="c")
    audit.close()
    assert [event["facts"]["count"] for event in events(path)] == [1, 2]


def test_many_clients_cost_no_more_than_some(path: Path) -> None:
    audit = Audit(path)
    for number in range(3000):
        audit.refused("key.refused", client=f"10.0.{number // 256}.{number % 256}")
    assert len(audit._windows) == module._CLIENTS + 1
    audit.close()
    found = events(path)
    assert sum(event["facts"]["count"] for event in found) == 3000
    assert {event["client"] for event in found[1024:]} == {"others"}


def test_two_processes_share_a_file(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"w{number}"]) for number in range(2)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    found = events(path)
    for name in ("w0", "w1"):
        assert [event["facts"]["number"] for event in found if event["client"] == name] == list(range(3000))


def test_a_full_disk_is_told_once_and_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    audit = Audit(path)
    audit.note("service.started")
    real = os.write
    room = [10]

    def full(descriptor: int, data: bytes) -> int:
        if not room:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[: room.pop()])

    monkeypatch.setattr(module.os, "write", full)
    for _ in range(4):
        audit.note("bundle.loaded")
    assert audit.lost == 4
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        f"the audit log {path} is not written: there is no room; lines that are lost are counted"
    ]
    monkeypatch.setattr(module.os, "write", real)
    audit.note("bundle.swapped")
    audit.note("service.stopped")
    audit.close()
    lines = path.read_bytes().splitlines()
    torn = lines.pop(1)
    assert len(torn) == 10, "what came after the torn line is whole"
    found = [json.loads(line) for line in lines]
    assert [event["event"] for event in found] == ["service.started", "audit.lost", "bundle.swapped", "service.stopped"]
    assert found[1]["facts"] == {"count": 4}


def test_a_pipe_that_nobody_empties_stops_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="cannot be written"):
        Audit(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    audit = Audit(pipe)
    for _ in range(1000):
        audit.note("bundle.loaded", why="x" * 200)
    assert audit.lost > 0
    audit.close()
    os.close(reader)


def test_a_file_that_was_moved_away_is_made_anew(path: Path, later: Callable[[], None]) -> None:
    audit = Audit(path)
    audit.note("service.started")
    path.rename(path.with_suffix(".1"))
    later()
    audit.note("service.stopped")
    audit.close()
    assert [event["event"] for event in events(path.with_suffix(".1"))] == ["service.started"]
    assert [event["event"] for event in events(path)] == ["service.stopped"]


def test_without_a_file_it_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "smeaton.audit"):
        audit = Audit()
        audit.note("service.started", outcome="ok")
        audit.close()
    (record,) = [record for record in caplog.records if record.name == "smeaton.audit"]
    assert json.loads(record.getMessage())["event"] == "service.started"


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written") as refused:
        Audit(tmp_path / "none" / "audit.jsonl")
    assert refused.value.fix

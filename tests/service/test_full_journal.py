"""The journal of a running service on a disk that is full: a small file system, mounted for the test.

Every answer is right, what is missing is counted and said, and all goes on once there is room.
"""

import json
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.flow._machine import disk, fill

import smeaton
from smeaton.journal import Prediction, Reader
from smeaton.journal.segments import listed

pytestmark = pytest.mark.slow

LONG = "long " * 190_000  # a note of nearly 1 MB: some seventy of them are more than may wait for the disk
AGES = 50


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come to hold"
        time.sleep(0.05)


@dataclass
class Asking:
    """Asks a service, each time about another row, and checks the answer against the bundle's own."""

    server: Any
    bundle: Path
    row: dict[str, Any]
    sent: dict[str, tuple[float, str]] = field(default_factory=dict)  # request: the age in its row, and its note
    expected: dict[float, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with smeaton.load(self.bundle) as model:
            # One at a time, as they are asked: rows of a batch may differ in the last bit.
            self.expected = {float(age): model.predict([{**self.row, "age": age}])[0] for age in range(AGES)}

    def ask(self, times: int, note: str = "called") -> list[str]:
        """So many requests, one after the other; returns their ids."""
        made = []
        for _ in range(times):
            age = float(len(self.sent) % AGES)
            body = json.dumps({"rows": [{**self.row, "age": age, "note": note}]}).encode()
            status, reply, headers = self.server.send("POST", "/predict", body)
            assert status == 200, reply
            assert json.loads(reply) == {"predictions": [self.expected[age]]}
            made.append(headers["x-request-id"])
            self.sent[made[-1]] = (age, note)
        return made

    def counts(self) -> tuple[int, int]:
        """Entries written and dropped, as the service's metrics tell."""
        text = self.server.send("GET", "/metrics")[1].decode()
        written, dropped = (
            sum(map(float, re.findall(rf"^smeaton_journal_{name}_total(?:{{.*}})? (\S+)$", text, re.MULTILINE)))
            for name in ("written", "dropped")
        )
        return int(written), int(dropped)

    def settled(self) -> bool:
        """Whether every entry was written, or dropped and counted."""
        return sum(self.counts()) == len(self.sent)

    def tell(self, request: str) -> tuple[int, Any]:
        """The truth of a prediction."""
        status, said = self.server.post("/feedback", {"items": [{"id": request, "row": 0, "truth": True}]})
        return status, said


def kept(folder: Path, asking: Asking) -> list[Prediction]:
    """What the journal holds: whole files, each entry once, and what was asked and answered."""
    assert [path for path in folder.iterdir() if path.name.endswith(".damaged")] == []
    for segment in listed(folder):
        base = sqlite3.connect(segment.path)
        assert base.execute("pragma integrity_check").fetchall() == [("ok",)]
        base.close()
    reader = Reader(folder)
    found = list(reader.predictions())
    assert reader.problems == []
    assert len({one.id for one in found}) == len(found)
    for one in found:
        assert (one.inputs["age"], one.inputs["note"]) == asking.sent[one.id]
        assert one.answer == asking.expected[one.inputs["age"]]
    return found


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with disk(tmp_path / "small", "6m") as folder:
        yield folder


def make_room(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=400m", folder], check=True)


def test_a_disk_that_fills_up_costs_entries_and_no_answer(server: Any, churn: Path, row: Any, small: Path) -> None:
    journal = small / "journal"
    asking = Asking(server(churn, "--journal", journal), churn, row)
    early = asking.ask(20)
    until(asking.settled)
    assert asking.counts() == (20, 0)
    asking.ask(10, LONG)  # they do not fit: the journal itself fills the disk
    fill(small)
    asking.ask(80, LONG)
    until(lambda: asking.counts()[1] > 0)
    asking.ask(5)
    assert asking.server.get("/health/ready")[1]["ready"] is True
    status, problem = asking.tell(early[0])
    assert (status, problem["error"]["code"]) == (507, "not_kept")
    assert "it was not taken" in problem["error"]["message"]
    before = asking.counts()
    make_room(small)
    until(asking.settled)
    late = asking.ask(20)
    until(asking.settled)
    written, dropped = asking.counts()
    assert written > before[0] + 20, "what waited was written"
    assert dropped == before[1], "nothing was dropped once there was room"
    assert asking.tell(late[0]) == (200, {"accepted": 1})
    code, said = asking.server.stop()
    assert code == 0
    assert said.count("the journal cannot be written") == 1
    assert len(re.findall(r"the journal is written again, after \d+ s; (\d+) entries were dropped", said)) == 1
    assert f"{dropped} entries were dropped" in said
    found = kept(journal, asking)
    assert len(found) == written == len(asking.sent) - dropped
    assert {*early, *late} <= {one.id for one in found}
    assert {one.id for one in found if one.truth is not None} == {late[0]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_ended_on_a_full_disk_leaves_whole_files(
    server: Any, churn: Path, row: Any, small: Path, number: int
) -> None:
    journal = small / "journal"
    asking = Asking(server(churn, "--workers", "0", "--journal", journal), churn, row)
    early = asking.ask(20)
    until(asking.settled)
    filler = fill(small)
    asking.ask(20, LONG[:100_000])
    code, said = asking.server.stop(number)
    if number == signal.SIGTERM:
        assert code == 0
        assert "20 entries could not be written" in said
    filler.unlink()
    again = Asking(server(churn, "--workers", "0", "--journal", journal), churn, row)
    late = again.ask(5)
    until(again.settled)
    assert again.counts() == (5, 0)
    assert again.server.stop()[0] == 0
    again.sent |= asking.sent
    assert {one.id for one in kept(journal, again)} == {*early, *late}

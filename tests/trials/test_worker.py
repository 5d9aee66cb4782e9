"""The worker's loop: one event a job's end, progress now and then, reasons short and tracebacks kept."""

import errno
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smeaton.errors import ProgramError
from smeaton.runtime import storage
from smeaton.trials import job as job_module
from smeaton.trials import worker
from smeaton.trials.executors import Event, Job
from smeaton.trials.process import THREAD_VARIABLES, command, environment


def job(**changes: Any) -> Job:
    form: dict[str, Any] = {"id": "j", "family": "f", "config": {}, "fold": 0, "fidelity": 1.0, "seed": 0}
    return Job(**{**form, "seconds": 1.0, "data": "d", "out": "o", **changes})


def worked(monkeypatch: pytest.MonkeyPatch, do: Any) -> list[Event]:
    monkeypatch.setattr(job_module, "run_job", do)
    events: list[Event] = []
    worker.work(job(), events.append)
    return events


def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    def do(job: Job, report: Any) -> None:
        for step in range(10_000):
            report(step, 0.5)

    events = worked(monkeypatch, do)
    assert (events[0].kind, events[0].step, events[0].score) == ("progress", 0, 0.5)
    assert events[-1].kind == "done"
    assert len(events) < 50


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProgramError("bad graph", fix="do this", where="step 1"), "step 1: bad graph"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError("a\n  b"), "ValueError: a b"),
        (RuntimeError("x" * 1000), "RuntimeError: " + "x" * 383 + "..."),
    ],
)
def test_failures_are_short_and_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, reason: str
) -> None:
    def do(job: Job, report: Any) -> None:
        raise error

    events = worked(monkeypatch, do)
    assert [(event.kind, event.reason) for event in events] == [("failed", reason)]
    log = capsys.readouterr().err
    assert "Traceback" in log
    assert "job j: f {} fold 0" in log


def test_the_environment_pins_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    given = environment(1)
    assert {given[name] for name in THREAD_VARIABLES} == {"1"}
    assert given["PYTHONHASHSEED"] == "0"


def start(tmp_path: Path) -> "subprocess.Popen[bytes]":
    with (tmp_path / "log").open("ab") as log:
        return subprocess.Popen(
            command("smeaton.trials.worker", str(os.getpid())),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )


@pytest.mark.slow
def test_it_ends_when_its_input_closes(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        missing = job(data=str(tmp_path / "nothing"), out=str(tmp_path / "out"))
        process.stdin.write(msgspec.json.encode(missing) + b"\n")
        process.stdin.flush()
        event = msgspec.json.decode(process.stdout.readline(), type=Event)
        assert (event.job, event.kind) == ("j", "failed")
        before = time.monotonic()
        process.stdin.close()
        process.wait(10)
        assert time.monotonic() - before < 2
    assert not (tmp_path / "out").exists()


def test_a_score_that_is_no_number_is_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON has no word for it: said all the same, the executor would take the worker for broken."""

    def do(job: Job, report: Any) -> None:
        for score in (float("nan"), float("inf"), 0.25):
            report(1, score)

    events = worked(monkeypatch, do)
    assert [(event.kind, event.score) for event in events] == [("progress", 0.25), ("done", 0.0)]
    assert [msgspec.json.decode(msgspec.json.encode(event), type=Event) for event in events] == events


def test_a_full_disk_is_named_where_it_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_free", lambda place: 0)
    (tmp_path / "data").mkdir()
    full = OSError(errno.ENOSPC, "No space left on device")
    reason, cause = worker.judged(full, job(data=str(tmp_path / "data")))
    assert cause == "storage"
    assert reason.startswith("the disk is full: a fit cannot be written (0 bytes")
    assert worker.judged(ValueError("no fit"), job()) == ("ValueError: no fit", "")

"""Fits in this process: the same events as of workers, failures with their reasons, nothing left behind."""

import warnings
from pathlib import Path

import pytest

from smeaton import plugins
from smeaton.errors import SmeatonError
from smeaton.trials import job as job_module
from smeaton.trials.executors import Job
from smeaton.trials.executors.inline import InlineExecutor


def job(name: str, **more: object) -> Job:
    return Job(id=name, family="f", config={}, fold=0, fidelity=1.0, seed=0, seconds=1.0, data="", out="", **more)  # type: ignore[arg-type]


@pytest.fixture
def executor(tmp_path: Path) -> InlineExecutor:
    made = InlineExecutor(threads=3)
    made.start(tmp_path, lambda text: None)
    return made


def test_it_is_a_part() -> None:
    assert "inline" in plugins.names("executors")
    assert plugins.load("executors", "inline") is InlineExecutor


def test_jobs_run_in_order_when_they_are_waited_for(executor: InlineExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, int]] = []
    monkeypatch.setattr(job_module, "run_job", lambda job, report: done.append((job.id, job.threads)))
    executor.submit(job("a"))
    executor.submit(job("b", threads=5))
    assert done == []
    assert [(event.job, event.kind) for event in executor.wait(0)] == [("a", "done")]
    assert [(event.job, event.kind) for event in executor.wait(0)] == [("b", "done")]
    assert done == [("a", 3), ("b", 5)]
    assert executor.wait(0) == []


def test_a_failure_has_its_reason_and_its_traceback_in_the_log(
    executor: InlineExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(job: Job, report: object) -> None:
        warnings.warn("a library's own", UserWarning, stacklevel=1)
        raise ValueError("no such\nthing")

    monkeypatch.setattr(job_module, "run_job", fail)
    executor.submit(job("a"))
    (event,) = executor.wait(0)
    assert (event.kind, event.reason) == ("failed", "ValueError: no such thing")
    assert "Traceback" in (tmp_path / "inline.log").read_text()


def test_what_has_not_begun_can_be_taken_back(executor: InlineExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "run_job", lambda job, report: None)
    executor.submit(job("a"))
    executor.kill("a")
    executor.kill("unknown")
    assert [(event.job, event.kind) for event in executor.wait(0)] == [("a", "killed")]


def test_an_interrupt_ends_the_job_and_is_passed_on(executor: InlineExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(job: Job, report: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job_module, "run_job", interrupted)
    executor.submit(job("a"))
    with pytest.raises(KeyboardInterrupt):
        executor.wait(0)
    assert [event.kind for event in executor.wait(0)] == ["killed"]


def test_it_is_started_once_and_used_while_it_runs(executor: InlineExecutor, tmp_path: Path) -> None:
    with pytest.raises(SmeatonError, match="twice"):
        executor.start(tmp_path, lambda text: None)
    executor.submit(job("a"))
    executor.close()
    executor.close()
    assert executor.wait(0) == []
    with pytest.raises(SmeatonError, match="not running"):
        executor.submit(job("b"))

"""Workers as processes: they do jobs, fail, crash, are killed and replaced, and nothing is left behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smeaton import plugins
from smeaton.errors import SmeatonError
from smeaton.trials.executors import Event, Executor
from smeaton.trials.executors.local import LocalExecutor, _how
from smeaton.trials.process import OUT_OF_MEMORY, oom_kills
from smeaton.trials.record import Candidate
from smeaton.trials.results import read_fit

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")]


@contextmanager
def started(folder: Path, slots: int = 1) -> Iterator[LocalExecutor]:
    executor = LocalExecutor(slots)
    executor.start(folder, lambda text: None)
    try:
        yield executor
    finally:
        executor.close()


def until(executor: Executor, done: Callable[[list[Event]], bool], seconds: float = 60) -> list[Event]:
    events: list[Event] = []
    end = time.monotonic() + seconds
    while not done(events):
        assert time.monotonic() < end, f"only {events} happened"
        events += executor.wait(0.2)
    return events


def ended(count: int) -> Callable[[list[Event]], bool]:
    return lambda events: sum(event.kind != "progress" for event in events) >= count


def eventually(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether no process runs under that number (a zombie that nobody collects counts as gone)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def children(parent: int) -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if path.read_text().rpartition(")")[2].split()[1] == str(parent):
                found.add(int(path.parent.name))
    return found


def test_it_is_the_part_of_that_name() -> None:
    assert plugins.load("executors", "local") is LocalExecutor


def test_jobs_are_done_side_by_side(build: Any, tmp_path: Path) -> None:
    made = build()
    good = made.user("good", share=2.0)
    jobs = [made.job(good, fold, fidelity=0.5, export=False) for fold in range(3)]
    with started(tmp_path / "log", slots=2) as executor:
        for job in jobs:
            executor.submit(job)
        events = until(executor, ended(3))
    assert {event.job for event in events if event.kind == "done"} == {job.id for job in jobs}
    assert {event.job for event in events if event.kind == "progress"} == {job.id for job in jobs}
    assert all(event.seconds > 0 and abs(event.at - time.time()) < 120 for event in events if event.kind == "done")
    home = Path(jobs[0].out).parent
    assert sorted(path.name for path in home.iterdir()) == ["fold0", "fold1", "fold2"]
    fit = read_fit(home, 1)
    assert fit.job == jobs[1]
    assert fit.rows == len(made.folds[1].train)
    assert "a family may print" in (tmp_path / "log" / "worker-0.log").read_text()


def test_a_failure_is_an_event_and_the_traceback_is_kept(build: Any, tmp_path: Path) -> None:
    made = build()
    with started(tmp_path) as executor:
        executor.submit(made.job(made.user("broken")))
        executor.submit(made.job(made.user("short"), fidelity=0.5))
        executor.submit(made.job(made.user("good"), fidelity=0.5))
        events = [event for event in until(executor, ended(3)) if event.kind != "progress"]
    assert [event.kind for event in events] == ["failed", "failed", "done"]
    assert events[0].reason == "ValueError: this config cannot be fitted"
    assert "rows were asked and 1 answered" in events[1].reason
    log = (tmp_path / "worker-0.log").read_text()
    assert "Traceback" in log
    assert "this config\ncannot be fitted" in log
    home = made.root / "trials"
    assert [path.name for path in home.rglob("fold*")] == ["fold0"]  # nothing half-written


@pytest.mark.parametrize(("family", "reason"), [("crash", "ended with status 7"), ("hungry", "out of memory")])
def test_a_crash_fails_the_job_and_the_worker_is_replaced(build: Any, tmp_path: Path, family: str, reason: str) -> None:
    made = build()
    with started(tmp_path) as executor:
        executor.submit(made.job(made.user(family)))
        executor.submit(made.job(made.user("good"), fidelity=0.5))
        events = [event for event in until(executor, ended(2)) if event.kind != "progress"]
    assert [event.kind for event in events] == ["failed", "done"]
    assert reason in events[0].reason
    assert not list(made.root.rglob("*.tmp-*"))


def test_kill_ends_the_job_with_all_it_started(build: Any, tmp_path: Path) -> None:
    made = build()
    slow, queued = made.user("slow", mark=str(tmp_path / "mark")), made.user("slow", mark=str(tmp_path / "never"))
    with started(tmp_path) as executor:
        executor.submit(made.job(slow))
        executor.submit(made.job(queued))
        eventually((tmp_path / "mark").exists)
        until(executor, lambda events: any(event.kind == "progress" for event in events))
        pids = [int(word) for word in (tmp_path / "mark").read_text().split()]
        executor.kill(made.job(queued).id)
        executor.kill(made.job(slow).id)
        executor.kill("no such job")
        executor.submit(made.job(made.user("good"), fidelity=0.5))
        events = until(executor, ended(3))
        assert [event.kind for event in events if event.kind != "progress"] == ["killed", "killed", "done"]
        assert all(gone(pid) for pid in pids)
    assert not (tmp_path / "never").exists()
    assert not list(made.root.rglob("*.tmp-*"))


def test_close_leaves_nothing_behind(build: Any, tmp_path: Path) -> None:
    made = build()
    before = children(os.getpid())
    with started(tmp_path, slots=2) as executor:
        executor.submit(made.job(made.user("slow", mark=str(tmp_path / "mark"))))
        eventually((tmp_path / "mark").exists)
        pids = [int(word) for word in (tmp_path / "mark").read_text().split()]
        assert len(children(os.getpid()) - before) == 2
    assert children(os.getpid()) == before
    assert all(gone(pid) for pid in pids)
    assert not list(made.root.rglob("*.tmp-*"))
    with pytest.raises(SmeatonError, match="not running"):
        executor.submit(made.job(made.user("good")))
    executor.close()


def test_a_killed_worker_is_seen(build: Any, tmp_path: Path) -> None:
    made = build()
    with started(tmp_path) as executor:
        executor.submit(made.job(made.user("slow", mark=str(tmp_path / "mark"))))
        eventually((tmp_path / "mark").exists)
        os.kill(int((tmp_path / "mark").read_text().split()[0]), signal.SIGKILL)
        events = until(executor, ended(1))
        assert "was killed" in events[-1].reason


def test_it_works_from_a_thread_and_inside_an_event_loop(build: Any, tmp_path: Path) -> None:
    made = build()
    executor = LocalExecutor(1)
    # Linux ends children with the thread that started them: the executor must not have been started "by" this one.
    thread = threading.Thread(target=executor.start, args=(tmp_path, lambda text: None))
    thread.start()
    thread.join()

    async def work() -> list[Event]:
        executor.submit(made.job(made.user("good"), fidelity=0.5))
        return until(executor, ended(1))

    try:
        assert asyncio.run(work())[-1].kind == "done"
    finally:
        executor.close()


def test_workers_run_with_one_thread_and_no_input(build: Any, tmp_path: Path) -> None:
    made = build()
    with started(tmp_path) as executor:
        executor.submit(made.job(made.user("environment")))
        events = until(executor, ended(1))
    assert events[-1].reason.startswith("RuntimeError: ")


def test_without_processes_no_job_waits_for_ever(build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smeaton.trials.executors import local

    monkeypatch.setattr(local, "command", lambda *words: [str(tmp_path / "no such program")])
    made = build()
    said: list[str] = []
    executor = LocalExecutor(1)
    executor.start(tmp_path, said.append)
    with contextlib.suppress(SmeatonError):
        executor.submit(made.job(made.user("good")))  # one that came in time is failed
    eventually(lambda: bool(said))
    with pytest.raises(SmeatonError, match="the workers cannot run"):
        executor.submit(made.job(made.user("good")))
    assert all(event.kind == "failed" and "cannot run" in event.reason for event in executor.wait(0.1))
    executor.close()
    assert "no such program" in said[0]


NOISY = """
import fcntl, os, time
from pathlib import Path

class Noisy:
    def space(self, *given): ...

    def fit(self, *given):
        for entry in Path("/proc/self/fd").iterdir():
            pipe = int(entry.name)
            writable = pipe > 2 and "pipe" in os.readlink(entry) and fcntl.fcntl(pipe, fcntl.F_GETFL) & os.O_WRONLY
            if writable:
                os.write(pipe, b"nonsense\\n")
                time.sleep(60)

noisy = Noisy()
"""


def test_a_worker_that_talks_nonsense_is_replaced(build: Any, tmp_path: Path) -> None:
    made = build()
    Path(made.task.folder, "noisy.py").write_text(NOISY)
    said: list[str] = []
    executor = LocalExecutor(1)
    executor.start(tmp_path, said.append)
    try:
        executor.submit(made.job(Candidate(family="noisy.py:noisy")))
        executor.submit(made.job(made.user("good"), fidelity=0.5))
        events = until(executor, ended(2))
    finally:
        executor.close()
    assert [event.kind for event in events if event.kind != "progress"] == ["failed", "done"]
    assert "nonsense" in said[0]


# A test run started in the background ignores SIGINT, and so would everything it starts.
PARENT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
import msgspec
from smeaton.trials.executors import Job
from smeaton.trials.executors.local import LocalExecutor, _how
from smeaton.trials.process import OUT_OF_MEMORY, oom_kills
executor = LocalExecutor(2)
executor.start(Path(sys.argv[1]), print)
executor.submit(msgspec.json.decode(sys.argv[2], type=Job))
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_orphan_when_the_parent_dies(build: Any, tmp_path: Path, how: signal.Signals) -> None:
    import msgspec

    made = build()
    mark = tmp_path / "mark"
    job = msgspec.json.encode(made.job(made.user("slow", mark=str(mark)))).decode()
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), job], stderr=subprocess.DEVNULL)
    try:
        eventually(mark.exists, 60)
        own = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True, check=True
        )
        workers = [int(word) for word in own.stdout.split()]
        assert int(mark.read_text().split()[0]) in workers
        assert len(workers) == 2
    finally:
        parent.send_signal(how)
        parent.wait(20)
    eventually(lambda: all(gone(pid) for pid in workers))
    child = int(mark.read_text().split()[1])  # what a fit had started itself
    eventually(lambda: gone(child))


@pytest.mark.parametrize(
    ("code", "before", "after", "words", "memory"),
    [
        (OUT_OF_MEMORY, 3, 3, "ran out of memory", True),
        (-9, 3, 4, "was killed by the system: out of memory", True),
        (-9, 3, 3, "was killed", False),
        (-9, None, None, "was killed (out of memory?)", True),
        (-11, 3, 4, "crashed (Segmentation fault)", False),
        (7, 3, 4, "ended with status 7", False),
    ],
)
def test_how_a_worker_ended(code: int, before: int | None, after: int | None, words: str, memory: bool) -> None:
    """Whether memory ran out is told from what the system counts, where it does."""
    assert _how(code, before, after) == (words, memory)


def test_the_system_counts_what_it_ends_for_want_of_memory() -> None:
    kills = oom_kills()
    assert kills is None or kills >= 0


def test_a_worker_is_the_first_to_go(build: Any, tmp_path: Path) -> None:
    """Where memory runs out, a fit goes and not the build."""
    with started(tmp_path) as executor:
        executor.submit(build().job(Candidate(family="mine.py:good"), fidelity=0.5))
        until(executor, ended(1))
        pid = next(iter(executor._workers.values())).process.pid
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) >= 500

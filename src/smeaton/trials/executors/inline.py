"""Fits in this process, one after the other, while the caller waits: no worker has to start, no array to travel.

For small tables and for estimators that are fitted inside others' loops. A fit cannot be killed here: it ends by itself
within its soft limit. What ends a process of its own elsewhere (a crash of native code) ends this one.
"""

import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from smeaton.errors import SmeatonError
from smeaton.trials.executors import Event, Job
from smeaton.trials.worker import judged

_LOG = "inline.log"


class InlineExecutor:
    """One slot: a job runs when its result is waited for, with at most `threads` threads."""

    slots = 1

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._waiting: deque[Job] = deque()
        self._events: list[Event] = []
        self._log = Path()
        self._running = False

    def start(self, folder: Path, log: Callable[[str], None]) -> None:
        """Get ready; tracebacks of failed fits go to `folder/inline.log`."""
        if self._running:
            raise SmeatonError("the executor was started twice")
        folder.mkdir(parents=True, exist_ok=True)
        self._log, self._running = folder / _LOG, True

    def submit(self, job: Job) -> None:
        """Queue a job. Jobs run in the order they came."""
        if not self._running:
            raise SmeatonError("the executor is not running", fix="start an executor first")
        self._waiting.append(job)

    def wait(self, seconds: float) -> list[Event]:
        """Run the next job, however long that takes, and give what has happened since the last call."""
        if not self._events and self._waiting:
            self._run(self._waiting.popleft())
        events, self._events = self._events, []
        return events

    def kill(self, job: str) -> None:
        """Take back a job that has not begun; reported as `killed`. One that has ended is left alone."""
        for waiting in self._waiting:
            if waiting.id == job:
                self._waiting.remove(waiting)
                self._events.append(Event(job=job, kind="killed", at=time.time()))
                return

    def close(self) -> None:
        """Forget what waits. Safe to call twice."""
        self._waiting.clear()
        self._running = False

    def _run(self, job: Job) -> None:
        from smeaton.trials.job import run_job

        start = time.monotonic()

        def ended(kind: str, reason: str = "", cause: str = "") -> None:
            form = {"job": job.id, "kind": kind, "seconds": time.monotonic() - start, "at": time.time()}
            self._events.append(msgspec.convert({**form, "reason": reason, "cause": cause}, Event))

        try:
            # In a worker they would stand in its log; the caller's filters are not made for a family's libraries.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run_job(msgspec.structs.replace(job, threads=max(job.threads, self._threads)), lambda step, score: None)
        except Exception as error:  # noqa: BLE001 - the boundary: any failure of a family is reported, with its reason
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"job {job.id}: {job.family} {job.config} fold {job.fold}\n{traceback.format_exc()}\n")
            ended("failed", *judged(error, job))
        except BaseException:
            ended("killed")  # Ctrl-C: it is for the search to judge, which wants to know what became of the job
            raise
        else:
            ended("done")


part = InlineExecutor

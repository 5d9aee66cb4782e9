"""`Batcher`: what is already waiting for a model is answered together; nothing waits for company.

Requests that arrive in one turn of the event loop, or while the model works in its thread, become one run of at most
`most` rows. A run that is quick happens on the loop, a longer one in the model's own thread, so that the loop never
stands still. A request of many rows is answered in pieces between which the others get their turn. If a run of several
requests fails, each is run alone: only what fails by itself fails.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from smeaton.errors import DeadlineExceeded
from smeaton.runtime.call import Call
from smeaton.service.answered import Answered, Run, joined
from smeaton.service.pace import Pace
from smeaton.service.problem import Problem
from smeaton.task.table import Array

Items = Sequence[Any]  #: rows as one model takes them
RunItems = Callable[[Items, Call], Mapping[str, Array]]
Tell = Callable[[int, int, float, float], None]  #: (rows, requests, seconds queued, seconds run) of each run

_clock = time.perf_counter


class _Job:
    """A request that waits: `begun` of its items are in a run already."""

    __slots__ = ("begun", "call", "future", "items", "parts", "since", "timer")

    def __init__(self, items: Items, call: Call, future: "asyncio.Future[Answered]") -> None:
        self.items = items
        self.call = call
        self.future = future
        self.since = _clock()
        self.begun = 0
        self.parts: list[Answered] = []
        self.timer: asyncio.TimerHandle | None = None

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def end_in_time(self, loop: asyncio.AbstractEventLoop) -> None:
        """It waits for a thread: let its deadline end the waiting."""
        left = self.call.seconds_left()
        if left is not None and self.timer is None:
            self.timer = loop.call_later(max(left, 0.0), self._expire)

    def _expire(self) -> None:
        self.fail(DeadlineExceeded("the deadline of the call has passed", fix="allow more time, or send fewer rows"))


_Piece = tuple[_Job, int, int]


class Batcher:
    """Runs one model. `run(items, call)` answers rows; `most` rows a run; `waiting` requests at once.

    To be used from one event loop; `close` when no request waits any more.
    """

    def __init__(self, run: RunItems, names: Sequence[str], most: int, waiting: int, tell: Tell) -> None:
        self.pace = Pace()
        self._run, self._names, self._tell = run, names, tell
        self._most, self._limit = most, waiting
        self._queue: deque[_Job] = deque()
        self._waiting = 0
        self._turning = self._busy = False
        self._thread: ThreadPoolExecutor | None = None

    def at_once(self, items: Items, call: Call) -> Answered | None:
        """Answers to the one request that there is at this moment; None if it has to wait its turn.

        Raises:
            CallError: no time is left. Whatever the run raises.
        """
        rows = len(items)
        if self._waiting or rows > self._most or not self.pace.is_quick(rows):
            return None
        call.check()
        run = self._ran(items, call)
        self._tell(rows, 1, 0.0, run.seconds)
        return Answered(run, 0, rows)

    async def answer(self, items: Items, call: Call) -> Answered:
        """Answers to the rows of one request.

        Raises:
            Problem: 429, too many wait. CallError: no time is left. Whatever the run raises.
        """
        if self._waiting >= self._limit:
            raise Problem(429, "queue_full", "too many requests wait for this model", retry=1)
        loop = asyncio.get_running_loop()
        job = _Job(items, call, loop.create_future())
        self._waiting += 1
        self._queue.append(job)
        if self._busy:
            job.end_in_time(loop)
        elif not self._turning:
            self._turning = True
            loop.call_soon(self._turn)
        try:
            return await job.future
        finally:
            self._waiting -= 1
            if job.timer is not None:
                job.timer.cancel()

    def close(self) -> None:
        """Give the thread back."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    def _turn(self) -> None:
        """One run of what waits; the rest gets another turn of the loop, so that connections get theirs."""
        self._turning = False
        pieces, rows = self._take()
        if not pieces:
            return
        loop = asyncio.get_running_loop()
        if self.pace.is_quick(rows):
            self._deliver(pieces, rows, *self._attempt(pieces))
            if self._queue:
                self._turning = True
                loop.call_soon(self._turn)
            return
        self._busy = True
        for job in {id(job): job for job, _, _ in pieces}.values():
            job.end_in_time(loop)
        for job in self._queue:
            job.end_in_time(loop)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="smeaton-model")
        done = loop.run_in_executor(self._thread, self._attempt, pieces)
        done.add_done_callback(lambda done: self._finished(pieces, rows, done))

    def _finished(
        self, pieces: list[_Piece], rows: int, done: "asyncio.Future[tuple[list[Run | Exception], float]]"
    ) -> None:
        self._busy = False
        if not done.cancelled():
            self._deliver(pieces, rows, *done.result())
        self._turn()

    def _take(self) -> tuple[list[_Piece], int]:
        """The next pieces, at most `most` rows. One whose caller has its answer (no time was left) is dropped."""
        pieces: list[_Piece] = []
        rows, queue = 0, self._queue
        for _ in range(len(queue)):
            if rows >= self._most:
                break
            job = queue.popleft()
            if job.future.done():
                continue
            try:
                job.call.check()
            except Exception as error:  # noqa: BLE001 -- its caller's to read
                job.fail(error)
                continue
            start = job.begun
            stop = job.begun = min(len(job.items), start + self._most - rows)
            pieces.append((job, start, stop))
            rows += stop - start
            if stop < len(job.items):
                queue.append(job)  # behind the others: they get their turn
        return pieces, rows

    def _attempt(self, pieces: list[_Piece]) -> tuple[list[Run | Exception], float]:
        """Run pieces together, or each alone if that fails. Returns one run for all or one result a piece."""
        began = _clock()
        if len(pieces) == 1:
            return [self._alone(*pieces[0])], _clock() - began
        together = [item for job, start, stop in pieces for item in _part(job.items, start, stop)]
        deadlines = [job.call.deadline for job, _, _ in pieces]
        latest = None if None in deadlines else max(filter(None, deadlines))
        try:
            found: list[Run | Exception] = [self._ran(together, Call(deadline=latest))]
        except Exception:  # noqa: BLE001 -- each is asked alone, and says itself what is wrong
            found = [self._alone(*piece) for piece in pieces]
        return found, _clock() - began

    def _alone(self, job: _Job, start: int, stop: int) -> Run | Exception:
        try:
            return self._ran(_part(job.items, start, stop), job.call)
        except Exception as error:  # noqa: BLE001 -- handed to the one who asked
            return error

    def _ran(self, items: Items, call: Call) -> Run:
        began = _clock()
        columns = self._run(items, call)
        seconds = _clock() - began
        self.pace.note(len(items), seconds)
        return Run(columns, self._names, len(items), seconds)

    def _deliver(self, pieces: list[_Piece], rows: int, found: list[Run | Exception], seconds: float) -> None:
        first = min(job.since for job, _, _ in pieces)
        self._tell(rows, len(pieces), max(_clock() - first - seconds, 0.0), seconds)
        shared = found[0] if len(found) < len(pieces) else None
        at = 0
        for number, (job, start, stop) in enumerate(pieces):
            size = stop - start
            if shared is not None:
                assert isinstance(shared, Run)
                part = Answered(shared, at, at + size)
                at += size
            else:
                alone = found[number]
                if isinstance(alone, Exception):
                    job.fail(alone)
                    continue
                part = Answered(alone, 0, size)
            job.parts.append(part)
            if stop == len(job.items) and not job.future.done():
                job.future.set_result(joined(job.parts, self._names))


def _part(items: Items, start: int, stop: int) -> Items:
    return items if start == 0 and stop == len(items) else items[start:stop]

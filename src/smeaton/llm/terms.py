"""What holds while a question is asked: who pays, until when, whether the caller left, and how hard it is tried."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from smeaton.errors import Cancelled, DeadlineExceeded
from smeaton.llm.purse import Purse

T = TypeVar("T")

_TICK = 0.05  # seconds between two looks at whether the caller left


def stays() -> bool:
    """The caller that never leaves: nobody has to look."""
    return False


@dataclass(frozen=True)
class Policy:
    """How hard a model is tried. `timeout`, `backoff` (the first wait's upper end, doubled each time) and `most_wait`
    in seconds; `attempts` of each model; `parallel` calls under way to one model in this process."""

    timeout: float = 60.0
    attempts: int = 4
    parallel: int = 8
    backoff: float = 0.5
    most_wait: float = 30.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt, the first being 1: anything up to an end that doubles each time
        (full jitter; Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""
        return random.uniform(0.0, min(self.most_wait, self.backoff * 2 ** (attempt - 1)))  # noqa: S311 (no secret)


@dataclass(frozen=True)
class Terms:
    """For one question. `deadline` is a `time.monotonic` moment; `salt` tells apart questions that are the same."""

    purse: Purse | None = None
    deadline: float | None = None
    cancelled: Callable[[], bool] = stays
    salt: int = 0

    def left(self) -> float:
        """Seconds that are left, infinite without a deadline.

        Raises:
            Cancelled: the caller left.
            DeadlineExceeded: none are left.
        """
        if self.cancelled():
            raise Cancelled("the caller went away")
        rest = float("inf") if self.deadline is None else self.deadline - time.monotonic()
        if rest <= 0:
            raise self.late()
        return rest

    def late(self) -> DeadlineExceeded:
        """The error of a question whose time is up."""
        return DeadlineExceeded("the deadline passed before the model answered", fix="allow more time")

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than the caller does.

        Raises:
            Cancelled: the caller left.
            DeadlineExceeded: the time was up first.
        """
        end = time.monotonic() + seconds
        while (rest := min(end - time.monotonic(), self.left())) > 0:
            await asyncio.sleep(rest if self.cancelled is stays else min(rest, _TICK))

    async def watched(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` brings; it is cancelled when the caller leaves.

        Raises:
            Cancelled: the caller left.
        """
        if self.cancelled is stays:
            return await work
        task = asyncio.ensure_future(work)
        try:
            await self._until_done(task)
        finally:
            await _ended(task)
        return task.result()

    async def each(self, source: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """The items of `source`, which is closed at the end, and when the caller leaves.

        Raises:
            Cancelled: the caller left.
        """
        if self.cancelled is stays:
            async with aclosing(source):
                async for item in source:
                    yield item
            return
        # One task reads all of it: a source may not be handed from one task to another.
        items: asyncio.Queue[T | None] = asyncio.Queue()
        task = asyncio.ensure_future(_poured(source, items))
        try:
            while True:
                try:
                    async with asyncio.timeout(_TICK):
                        found = await items.get()
                except TimeoutError:
                    if self.cancelled():
                        raise Cancelled("the caller went away") from None
                    continue
                if found is None:
                    break
                yield found
        finally:
            await _ended(task)
        task.result()

    async def _until_done(self, task: "asyncio.Future[Any]") -> None:
        while not (await asyncio.wait([task], timeout=_TICK))[0]:
            if self.cancelled():
                raise Cancelled("the caller went away")


async def _poured(source: AsyncGenerator[T], into: "asyncio.Queue[T | None]") -> None:
    try:
        async with aclosing(source):
            async for item in source:
                into.put_nowait(item)
    finally:
        into.put_nowait(None)


async def _ended(task: "asyncio.Future[Any]") -> None:
    """Cancel what still runs, and wait until it has ended."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # seen, so that nobody complains that it was not: whoever needs it asks for the result

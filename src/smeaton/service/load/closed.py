"""The closed loop: some callers, each of which asks again once it has its answer."""

import asyncio
import time
from collections.abc import Sequence

from smeaton.errors import InputError
from smeaton.service.load.link import Link
from smeaton.service.load.links import Links, run
from smeaton.service.load.sample import How, Sample
from smeaton.service.load.tally import Tally
from smeaton.service.load.target import Target, target_of


def closed(
    url: str | Target,
    requests: Sequence[bytes],
    how: How | None = None,
    *,
    seconds: float | None = None,
    count: int | None = None,
) -> Sample:
    """Ask in turn, over and over, with as many callers as connections, for some seconds or a number of requests.
    `requests` are whole ones, as `Target.request` makes them.

    Raises:
        InputError: the URL leads off this machine; no requests; neither or both of seconds and count.
    """
    if not requests or (seconds is None) == (count is None) or not 0 < (seconds or count or 0) < float("inf"):
        raise InputError("requests and either seconds or count were expected", fix="give one of seconds= and count=")
    return run(
        _Closed(url if isinstance(url, Target) else target_of(url), requests, how or How(), seconds, count).run()
    )


class _Closed:
    """The callers. Requests are numbered in the order sent; those below `_first` belong to the warm-up."""

    def __init__(
        self, target: Target, requests: Sequence[bytes], how: How, seconds: float | None, count: int | None
    ) -> None:
        self._target = target
        self._requests = requests
        self._how = how
        self._seconds = seconds
        self._count = count
        self._next = 0
        self._first = -1  # not begun
        self._last: int | None = None  # requests from this number on are not sent
        self._left = 0  # measured requests on their way
        self._tally = Tally(how)

    async def run(self) -> Sample:
        """Ask until the time is over, then wait for what is on its way."""
        loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        self._links = Links(self._target, self, self._how.check is not None, self._how.timeout)
        timers = [loop.call_later(self._how.warmup, self._begin)] if self._how.warmup else []
        if not self._how.warmup:
            self._begin()
        if self._seconds is not None:
            timers.append(loop.call_later(self._how.warmup + self._seconds, self._end))
        try:
            for _ in range(min(self._how.connections, self._count or self._how.connections)):
                self._links.open()
            await self._done.wait()
        finally:
            for timer in timers:
                timer.cancel()
            await self._links.close()
        return self._tally.sample(most=self._links.most)

    def _begin(self) -> None:
        self._first = self._next
        if self._count is not None:
            self._last = self._first + self._count
        self._tally.begin(self._links.received)

    def _end(self) -> None:
        self._last = self._next if self._last is None else self._last
        self._tally.end(self._links.received)
        if not self._left:
            self._done.set()

    def _ask(self, link: Link) -> None:
        number = self._next
        if number == self._last:
            return
        self._next = number + 1
        if self._first >= 0:
            self._left += 1
        link.send(number, self._requests[number % len(self._requests)], time.monotonic())

    def _over(self) -> None:
        """A measured request has ended."""
        self._left -= 1
        if not self._left and self._next == self._last:
            self._end()

    def opened(self, link: Link) -> None:
        """Of Owner."""
        self._ask(link)

    def answered(self, link: Link, status: int, body: bytes) -> None:
        """Of Owner."""
        number = link.number
        measured = self._first >= 0 and number >= self._first
        if measured:
            self._tally.answered(number, status, body, time.monotonic() - link.sent)
        else:
            self._tally.warm(status)
        if link.open:
            self._ask(link)
        if measured:
            self._over()

    def lost(self, link: Link, reason: str) -> None:
        """Of Owner."""
        measured = bool(reason) and self._first >= 0 and link.number >= self._first
        if measured:
            self._tally.failed(reason)
        if self._next != self._last:
            self._links.open()
        if measured:
            self._over()

    def refused(self, reason: str) -> None:
        """Of Caller: a caller who is not let in has asked in vain."""
        if self._first >= 0 and self._next != self._last:
            self._next += 1
            self._left += 1
            self._tally.failed(reason)
            self._over()
        if self._next != self._last:
            self._links.open_again()

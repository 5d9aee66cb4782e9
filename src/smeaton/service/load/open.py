"""The open loop: requests go out at their moments, whatever became of the earlier ones."""

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Sequence

import numpy as np

from smeaton.errors import InputError
from smeaton.service.load.alarm import Alarm
from smeaton.service.load.link import Link
from smeaton.service.load.links import Links, run
from smeaton.service.load.sample import GIVEN_UP, How, Sample
from smeaton.service.load.schedule import Pace
from smeaton.service.load.tally import Tally
from smeaton.service.load.target import Target, target_of

_FIRST = 8  # connections made before the first request; more follow as requests have to wait
_HEAD_START = 0.05  # seconds between those and the first request
_LOOK = 0.02  # seconds between looks, after the last request, at how long the others have waited


def scheduled(url: str | Target, requests: Sequence[bytes], pace: Pace, how: How | None = None) -> Sample:
    """Ask at the moments of a pace, in turn. Each latency counts from the moment at which its request was due, waiting
    for a connection included.

    Raises:
        InputError: the URL leads off this machine; no requests; a pace without a request.
    """
    if not requests:
        raise InputError("at least one request was expected", fix="give the requests to send")
    return run(_Open(url if isinstance(url, Target) else target_of(url), requests, pace, how or How()).run())


class _Open:
    """Requests are numbered in the order of their moments; those below `_first` belong to the warm-up."""

    def __init__(self, target: Target, requests: Sequence[bytes], pace: Pace, how: How) -> None:
        self._target = target
        self._requests = requests
        self._pace = pace
        self._how = how
        moments = pace.moments(how.warmup)
        self._offsets = moments
        self._first = int(np.searchsorted(moments, how.warmup))
        self._next = 0
        self._waiting: deque[int] = deque()
        self._idle: deque[Link] = deque()
        self._left = len(moments)  # requests without an outcome
        self._late = array("d")
        self._tally = Tally(how)
        self._gave_up = False

    async def run(self) -> Sample:
        """Ask at every moment, then wait for what is on its way."""
        loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        self._links = Links(self._target, self, self._how.check is not None, self._how.timeout)
        self._alarm = Alarm(loop, self._ring)
        start = time.monotonic() + _HEAD_START
        self._moments: list[float] = (self._offsets + start).tolist()
        self._begin_at = start + self._how.warmup
        self._end_at = self._begin_at + self._pace.seconds
        try:
            for _ in range(min(_FIRST, self._how.connections)):
                self._links.open()
            self._alarm.set(self._upcoming())
            await self._done.wait()
        finally:
            self._alarm.close()
            await self._links.close()
        seconds = self._tally.ended - self._tally.begun
        asked = max(0, self._next - self._first) / seconds
        return self._tally.sample(asked, np.array(self._late), self._links.most, self._gave_up)

    def _upcoming(self) -> float:
        """The next moment at which something is to be done."""
        moment = self._moments[self._next] if self._next < len(self._moments) else self._end_at
        return moment if self._tally.begun else min(moment, self._begin_at)

    def _ring(self) -> None:
        now = time.monotonic()
        if not self._tally.begun and now >= self._begin_at:
            self._tally.begin(self._links.received)
        moments, number, count = self._moments, self._next, len(self._moments)
        while number < count and moments[number] <= now:
            if number >= self._first:
                self._late.append(now - moments[number])
            self._dispatch(number, now)
            number += 1
            now = time.monotonic()
        self._next = number
        if self._waiting and now - moments[self._waiting[0]] > self._how.patience:
            self._give_up()
        elif number == count and now >= self._end_at:
            self._tally.end(self._links.received)
            self._over(0)
            self._alarm.set(now + _LOOK)
        else:
            self._alarm.set(self._upcoming())

    def _dispatch(self, number: int, now: float) -> None:
        if self._idle:
            self._idle.popleft().send(number, self._requests[number % len(self._requests)], now)
            return
        self._waiting.append(number)
        if len(self._waiting) > self._links.opening and len(self._links) < self._how.connections:
            self._links.open()

    def _give_up(self) -> None:
        """Send no more; what waits has no answer."""
        self._gave_up = True
        if not self._tally.begun:
            self._tally.begin(self._links.received)
        self._tally.end(self._links.received)
        unsent = max(1, sum(number >= self._first for number in self._waiting))
        self._left -= len(self._waiting) + len(self._moments) - self._next
        self._waiting.clear()
        self._tally.failed(GIVEN_UP, unsent)
        self._over(0)

    def _use(self, link: Link) -> None:
        """Send what waits longest over a free connection."""
        if self._waiting:
            number = self._waiting.popleft()
            link.send(number, self._requests[number % len(self._requests)], time.monotonic())
        else:
            self._idle.append(link)

    def _over(self, count: int = 1) -> None:
        """Some requests have an outcome."""
        self._left -= count
        if not self._left and self._tally.ended:
            self._done.set()

    def opened(self, link: Link) -> None:
        """Of Owner."""
        self._use(link)

    def answered(self, link: Link, status: int, body: bytes) -> None:
        """Of Owner."""
        number = link.number
        if number >= self._first:
            self._tally.answered(number, status, body, time.monotonic() - self._moments[number])
        else:
            self._tally.warm(status)
        if link.open:
            self._use(link)
        self._over()

    def lost(self, link: Link, reason: str) -> None:
        """Of Owner."""
        if reason:
            if link.number >= self._first:
                self._tally.failed(reason)
            self._over()
        elif link in self._idle:
            self._idle.remove(link)
        if self._waiting or len(self._links) < min(_FIRST, self._how.connections):
            self._links.open()

    def refused(self, reason: str) -> None:
        """Of Caller: whoever waits for a connection has asked in vain."""
        count = len(self._waiting)
        self._tally.failed(reason, sum(number >= self._first for number in self._waiting))
        self._waiting.clear()
        if not self._links.opening and not len(self._links):
            self._links.open_again()
        self._over(count)

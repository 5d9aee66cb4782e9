"""Asking by coroutine: one request after another over a kept connection, and single questions."""

import asyncio
import time
from typing import NamedTuple

from smeaton.service.load.link import Link
from smeaton.service.load.target import Target


class Answer(NamedTuple):
    """`status` 0: there was none, and `reason` says why. `refused`: the connection was not even made."""

    status: int
    body: bytes = b""
    reason: str = ""

    @property
    def refused(self) -> bool:
        """Whether no connection stood, so that nothing was accepted."""
        return self.reason == REFUSED


REFUSED = "connection refused"


class Caller:
    """Asks one request at a time; connects again when its connection has ended."""

    def __init__(self, target: Target, timeout: float = 40.0) -> None:
        self._target, self._timeout = target, timeout
        self._link: Link | None = None
        self._waiting: asyncio.Future[Answer] | None = None

    async def ask(self, request: bytes) -> Answer:
        """The answer to a whole HTTP request."""
        loop = asyncio.get_running_loop()
        if self._link is None:
            try:
                await loop.create_connection(lambda: Link(self, True), self._target.host, self._target.port)
            except ConnectionRefusedError:
                return Answer(0, b"", REFUSED)
            except OSError as error:
                return Answer(0, b"", f"no connection: {error.strerror or error}")
        link = self._link
        if link is None:
            return Answer(0, b"", "connection closed before the request was sent")
        self._waiting = loop.create_future()
        link.send(0, request, time.monotonic())
        try:
            return await asyncio.wait_for(self._waiting, self._timeout)
        except TimeoutError:
            link.abort("no answer in time")
            return Answer(0, b"", "no answer in time")
        finally:
            self._waiting = None

    def close(self) -> None:
        """End the connection."""
        if self._link is not None:
            self._link.abort("")

    def opened(self, link: Link) -> None:
        """Of Owner."""
        self._link = link

    def answered(self, link: Link, status: int, body: bytes) -> None:
        """Of Owner."""
        if not link.open:
            self._link = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(status, body))

    def lost(self, link: Link, reason: str) -> None:
        """Of Owner."""
        if self._link is link:
            self._link = None
        if reason and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(0, b"", reason))


async def once(target: Target, request: bytes, timeout: float = 40.0) -> Answer:
    """The answer to one request over a connection of its own."""
    caller = Caller(target, timeout)
    try:
        return await caller.ask(request)
    finally:
        caller.close()

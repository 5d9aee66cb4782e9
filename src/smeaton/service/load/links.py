"""`Links`: the connections of one run, opened, watched and closed; and the loop they live in."""

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import Coroutine, Iterator
from typing import Any, Protocol, TypeVar

import uvloop

from smeaton.errors import InputError
from smeaton.service.load.link import Link, Owner
from smeaton.service.load.target import Target

_SWEEP = 0.05  # seconds between looks for requests that take too long
_AGAIN = 0.02  # seconds before a refused connection is tried again
_CLOSING = 2.0  # seconds that closing may take

T = TypeVar("T")


class Caller(Owner, Protocol):
    """A loop that asks, closed or open."""

    def refused(self, reason: str) -> None:
        """A connection could not be made."""
        ...


class Links:
    """Opens connections for a caller and ends those whose request takes longer than `timeout` seconds."""

    def __init__(self, target: Target, caller: Caller, keep: bool, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._family, self._address = _resolved(target)
        self._caller = caller
        self._keep = keep
        self._timeout = timeout
        self._tasks: set[asyncio.Task[None]] = set()
        self.opening = 0  # connections that are being made
        self._links: set[Link] = set()
        self._sweeping = self._loop.call_later(_SWEEP, self._sweep)
        self._received = 0
        self.closing = False
        self.most = 0

    def __len__(self) -> int:
        return len(self._links) + self.opening

    @property
    def received(self) -> int:
        """Bytes of answers so far."""
        return self._received + sum(link.received for link in self._links)

    def open(self, after: float = 0.0) -> None:
        """Make a connection; `opened` or `refused` of the caller follows."""
        if not self.closing:
            task = self._loop.create_task(self._open(after))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self.opening += 1
            self.most = max(self.most, len(self))

    def open_again(self) -> None:
        """Make a connection after a refusal, a little later."""
        self.open(_AGAIN)

    async def _open(self, after: float) -> None:
        if after:
            await asyncio.sleep(after)
        try:
            await self._loop.create_connection(self._link, *self._address[:2], family=self._family)
        except OSError as error:
            self.opening -= 1
            if not self.closing:
                self._caller.refused(_why(error))

    def _link(self) -> Link:
        return Link(self, self._keep)

    def opened(self, link: Link) -> None:
        """Of Owner."""
        self.opening -= 1
        self._links.add(link)
        if self.closing:
            link.abort("")
        else:
            self._caller.opened(link)

    def answered(self, link: Link, status: int, body: bytes) -> None:
        """Of Owner."""
        self._caller.answered(link, status, body)

    def lost(self, link: Link, reason: str) -> None:
        """Of Owner."""
        self._links.discard(link)
        self._received += link.received
        if not self.closing:
            self._caller.lost(link, reason)

    def _sweep(self) -> None:
        oldest = time.monotonic() - self._timeout
        for link in [link for link in self._links if link.busy and link.sent < oldest]:
            link.abort("no answer in time")
        self._sweeping = self._loop.call_later(_SWEEP, self._sweep)

    async def close(self) -> None:
        """End all connections; the caller hears no more of them."""
        self.closing = True
        self._sweeping.cancel()
        for task in self._tasks:
            task.cancel()
        for link in self._links:
            link.abort("")
        end = time.monotonic() + _CLOSING
        while (self._links or self._tasks) and time.monotonic() < end:
            await asyncio.sleep(0)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a load in an event loop of its own. The collector rests meanwhile: its pauses would be taken for those of the
    service."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, _no_collections():
            return runner.run(work)
    finally:
        work.close()  # Ctrl-C may come before it has begun


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _resolved(target: Target) -> tuple[int, tuple[Any, ...]]:
    """The address that takes connections, looked up once: a name lookup is no part of a request."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise InputError(
            f"{target.host} is unknown: {error.strerror}", fix="check the address", where=target.url
        ) from error
    for family, _, _, _, address in found if len(found) > 1 else ():
        with contextlib.suppress(OSError), socket.create_connection((str(address[0]), target.port), timeout=2):
            return family, address
    return found[0][0], found[0][4]


def _why(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return "connection reset" if isinstance(error, ConnectionResetError) else "no connection"

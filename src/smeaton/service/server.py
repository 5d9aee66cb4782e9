"""Listening: uvicorn behind sockets that are shared, and an end that loses nothing.

A drain goes in steps. While `drain` seconds pass, connections are still taken and answered, each reply with
`Connection: close`; the service says that it is not ready. Then no connection begins any more: what waits in the queue
is taken and answered, what is in flight is finished, and connections without a request are kept for half a second,
because one may already be on its way. Then they end.
"""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn

from smeaton.service.accept import Acceptor
from smeaton.service.http import SWEEP_SECONDS, Connection, HttpLimits, HttpState
from smeaton.service.listening import refuse_new

log = logging.getLogger("smeaton.service")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAME_SIGNAL_SECONDS = 0.5  # two signals closer than this are one wish
_HANDSHAKE_SECONDS = 0.1  # connections begun before the door was closed arrive within this
_QUIET_SECONDS = 0.5  # a connection without a request for so long ends in a drain
_OVER_LIMIT = 64  # connections beyond the limit that are told so; more wait in the queue


def _ignored(_: str) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How to listen. `drain` and `finish` in seconds: how long connections are still taken once it ends, then how long
    what is in flight may take. `rejected(reason)` counts refusals; `on_drain()` is called when the end begins.
    """

    limits: HttpLimits
    drain: float = 0.0
    finish: float = 32.0
    tls: ssl.SSLContext | None = None
    rejected: Callable[[str], None] = _ignored
    on_drain: Callable[[], None] = lambda: None


class Server(uvicorn.Server):
    """Uvicorn's server with its own way to take connections and to end. `up()` is called once connections are taken."""

    server_state: HttpState

    def __init__(self, app: Any, serving: Serving, up: Callable[[], None] = lambda: None) -> None:
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http=Connection,
            ws="none",
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        super().__init__(config)
        self.serving = serving
        self.server_state = HttpState(serving.limits, serving.rejected)
        self._up = up
        self._acceptor: Acceptor | None = None
        self._alone = False
        self._asked: float | None = None  # when the end was asked for

    def drain(self, *, alone: bool = False) -> None:
        """Begin to end; `alone` if other processes go on taking connections from the same sockets."""
        if self._asked is None:
            self._asked = time.monotonic()
            self._alone = alone

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: begin to end; a second one ends at once."""
        if self._asked is not None and time.monotonic() - self._asked > _SAME_SIGNAL_SECONDS:
            self.force_exit = self.should_exit = True
        self.drain()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections, then say so."""
        await self.lifespan.startup()
        assert sockets is not None
        config, state, serving = self.config, self.server_state, self.serving

        def protocol() -> Connection:
            return Connection(config, state, self.lifespan.state)

        state.clock = asyncio.get_running_loop().time()
        self.servers = []
        self._acceptor = Acceptor(sockets, protocol, serving.tls, serving.limits.header_seconds)
        most = serving.limits.connections + _OVER_LIMIT
        self._acceptor.may_take = lambda begun: len(state.connections) + begun < most
        self._acceptor.start()
        self._sweeping = asyncio.get_running_loop().create_task(self._sweep())
        self.started = True
        self._up()

    async def on_tick(self, counter: int) -> bool:
        """Look ten times a second whether to end."""
        if self._asked is not None:
            if not self.server_state.draining:
                self._begin_to_drain()
            window = 0.0 if self._alone else self.serving.drain
            self.should_exit = self.should_exit or time.monotonic() - self._asked >= window
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is in flight, lose nothing, then end."""
        acceptor, state = self._acceptor, self.server_state
        assert acceptor is not None
        acceptor.stop()
        if not self._alone:  # alone, the others take what waits
            refuse_new(sockets or [])
            acceptor.take_all()
            await asyncio.sleep(_HANDSHAKE_SECONDS)
            acceptor.take_all()
        acceptor.close()
        await self._finish(acceptor)
        self._sweeping.cancel()
        for task in list(state.tasks):
            task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        await self.lifespan.shutdown()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Uvicorn would raise the signal again after a clean end, and the process would not exit with 0."""
        return _ended_by_signals(self)

    def _begin_to_drain(self) -> None:
        self.server_state.draining = True
        self.serving.on_drain()
        for connection in self.server_state.connections:
            running = connection.running
            if running is not None and not running.response_started and not connection.pipeline:
                running.keep_alive = False

    async def _finish(self, acceptor: Acceptor) -> None:
        """Wait until nothing is in flight and no connection is open, or time is up."""
        loop, state = asyncio.get_running_loop(), self.server_state
        began = loop.time()
        while state.connections or state.tasks or acceptor.busy:
            now = loop.time()
            if self.force_exit or now - began > self.serving.finish:
                log.warning("ended with %d requests unanswered", len(state.tasks))
                return
            state.clock = now
            if now - began >= _QUIET_SECONDS:
                for connection in list(state.connections):
                    connection.leave(now, _QUIET_SECONDS)
            await asyncio.sleep(0.02)

    async def _sweep(self) -> None:
        """Look at how long each connection has been in its state, and keep the clock they all read."""
        loop, state = asyncio.get_running_loop(), self.server_state
        while True:
            state.clock = now = loop.time()
            for connection in list(state.connections):
                connection.sweep(now)
            await asyncio.sleep(SWEEP_SECONDS)


def run_here(app: Any, sockets: Sequence[socket.socket], serving: Serving, announce: Callable[[], None]) -> None:
    """Answer in this process until SIGINT or SIGTERM; `announce` is called once connections are taken. Inside a running
    event loop (a notebook) the server gets a thread of its own, and this waits for it.
    """
    server = Server(app, serving, announce)
    if not _inside_a_loop():
        server.run(sockets=list(sockets))
        return
    thread = threading.Thread(target=server.run, kwargs={"sockets": list(sockets)}, name="smeaton-serve")
    with _ended_by_signals(server):
        thread.start()
        thread.join()


@contextlib.contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Take signals as a wish to end. Only the main thread may listen to them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, server.handle_exit) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

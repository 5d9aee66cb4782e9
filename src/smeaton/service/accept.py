"""Takes connections from a listening socket that other processes take from too.

One connection a turn of the event loop, not all that wait: a worker that is busy turns more slowly and so takes fewer,
and the others get theirs. On a drain the queue can be emptied on purpose.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence

log = logging.getLogger("smeaton.service")

_PAUSE_SECONDS = 0.2


class Acceptor:
    """Makes a protocol for each connection. `most` bounds connections that are open or in their TLS handshake;
    `count()` is how many are open. Connections beyond it wait in the queue.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext | None,
        handshake_seconds: float,
    ) -> None:
        self._sockets = list(sockets)
        self._protocol = protocol
        self._tls = tls
        self._handshake = handshake_seconds if tls is not None else None
        self._begun: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self.may_take: Callable[[int], bool] = lambda begun: True  #: whether one more may be taken, given those begun

    @property
    def busy(self) -> bool:
        """Whether a connection is taken whose protocol has not begun."""
        return bool(self._begun)

    def start(self) -> None:
        """Take connections as they come."""
        for listening in self._sockets:
            listening.setblocking(False)
            self._loop.add_reader(listening.fileno(), self._ready, listening)

    def stop(self) -> None:
        """Take no more by itself."""
        for listening in self._sockets:
            self._loop.remove_reader(listening.fileno())

    def take_all(self) -> None:
        """Take every connection that waits."""
        for listening in self._sockets:
            while self._take(listening):
                pass

    def close(self) -> None:
        """Close this process's hold on the sockets."""
        self.stop()
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()

    def _ready(self, listening: socket.socket) -> None:
        if self.may_take(len(self._begun)):
            self._take(listening)
        else:
            self._pause(listening)

    def _take(self, listening: socket.socket) -> bool:
        try:
            wire, _ = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return False  # another process was faster, or the caller left again
        except OSError as error:
            log.error("no connection can be taken: %s", error.strerror)
            self._pause(listening)
            return False
        wire.setblocking(False)
        task = self._loop.create_task(self._begin(wire))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return True

    async def _begin(self, wire: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._protocol, wire, ssl=self._tls, ssl_handshake_timeout=self._handshake
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            log.debug("a connection ended before its first request: %s", error)
            wire.close()

    def _pause(self, listening: socket.socket) -> None:
        """Let others take them for a while."""
        descriptor = listening.fileno()
        self._loop.remove_reader(descriptor)

        def resume() -> None:
            if listening.fileno() == descriptor and listening in self._sockets:
                self._loop.add_reader(descriptor, self._ready, listening)

        self._loop.call_later(_PAUSE_SECONDS, resume)

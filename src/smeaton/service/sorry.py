"""Answers in place of the workers while none of them can: "not ready" at once, instead of a caller kept waiting.

It reads no further than the first line of a request, answers 503 with Retry-After (200 to /health/live: the service is
there, and recovering by itself), and ends the connection. Light and never blocking: the supervisor runs it.
"""

import contextlib
import selectors
import socket
import time
from collections.abc import Callable, Sequence

from smeaton.service.refusal import refusal, reply

_MOST_CONNECTIONS = 256  # at once; more wait in the listening socket's queue
_MOST_HEAD = 65_536  # bytes of a request's head that are taken in before it is answered anyway
_SECONDS = 2.0  # a connection is kept this long
RETRY_SECONDS = 1

NOT_READY = "no worker of this service can answer now"


class _Connection:
    def __init__(self, wire: socket.socket) -> None:
        self.wire = wire
        self.head = bytearray()
        self.answered = False
        self.ends = time.monotonic() + _SECONDS


class SorryServer:
    """Takes connections from the listening sockets while `open`. With `tls` it only ends them: it has no key."""

    def __init__(self, selector: selectors.BaseSelector, sockets: Sequence[socket.socket], *, tls: bool) -> None:
        self._selector = selector
        self._sockets = sockets
        self._tls = tls
        self._connections: set[_Connection] = set()
        self._is_open = False

    @property
    def busy(self) -> bool:
        """Whether a connection is still being answered."""
        return bool(self._connections)

    def open(self, wanted: bool) -> None:
        """Begin or stop to take connections; those taken are answered."""
        if wanted == self._is_open:
            return
        self._is_open = wanted
        for listening in self._sockets:
            if wanted:
                self._selector.register(listening, selectors.EVENT_READ, self._accepting(listening))
            else:
                self._selector.unregister(listening)

    def tick(self) -> None:
        """End connections that took too long."""
        now = time.monotonic()
        for connection in [one for one in self._connections if now > one.ends]:
            self._end(connection)

    def take(self) -> None:
        """Take what waits in the listening sockets' queues."""
        for listening in self._sockets:
            while self._accept(listening):
                pass

    def close(self) -> None:
        """End everything."""
        self.open(False)
        for connection in list(self._connections):
            self._end(connection)

    def _accepting(self, listening: socket.socket) -> Callable[[], object]:
        return lambda: self._accept(listening)

    def _accept(self, listening: socket.socket) -> bool:
        """Take one connection; whether there was one that could be taken."""
        if len(self._connections) >= _MOST_CONNECTIONS:
            self.open(False)  # until the supervisor's next turn
            return False
        try:
            wire, _ = listening.accept()
        except (BlockingIOError, ConnectionError):  # none waits, or it left again
            return False
        except OSError:  # no descriptor is left: the next turn may find one
            self.open(False)
            return False
        if self._tls:
            wire.close()
            return True
        wire.setblocking(False)
        connection = _Connection(wire)
        self._connections.add(connection)
        self._selector.register(wire, selectors.EVENT_READ, lambda: self._read(connection))
        return True

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.wire.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(connection)
        elif not connection.answered:
            connection.head += data
            if b"\r\n\r\n" in connection.head or len(connection.head) > _MOST_HEAD:
                self._answer(connection)

    def _answer(self, connection: _Connection) -> None:
        """Answer, then read on until the other side has read it: closed at once, the answer could be lost."""
        connection.answered = True
        parts = bytes(connection.head[:_MOST_HEAD]).split(b"\r\n", 1)[0].split(b" ")
        url = parts[1] if len(parts) == 3 else b""
        path = url.partition(b"?")[0]
        if path in (b"/health/live", b"/v2/health/live"):
            answer = reply(200, b'{"live":true}')
        else:
            answer = refusal(url, 503, "not_ready", NOT_READY, retry=RETRY_SECONDS)
        with contextlib.suppress(OSError):  # it left; some hundred bytes always fit into an empty buffer
            connection.wire.send(answer)
            connection.wire.shutdown(socket.SHUT_WR)
            return
        self._end(connection)

    def _end(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.wire)
        connection.wire.close()

"""Asking one server by hand: one row, all rows at once, and bodies that no client library would send."""

import http.client
import json
import selectors
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from benchmarks.serving.model import Model
from benchmarks.serving.servers import Server

TOLERANCE = 1e-6
_TIMEOUT_S = 30.0
_HEADERS = {"Content-Type": "application/json"}


def ask(server: Server, url: str, row: dict[str, Any]) -> float:
    """The probability that a server gives a row, on a connection of its own.

    Raises:
        OSError, ValueError, KeyError, TypeError: there is no such answer.
    """
    status, reply = exchange(url, json.dumps(server.wire.wrap([row])).encode())
    if status != 200:
        raise ValueError(f"status {status}")
    return server.wire.read(json.loads(reply))


def wrong(server: Server, url: str, model: Model, connections: int) -> list[str]:
    """What is wrong with the answers to all rows, asked with so many connections at once."""

    def fault(asked: tuple[dict[str, Any], float]) -> str | None:
        row, expected = asked
        try:
            found = ask(server, url, row)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"{type(error).__name__}: {error}"
        return None if abs(found - expected) <= TOLERANCE else f"{found} instead of {expected}"

    with ThreadPoolExecutor(connections) as pool:
        return [found for found in pool.map(fault, model.rows) if found]


def exchange(url: str, body: bytes, timeout: float = _TIMEOUT_S) -> tuple[int, bytes]:
    """Send a body and read the reply. A server may reply before it has read all, and then take no more.

    Raises:
        OSError: it does not listen, or closed without a reply.
        ValueError: the reply is not HTTP.
    """
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    fields = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
    with socket.create_connection((parts.hostname, parts.port), timeout) as connection:
        _send(connection, [f"{head}{fields}\r\n".encode(), body], timeout)
        reply = http.client.HTTPResponse(connection, method="POST")
        try:
            reply.begin()
            return reply.status, reply.read()
        except http.client.HTTPException as error:
            raise ValueError(f"no reply: {error!r}") from error


def _send(connection: socket.socket, pieces: Sequence[bytes], timeout: float) -> None:
    """Write until all is written or the other side has something to say."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                ready = selector.select(timeout)
                if not ready:
                    raise TimeoutError("it reads no further")
                if ready[0][1] & selectors.EVENT_READ:
                    return
                try:
                    rest = rest[connection.send(rest[:65_536]) :]
                except (BrokenPipeError, ConnectionResetError):
                    return

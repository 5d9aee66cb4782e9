"""What bounds a request and marks its reply, for every application of ours: plain ASGI."""

import asyncio
import contextlib
import random
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Send

from smeaton.service.exchange import Headers
from smeaton.service.problem import Problem

if TYPE_CHECKING:
    from smeaton.service.cycle import Cycle

#: On every reply. Pages say more about what they may do.
SECURITY: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
SECURITY_LINES = b"".join(b"%s: %s\r\n" % pair for pair in SECURITY)
_LINGER_SECONDS, _LINGER_BYTES = 5.0, 64_000_000
_bits = random.Random().getrandbits  # noqa: S311 - a request id is no secret


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The caller's request id, if it is 1 to 64 plain characters, else a new one."""
    given = headers.get(b"x-request-id")
    if given is not None and 0 < len(given) <= 64 and given.isascii():
        text = given.decode()
        if text.isprintable():
            return text
    return f"{_bits(64):016x}"


def too_large(most: int) -> Problem:
    """The problem of a body over the limit."""
    return Problem(413, "body_too_large", f"the body is larger than {most:,} bytes", "body")


async def whole_body(receive: Receive, most: int, seconds: float, cycle: "Cycle | None") -> bytes:
    """The body, whole. One that is here already is taken without a timer.

    Raises:
        Problem: it is too large, or does not come in time. ClientDisconnect: the caller left.
    """
    if cycle is not None and not cycle.more_body:
        return _piece(await receive(), 0, most)
    pieces, size = list[bytes](), 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                pieces.append(_piece(message, size, most))
                size += len(pieces[-1])
                if not message.get("more_body", False):
                    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
    except TimeoutError as error:
        raise Problem(408, "slow_body", "the body did not arrive in time", "body") from error


def _piece(message: Message, before: int, most: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    piece: bytes = message.get("body", b"")
    if before + len(piece) > most:
        raise too_large(most)
    return piece


class CutError(Exception):
    """The body was not read to its end; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Bounded:
    """Counts bytes as they come: chunked bodies have no Content-Length to refuse by."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive, self._most, self._seconds = receive, most, seconds
        self._seen = 0
        self._done = False

    async def __call__(self) -> Message:
        """The next message. Raises CutError where there is too much, or it does not come in time."""
        if self._done:
            return await self._receive()
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._receive()
        except TimeoutError as error:
            raise CutError(Problem(408, "slow_body", "the body did not arrive in time", "body")) from error
        self._seen += len(message.get("body", b""))
        self._done = not message.get("more_body", False)
        if self._seen > self._most:
            raise CutError(too_large(self._most))
        return message


class Stamped:
    """Adds headers to a reply, but for those it has itself; remembers its status."""

    def __init__(self, send: Send, stamps: Iterable[tuple[bytes, bytes]]) -> None:
        self._send, self._stamps = send, stamps
        self.status = 0  #: 0 until the reply has begun

    async def __call__(self, message: Message) -> None:
        """Send a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", ())
            own = {name for name, _ in given}
            message["headers"] = [*given, *(stamp for stamp in self._stamps if stamp[0] not in own)]
        await self._send(message)


async def linger(receive: Receive) -> None:
    """Take in, and throw away, some of what is still coming: a connection closed at once would be reset, and many
    clients would then lose the answer."""
    seen = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while seen < _LINGER_BYTES:
                message: Any = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                seen += len(message.get("body", b""))

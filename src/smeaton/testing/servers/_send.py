"""One reply on its way: delays, pieces at a pace, and everything that can go wrong."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from smeaton.testing.servers._answer import Answer
from smeaton.testing.servers._refusal import Refused
from smeaton.testing.servers._wire import Event, Wire
from smeaton.testing.servers.script import Request, Say

#: Where a connection puts the function that ends it, in the scope's extensions.
CLOSE = "smeaton.close"
_JSON = (b"content-type", b"application/json")
_EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
_WAITS = (429, 503, 529)
_WORDS = {
    429: "Rate limit reached",
    500: "The server had an error while processing your request",
    503: "The engine is currently overloaded",
    529: "Overloaded",
}


@dataclass(slots=True)
class Traffic:
    """What a server has on its hands: replies under way now and at most, and calls whose caller went away."""

    active: int = 0
    peak: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP error as an ASGI application."""

    wire: Wire
    refused: Refused
    wait: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        extra = [] if self.wait is None else [(b"retry-after", f"{self.wait:g}".encode())]
        body = msgspec.json.encode(self.wire.error(self.refused))
        await _start(send, self.refused.status, [_JSON, *extra], len(body))
        await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as an ASGI application."""

    wire: Wire
    request: Request
    say: Say
    answer: Answer
    traffic: Traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; give up when the caller goes away."""
        traffic = self.traffic
        traffic.active += 1
        traffic.peak = max(traffic.peak, traffic.active)
        sending = asyncio.ensure_future(self._send(scope, receive, send))
        watching = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((sending, watching), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            elif self.say.fault not in ("timeout", "cut"):
                traffic.abandoned += 1
        finally:
            traffic.active -= 1
            for task in (sending, watching):
                task.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        say = self.say
        await asyncio.sleep(say.delay or 0)
        if say.fault == "timeout":
            await asyncio.Event().wait()
        elif say.fault is not None and say.fault.isdigit():
            await self._error(int(say.fault))(scope, receive, send)
        elif self.request.stream:
            await self._stream(scope, send)
        else:
            await self._whole(scope, send)

    def _error(self, status: int) -> Refusal:
        code = {429: "rate_limit_exceeded", 401: "invalid_api_key"}.get(status)
        refused = Refused(_WORDS.get(status, f"fault {status} of the script"), status=status, code=code)
        return Refusal(self.wire, refused, self.say.retry_after if status in _WAITS else None)

    async def _whole(self, scope: Scope, send: Send) -> None:
        body = msgspec.json.encode(self.wire.whole(self.request, self.answer))
        if self.say.fault == "malformed":
            body = body[: len(body) // 2]
        await _start(send, 200, [_JSON], len(body))
        if self.say.fault == "cut":
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await _cut(scope)
        else:
            await send({"type": "http.response.body", "body": body})

    async def _stream(self, scope: Scope, send: Send) -> None:
        say = self.say
        await _start(send, 200, [_EVENTS, (b"cache-control", b"no-cache")])
        await asyncio.sleep(say.first_delay or 0)
        for event in self._events():
            if isinstance(event, float):
                await asyncio.sleep(event)
            else:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        if say.fault == "cut":
            await _cut(scope)
        await send({"type": "http.response.body", "body": b""})

    def _events(self) -> Iterator[bytes | float]:
        """What is sent, with the seconds to wait between the pieces; a fault comes in the middle of the text."""
        broken = self.say.fault in ("cut", "malformed")
        pieces = 0
        for data, is_piece in self._all():
            if broken and pieces >= (len(self.answer.pieces) + len(self.answer.calls)) // 2:
                if self.say.fault == "malformed":
                    yield b'data: {"choices": [{"delta": \n\n'
                return
            if is_piece and pieces:
                yield float(self.say.pace or 0)
            pieces += is_piece
            yield data

    def _all(self) -> Iterator[Event]:
        return self.wire.events(self.request, self.answer)


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]], length: int | None = None) -> None:
    sized = [] if length is None else [(b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *sized]})


async def _cut(scope: Scope) -> None:
    """End the connection in the middle; the watcher then sees that it is gone."""
    close: Any = scope["extensions"][CLOSE]
    close()
    await asyncio.Event().wait()


async def _gone(receive: Receive) -> None:
    """Return once the caller went away."""
    while (await receive())["type"] != "http.disconnect":
        pass

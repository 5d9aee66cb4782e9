"""`Link`: one kept-alive HTTP/1.1 connection that carries one request at a time."""

import asyncio
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser


class Owner(Protocol):
    """Who uses a link. `lost` comes exactly once for each link; its reason is empty if no request was on the way."""

    def opened(self, link: "Link") -> None:
        """The connection stands."""
        ...

    def answered(self, link: "Link", status: int, body: bytes) -> None:
        """The answer is complete; `link.open` says whether the next request may be sent over it."""
        ...

    def lost(self, link: "Link", reason: str) -> None:
        """The connection ended."""
        ...


class Link(asyncio.Protocol):
    """A strict reader of answers: what is malformed, cut off or not asked for is an error, not a guess. Bodies are kept
    only if asked for.
    """

    __slots__ = (
        "_body", "_done", "_keep", "_kept", "_owner", "_parser", "_reason", "_status", "_stray", "_transport",
        "busy", "got", "number", "open", "received", "sent",
    )  # fmt: skip

    def __init__(self, owner: Owner, keep: bool) -> None:
        self._owner = owner
        self._keep = keep
        self._body: list[bytes] = []
        self._status = 0
        self._done = self._stray = self._kept = False
        self._reason = ""
        self.busy = self.open = False
        self.number = -1  # of the request on the way
        self.sent = 0.0  # when, on the clock of the owner
        self.got = 0  # bytes of the answer so far
        self.received = 0  # bytes of all answers

    def send(self, number: int, request: bytes, now: float) -> None:
        """Send a request."""
        self.number = number
        self.sent = now
        self.busy = True
        self.got = 0
        self._transport.write(request)

    def abort(self, reason: str) -> None:
        """End the connection at once; `lost` follows with this reason."""
        if self.open:
            self.open = False
            self._reason = reason
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)
        self._parser = HttpResponseParser(self)
        self.open = True
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        """Of asyncio.Protocol. The owner is called from here, not from the parser, which would take its errors for
        faults of the answer."""
        self.got += len(data)
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.abort("malformed answer")
            return
        if self._stray or (self._done and not self.busy):
            self.abort("answer not asked for")
        elif self._done:
            self._finish()

    def _finish(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        self._done = self.busy = False
        if not self._kept:
            self.open = False
            self._transport.close()
        self._owner.answered(self, self._status, body)

    def connection_lost(self, error: Exception | None) -> None:
        """Of asyncio.Protocol."""
        self.open = False
        reason = ""
        if self.busy:
            self.busy = False
            ended = "answer cut off" if self.got else "connection closed without an answer"
            reason = self._reason or (ended if error is None else "connection reset")
        self._owner.lost(self, reason)

    def on_message_begin(self) -> None:
        """Of the parser: an answer begins."""
        if self._done or not self.busy:
            self._stray = True

    def on_body(self, body: bytes) -> None:
        """Of the parser: a part of the body."""
        if self._keep:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Of the parser: an answer ends. 1xx only says that the answer is still to come (RFC 9110, 15.2)."""
        self._status = self._parser.get_status_code()
        if self._status >= 200:
            self._done = True
            self._kept = self._parser.should_keep_alive()  # known here only: the parser forgets it

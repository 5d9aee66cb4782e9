"""One request and its reply on a connection: uvicorn's, with a short way for replies that are ready as a whole."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

__all__ = ["Cycle"]

_FAULT = b'{"error":{"code":"fault","message":"a fault of the service; its log has the details"}}'


class Cycle(RequestResponseCycle):
    """A request and its reply. The application finds `reply` in the scope, as extension `smeaton.reply`."""

    def reply(self, status: int, headers: Iterable[bytes], body: bytes) -> None:
        """Send a whole reply in one write; nothing may have been sent before.

        `headers` are whole lines with their ends (`b"name: value\\r\\n"`), without Content-Length and Connection. The
        caller vouches that no value holds a line break: nothing is checked here. If the connection has not taken
        earlier replies yet, send in the usual way, which waits: see `can_reply`.
        """
        self.response_started = True
        self.waiting_for_100_continue = False
        if not self.disconnected:
            lines = [STATUS_LINE[status]]
            for name, value in self.default_headers:
                lines += (name, b": ", value, b"\r\n")
            lines += headers
            lines.append(b"content-length: %d\r\n" % len(body))
            lines.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
            lines.append(body)
            self.transport.write(b"".join(lines))
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    @property
    def can_reply(self) -> bool:
        """Whether `reply` may be used now."""
        return not self.response_started and not self.flow.write_paused

    async def send_500_response(self) -> None:
        """The reply when the application raised: in the form of all errors."""
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(_FAULT)),
            (b"connection", b"close"),
        ]
        start: ASGISendEvent = {"type": "http.response.start", "status": 500, "headers": headers}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": _FAULT, "more_body": False})

    async def receive(self) -> "ASGIReceiveEvent":
        """The next piece of the request's body; a body that came whole is not waited for."""
        if not self.more_body and self.body and not self.disconnected and not self.response_complete:
            if self.waiting_for_100_continue:
                self.waiting_for_100_continue = False
            self.message_event.clear()
            body, self.body = bytes(self.body), bytearray()
            self.flow.resume_reading()
            return {"type": "http.request", "body": body, "more_body": False}
        return await super().receive()

"""HTTP/1.1 on one connection: uvicorn's httptools protocol, with limits, and a drain that loses nothing.

What it adds costs next to nothing a request: no timer is set or cancelled; one sweep every quarter of a second
(`Sweep`) looks at how long each connection has been in its state. What is refused here is answered without the
application. `httptools` (llhttp, strict) already refuses what smuggles requests: a Content-Length beside a
Transfer-Encoding, or twice, or that is no number; folded headers; line breaks that are not CRLF.
"""

import asyncio
import logging
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from smeaton.service.cycle import Cycle
from smeaton.service.refusal import refusal

log = logging.getLogger("smeaton.service")

SWEEP_SECONDS = 0.25
_MOST_PIPELINED = 32  # requests sent ahead of their answers
_LINGER_SECONDS = 2.0  # after the last reply: time to read it


class HttpLimits(Protocol):
    """The limits that are kept here; part of `settings.Limits`."""

    @property
    def headers(self) -> int:
        """Bytes of a request line with its headers."""
        ...

    @property
    def header_seconds(self) -> float:
        """Time for the headers to arrive, from the first byte; on a new connection, from its beginning."""
        ...

    @property
    def connections(self) -> int:
        """Connections at once."""
        ...

    @property
    def idle_seconds(self) -> float:
        """How long a connection without a request is kept, and one that does not read its reply."""
        ...


@dataclass(frozen=True, slots=True)
class UsualLimits:
    """The limits of a service that was told none."""

    headers: int = 32_768
    header_seconds: float = 10.0
    connections: int = 2048
    idle_seconds: float = 30.0


class HttpState(ServerState):
    """What all connections of a process share. `clock` is a `loop.time()` that is at most one sweep old.

    `rejected(reason)` counts refusals.
    """

    connections: "set[Connection]"  # type: ignore[assignment]

    def __init__(self, limits: HttpLimits, rejected: Callable[[str], None]) -> None:
        super().__init__()
        self.limits = limits
        self.rejected = rejected
        self.draining = False
        self.clock = 0.0


class _RefusedError(Exception):
    """Ends parsing; the refusal is written."""


class Connection(HttpToolsProtocol):
    """One connection."""

    server_state: HttpState
    cycle: Cycle

    def __init__(
        self,
        config: Config,
        server_state: HttpState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.since = server_state.clock  # when it came into its present state
        self.refused = False  # what still comes is thrown away
        self.fresh = True  # no request has begun yet
        self.in_head = False
        self.head = 0  # bytes of the head so far, but for the latest piece
        self.piece = 0
        self.running: Cycle | None = None

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse one too many."""
        super().connection_made(transport)
        if len(self.connections) > self.server_state.limits.connections:
            self._refuse(503, "too_many_connections", "this service has too many connections", retry=1)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request on it that its caller left."""
        super().connection_lost(exc)
        for cycle in (self.running, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self.refused:
            return
        piece = self.piece = len(data)
        was_in_head = self.in_head
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Answered as a plain request; what follows it would be of a protocol that is not spoken here.
            self._end_after_answers()
        except httptools.HttpParserError as error:
            self._not_parsed(error)
        if self.in_head:
            if was_in_head:
                self.head += piece
                if self.head > self.server_state.limits.headers:
                    self._refuse_head()
        elif self.running is not None and self.cycle.more_body:
            self.head += piece  # what is neither head nor body: chunk sizes, trailers
            if self.head - piece > self.server_state.limits.headers:
                self._refuse(400, "bad_http", "this is no body")

    def pause_writing(self) -> None:
        """The other side does not read as fast as is written."""
        self.since = self.server_state.clock
        super().pause_writing()

    # Parser callbacks

    def on_message_begin(self) -> None:
        """A request begins."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.in_head = True
        self.fresh = False
        self.head = 0
        self.since = self.server_state.clock

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what comes behind a chunked body (a trailer) is no header, and is dropped."""
        if self.in_head:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is there: check it, then start the application."""
        self.in_head = False
        limits = self.server_state.limits
        if self.head + self.piece > limits.headers and self._head_size() > limits.headers:
            self._refuse_head()
            raise _RefusedError
        method, version = self.parser.get_method(), self.parser.get_http_version()
        self._check(method, version)
        raw, query = self._path()
        path = raw.decode("ascii")
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,  # type: ignore[typeddict-item]
            "method": method.decode("ascii"),
            "root_path": self.root_path,
            "path": urllib.parse.unquote(path) if "%" in path else path,
            "raw_path": raw,
            "query_string": query,
            "headers": self.headers,
            "state": self.app_state.copy(),
        }
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version == "1.1" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self.scope["extensions"] = {"smeaton.reply": cast(Any, self.cycle), "smeaton.tasks": cast(Any, self.tasks)}
        if self.running is None:
            self._start(self.cycle)
        else:
            self._queue(self.cycle)

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self.head = 0
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > 65_536 and not self.flow.read_paused:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request is there."""
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """The reply is written: the next request may be answered."""
        self.server_state.total_requests += 1
        self.running = None
        self.since = self.server_state.clock
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start(cast(Cycle, self.pipeline.pop()[0]))
        else:
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """Let it end: at once if nothing is asked, else after the answer. (`Server` drains instead, by `leave`.)"""
        self._end_after_answers()
        if self.running is None:
            self.transport.close()

    # What is looked after from outside

    def sweep(self, now: float) -> None:
        """End it if it has been in its state for too long."""
        limits, waited = self.server_state.limits, now - self.since
        if self.refused or self.transport.is_closing():
            if waited > _LINGER_SECONDS and (self.running is None or self.running.response_complete):
                self.transport.abort()
        elif self.in_head or self.fresh:
            if waited > limits.header_seconds:
                self._refuse(408, "slow_headers", "the headers did not arrive in time")
        elif self.running is None:
            if waited > limits.idle_seconds:
                self.transport.close()
                self.since = now
        elif self.flow.write_paused and waited > limits.idle_seconds:
            self.server_state.rejected("slow_reader")
            self.transport.abort()

    def leave(self, now: float, quiet: float) -> None:
        """End it if nothing was asked on it for `quiet` seconds: a request may already be on its way."""
        if self.running is None and not self.in_head and now - self.since >= quiet:
            self.transport.close()

    # Refusing

    def _check(self, method: bytes, version: str) -> None:
        hosts = 0
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version == "1.0"):
                self._stop(400, "bad_http", "a transfer coding other than chunked")
            elif name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            self._stop(400, "bad_http", "a request has exactly one Host header")
        if version not in ("1.1", "1.0"):
            self._stop(505, "bad_http", "this service speaks HTTP/1.1")
        if method == b"CONNECT":
            self._stop(405, "wrong_method", "this service is no proxy")

    def _path(self) -> tuple[bytes, bytes]:
        url = self.url
        if not url.isascii():
            self._stop(400, "bad_http", "a path that is not ASCII")
        if url[:1] == b"/":  # nearly always
            path, _, query = url.partition(b"#")[0].partition(b"?")
            return path, query
        parsed = httptools.parse_url(url)  # the form for proxies, `http://host/path`, or `*`
        return parsed.path or b"/", parsed.query or b""

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_head(self) -> None:
        most = self.server_state.limits.headers
        self._refuse(431, "headers_too_large", f"the request line and headers are larger than {most:,} bytes")

    def _not_parsed(self, error: httptools.HttpParserError) -> None:
        if self.refused:
            return
        cause = error.__context__
        if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(cause, httptools.HttpParserError):
            log.error("a request could not be taken", exc_info=error)
        self._refuse(400, "bad_http", "this is not HTTP/1.1 as it should be")

    def _stop(self, status: int, code: str, message: str) -> None:
        self._refuse(status, code, message)
        raise _RefusedError

    def _refuse(self, status: int, code: str, message: str, *, retry: int | None = None) -> None:
        """Answer without the application, unless an earlier request is still to be answered; then end the connection.

        It is kept a little, and what comes thrown away: closed at once it would be reset, and the answer lost.
        """
        self.refused = True
        self.in_head = False
        self.server_state.rejected(code)
        self.since = self.server_state.clock
        running = self.running
        if running is not None and (running is not self.cycle or running.response_started or not running.more_body):
            self._end_after_answers()
            return
        if running is not None:  # the malformed request itself: its application need not go on
            running.disconnected = True
            running.message_event.set()
        url = b"" if self.fresh else self.url
        self.transport.write(refusal(url, status, code, message, retry=retry))
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:  # TLS has no half-closed state
            self.transport.close()

    def _end_after_answers(self) -> None:
        """Take no further request; those taken are answered, the last with `Connection: close`."""
        self.refused = True
        last = self.pipeline[0][0] if self.pipeline else self.running
        if last is not None:
            last.keep_alive = False

    # Answering

    def _start(self, cycle: Cycle) -> None:
        self.running = cycle
        if self.server_state.draining and not self.pipeline:
            cycle.keep_alive = False
        self._start_asgi_task(cycle, self.app)

    def _queue(self, cycle: Cycle) -> None:
        if len(self.pipeline) >= _MOST_PIPELINED:
            self.server_state.rejected("too_many_pipelined")
            self._end_after_answers()
            raise _RefusedError
        self.flow.pause_reading()
        self.pipeline.appendleft((cycle, self.app))

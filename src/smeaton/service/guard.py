"""What stands before every route: size, Host and Origin, keys, a request id, security headers. Plain ASGI."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smeaton.service.problem import Problem, fault
from smeaton.service.settings import Settings

log = logging.getLogger("smeaton.service")

Writer = Callable[[str, Problem], tuple[int, object]]

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_LINGER_SECONDS, _LINGER_BYTES = 5.0, 64_000_000


class Guard:
    """Refuses what must not reach a route; cuts a body that is too large before it is read whole.

    `write` says how a problem is written for a path: status and JSON-able body.
    """

    def __init__(self, app: ASGIApp, settings: Settings, write: Writer) -> None:
        self.app = app
        self.settings = settings
        self.write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request, then pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get(b"x-request-id", "")
        request_id = given if given.isascii() and given.isprintable() and 0 < len(given) <= 64 else secrets.token_hex(8)
        scope["request_id"] = request_id
        stamped = _Stamped(send, request_id)
        problem = self._refused(scope, headers)
        if problem is None:
            problem = await self._pass(scope, _Bounded(receive, self.settings), stamped)
        if problem is not None:
            await self._refuse(scope["path"], problem, receive, stamped)

    async def _pass(self, scope: Scope, receive: Receive, send: "_Stamped") -> Problem | None:
        """Let the application answer; what it must not or could not answer comes back."""
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            return None  # it left while sending: nobody is there to be answered
        except _CutError as cut:
            return cut.problem
        except Exception as error:
            if send.started:
                raise
            log.error("request %s failed", scope["request_id"], exc_info=error)
            return fault()
        return None

    def _refused(self, scope: Scope, headers: dict[bytes, str]) -> Problem | None:
        host = headers.get(b"host", "")
        if self.settings.loopback and _hostname(host) not in LOCAL_NAMES:
            return Problem(421, "wrong_host", "this service answers on loopback names only")
        origin = headers.get(b"origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return Problem(403, "wrong_origin", "requests from other web pages are refused")
        if self.settings.keys and scope["path"] not in OPEN_PATHS and not self.settings.accepts(_key(headers)):
            return Problem(401, "no_key", "a valid API key is required", fix="send it as Authorization: Bearer KEY")
        length = headers.get(b"content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return Problem(400, "invalid_length", "Content-Length is not a number")
        return too_large(self.settings) if int(length) > self.settings.max_body else None

    async def _refuse(self, path: str, problem: Problem, receive: Receive, send: Send) -> None:
        """Answer, and end the connection: what the caller still sends is of no use."""
        status, content = self.write(path, problem)
        body = msgspec.json.encode(content)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers.append((b"connection", b"close"))
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await _linger(receive)
        await send({"type": "http.response.body", "body": b""})


def too_large(settings: Settings) -> Problem:
    """The problem of a body over the limit."""
    return Problem(413, "body_too_large", f"the body is larger than {settings.max_body:,} bytes")


class _CutError(Exception):
    """The body was not read to its end."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Bounded:
    """Counts bytes as they come: chunked bodies have no Content-Length to refuse by."""

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self._receive = receive
        self._settings = settings
        self._seen = 0
        self._done = False

    async def __call__(self) -> Message:
        if self._done:
            return await self._receive()
        try:
            async with asyncio.timeout(self._settings.seconds):
                message = await self._receive()
        except TimeoutError as error:
            raise _CutError(Problem(408, "slow_body", "the body did not arrive in time")) from error
        self._seen += len(message.get("body", b""))
        self._done = not message.get("more_body", False)
        if self._seen > self._settings.max_body:
            raise _CutError(too_large(self._settings))
        return message


class _Stamped:
    """Adds the request id and the security headers to the answer."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._id = request_id.encode()
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = message.get("headers", ())
            own = {name for name, _ in given}
            extra = [header for header in SECURITY if header[0] not in own]
            message["headers"] = [*given, *extra, (b"x-request-id", self._id)]
        await self._send(message)


async def _linger(receive: Receive) -> None:
    """Take in, and throw away, some of what is still coming: a connection closed at once would be reset, and many
    clients would then lose the answer."""
    seen = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while seen < _LINGER_BYTES:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                seen += len(message.get("body", b""))


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _key(headers: dict[bytes, str]) -> str:
    scheme, _, key = headers.get(b"authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get(b"x-api-key", "")

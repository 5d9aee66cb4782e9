"""What stands before every route: size, Host and Origin, keys, a request id, security headers. Plain ASGI."""

import secrets
from urllib.parse import urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smeaton.service.problem import Problem
from smeaton.service.settings import Settings

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
)


class Guard:
    """Refuses what must not reach a route; cuts a body that is too large before it is read whole."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request, then pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get(b"x-request-id", "")
        request_id = given if given.isascii() and given.isprintable() and 0 < len(given) <= 64 else secrets.token_hex(8)
        scope["request_id"] = request_id
        stamped = _stamped(send, request_id)
        problem = self._refused(scope, headers)
        if problem is not None:
            await refuse(stamped, problem)
            return
        await self.app(scope, self._bounded(receive), stamped)

    def _refused(self, scope: Scope, headers: dict[bytes, str]) -> Problem | None:
        host = headers.get(b"host", "")
        if self.settings.loopback and _hostname(host) not in LOCAL_NAMES:
            return Problem(421, "wrong_host", "this service answers on loopback names only")
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return Problem(403, "wrong_origin", "requests from other web pages are refused")
        if self.settings.keys and scope["path"] not in OPEN_PATHS and not self.settings.accepts(_key(headers)):
            return Problem(401, "no_key", "a valid API key is required", fix="send it as Authorization: Bearer KEY")
        length = headers.get(b"content-length", "0")
        if not length.isdigit():
            return Problem(400, "invalid_length", "Content-Length is not a number")
        return self._too_large() if int(length) > self.settings.max_body else None

    def _too_large(self) -> Problem:
        return Problem(413, "body_too_large", f"the body is larger than {self.settings.max_body:,} bytes")

    def _bounded(self, receive: Receive) -> Receive:
        """Count bytes as they come: chunked bodies have no Content-Length to refuse by."""
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.settings.max_body:
                    raise self._too_large()
            return message

        return bounded


def _hostname(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "") if host else ""


def _key(headers: dict[bytes, str]) -> str:
    scheme, _, key = headers.get(b"authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get(b"x-api-key", "")


def _stamped(send: Send, request_id: str) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message.get("headers", ())}
            extra = [header for header in SECURITY if header[0] not in own]
            message["headers"] = [*message.get("headers", ()), *extra, (b"x-request-id", request_id.encode())]
        await send(message)

    return stamped


async def refuse(send: Send, problem: Problem) -> None:
    """Answer with a problem, as JSON."""
    body = msgspec.json.encode(problem.as_dict())
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

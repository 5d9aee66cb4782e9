"""What stands before a small application of ours (the labelling page): who calls, how much is sent. Plain ASGI.

A service has more to judge: see `front.py`.
"""

import logging
from collections.abc import Callable

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from smeaton.service.auth.admit import Refusal, admit
from smeaton.service.bounds import SECURITY, Bounded, CutError, Stamped, linger, request_id, too_large
from smeaton.service.problem import Problem, fault
from smeaton.service.settings import Settings

log = logging.getLogger("smeaton.service")

Writer = Callable[[str, Problem], tuple[int, object]]


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
        headers = dict(scope["headers"])
        scope["request_id"] = request_id(headers)
        stamped = Stamped(send, (*SECURITY, (b"x-request-id", scope["request_id"].encode())))
        problem = self._refused(headers)
        if problem is None:
            problem = await self._pass(scope, receive, stamped)
        if problem is not None:
            await self._refuse(scope["path"], problem, receive, stamped)

    def _refused(self, headers: dict[bytes, bytes]) -> Problem | None:
        found = admit(headers, self.settings.rules, "predict")
        if isinstance(found, Refusal):
            return found.problem
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            return Problem(400, "invalid_length", "Content-Length is not a number")
        most = self.settings.limits.body
        return too_large(most) if int(length) > most else None

    async def _pass(self, scope: Scope, receive: Receive, send: Stamped) -> Problem | None:
        """Let the application answer; what it must not or could not answer comes back."""
        limits = self.settings.limits
        try:
            await self.app(scope, Bounded(receive, limits.body, limits.seconds), send)
        except ClientDisconnect:
            return None  # it left while sending: nobody is there to be answered
        except CutError as cut:
            return cut.problem
        except Exception as error:
            if send.status:
                raise
            log.error("request %s failed", scope["request_id"], exc_info=error)
            return fault()
        return None

    async def _refuse(self, path: str, problem: Problem, receive: Receive, send: Send) -> None:
        """Answer, and end the connection: what the caller still sends is of no use."""
        status, content = self.write(path, problem)
        body = msgspec.json.encode(content)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await linger(receive)
        await send({"type": "http.response.body", "body": b""})

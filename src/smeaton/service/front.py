"""The front: one plain ASGI function that every request passes. It judges who calls, bounds what is sent, and takes
requests for answers the short way to their model; all else goes on to the Starlette routes behind it."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, cast

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from smeaton.runtime.call import Call, Caller
from smeaton.service.auth.admit import Refusal, admit
from smeaton.service.bounds import (
    SECURITY,
    SECURITY_LINES,
    Bounded,
    CutError,
    Stamped,
    linger,
    request_id,
    too_large,
    whole_body,
)
from smeaton.service.exchange import JSON, Asked, Headers, Reply
from smeaton.service.problem import Problem, fault, problem_of
from smeaton.service.rights import client_of, scope_of
from smeaton.service.service import by_prefix
from smeaton.service.telemetry.served import Served
from smeaton.service.telemetry.trace import Trace

if TYPE_CHECKING:
    from smeaton.service.cycle import Cycle
    from smeaton.service.hosted import Hosted
    from smeaton.service.protocols import Chooser
    from smeaton.service.service import Service

log = logging.getLogger("smeaton.service")

_JSON_LINES = b"content-type: application/json\r\n" + SECURITY_LINES
#: Some clients ask again by themselves; after these that would be paid for again, or in vain.
_PAID = frozenset({402, 504})
_MOST_CALLERS = 1000  # names of keys kept as callers

_clock = time.perf_counter
_encode = msgspec.json.Encoder().encode
_callers: dict[str, Caller] = {}


class _State:
    """What becomes known of one request on its way."""

    __slots__ = ("began", "caller", "headers", "id", "model", "status", "trace", "wire")

    def __init__(self, began: float, headers: Mapping[bytes, bytes]) -> None:
        self.began = began
        self.headers = headers
        self.id = request_id(headers)
        self.trace = Trace.of(headers)
        self.wire, self.caller = "", ""
        self.model: Hosted | None = None
        self.status = 500


class Front:
    """See the module."""

    def __init__(self, service: "Service", behind: ASGIApp) -> None:
        self._service, self._behind = service, behind
        self._limits, self._rules = service.limits, service.settings.rules
        self._metrics, self._registry = service.metrics, service.registry
        self._wires = list(service.wires.values())
        self._named = {id(wire): name for name, wire in service.wires.items()}
        self._spans, self._access = service.recorder.spans, service.access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._behind(scope, receive, send)
            return
        metrics = self._metrics
        metrics.in_flight += 1
        state = _State(_clock(), _joined(scope["headers"]))
        if self._spans is not None:
            self._spans.sample(state.trace, scope["method"])
        try:
            await self._serve(scope, receive, send, state)
        finally:
            metrics.in_flight -= 1
            self._told(scope, state)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, state: _State) -> None:
        path, method = scope["path"], scope["method"]
        asked = self._registry.asks.get(path)
        problem = self._judged(scope, state, scope_of(method, path, asked is not None, self._service.settings))
        if problem is not None:
            await self._refuse(scope, problem, receive, send, state)
            return
        if asked is None:
            await self._go_behind(scope, receive, send, state)
            return
        if method != "POST":
            problem = Problem(405, "wrong_method", "wrong method for this path", fix="use POST")
            await self._refuse(scope, problem, receive, send, state)
            return
        await self._answer(scope, receive, send, state)

    # Who may come in

    def _judged(self, scope: Scope, state: _State, right: str) -> Problem | None:
        rules, service = self._rules, self._service
        if rules.keyring is not None and rules.keyring.refresh():
            service.audit.note("keys.reloaded", outcome="done")
        found = admit(state.headers, rules, right)
        if found.__class__ is Refusal:
            assert isinstance(found, Refusal)
            if found.event:
                client = client_of(scope)
                service.audit.refused(
                    found.event, key=found.key, outcome=found.outcome, request=state.id, client=client
                )
            return found.problem
        assert not isinstance(found, Refusal)
        state.caller = found.name
        if state.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            fix = "send it as it is, without Content-Encoding"
            return Problem(415, "encoded_body", "the body is compressed, which is not taken here", "body", fix)
        length = state.headers.get(b"content-length")
        if length is None:
            return None
        if not length.isdigit():
            return Problem(400, "invalid_length", "Content-Length is not a number")
        return too_large(self._limits.body) if int(length) > self._limits.body else None

    # The short way

    async def _answer(self, scope: Scope, receive: Receive, send: Send, state: _State) -> None:
        ours = scope.get("extensions", {})
        cycle: Cycle | None = ours.get("smeaton.reply")
        try:
            deadline = self._deadline(state.headers)
            body = await whole_body(receive, self._limits.body, self._limits.seconds, cycle)
        except Problem as cut:
            await self._refuse(scope, cut, receive, send, state)
            return
        except ClientDisconnect:
            state.status = 499
            return
        found = self._registry.asks.get(scope["path"])  # it may have been swapped while the body came
        if found is None:
            await self._refuse(scope, Problem(404, "unknown_model", "this model was unloaded"), receive, send, state)
            return
        state.wire, wire, ask, model = found
        trace = state.trace
        call = Call(deadline=deadline, caller=_caller(state.caller), trace=state.id)
        asked = Asked(body, state.headers, state.id, state.wire, call, trace, receive)
        tasks = ours.get("smeaton.tasks")  # those not begun yet too: what arrived together is answered together
        asked.alone = len(tasks) == 1 if tasks is not None else self._metrics.in_flight == 1
        try:
            if model is None:
                model = cast("Chooser", wire).choose(self._registry, body, self._limits)
            state.model = model
            if model.engine.effect == "external":
                call.trace = trace.header()
            reply = await ask(model, asked)
        except Exception as error:  # noqa: BLE001 -- told to the caller, and to the log if it is ours
            reply = self._failed(error, wire.problem, state)
        state.status = reply.status
        if reply.pieces is not None:
            await self._stream(reply, send, state)
        elif cycle is not None and cycle.can_reply:
            if reply.headers is JSON:
                lines = [_JSON_LINES, b"x-request-id: ", state.id.encode(), b"\r\n"]
            else:
                lines = [b"%s: %s\r\n" % pair for pair in reply.headers]
                lines.append(SECURITY_LINES)
                lines.append(b"x-request-id: %s\r\n" % state.id.encode())
            if trace.parent_id:
                lines.append(b"%s: %s\r\n" % trace.response())
            cycle.reply(reply.status, lines, reply.body)
        else:
            headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body)), *_stamps(state)]
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            await send({"type": "http.response.body", "body": reply.body})

    def _failed(self, error: Exception, write: Callable[[Problem], tuple[int, object]], state: _State) -> Reply:
        problem, model = problem_of(error), state.model
        if problem is None:
            problem = fault()
            name = model.name if model is not None else ""
            log.error("a request failed", exc_info=error, extra={"request": state.id, "model": name})
            if model is not None:
                model.faulted()
        return self._written(problem, write)

    def _written(self, problem: Problem, write: Callable[[Problem], tuple[int, object]]) -> Reply:
        self._metrics.rejected(problem.code)
        status, content = write(problem)
        headers: Headers = ((b"content-type", b"application/json"),)
        if problem.retry:
            headers += ((b"retry-after", b"%d" % problem.retry),)
        if status in _PAID:
            headers += ((b"x-should-retry", b"false"),)
        return Reply(_encode(content), status, headers)

    def _deadline(self, headers: Mapping[bytes, bytes]) -> float:
        """When the call ends: the service's time, or less if the caller has less."""
        seconds, given = self._limits.seconds, headers.get(b"x-request-timeout")
        if given is not None:
            try:
                asked = float(given)
            except ValueError:
                asked = 0.0
            if not 0.0 < asked < float("inf"):
                raise Problem(400, "invalid_timeout", "X-Request-Timeout is a number of seconds above 0")
            seconds = min(seconds, asked)
        return time.monotonic() + seconds

    async def _stream(self, reply: Reply, send: Send, state: _State) -> None:
        pieces = reply.pieces
        assert pieces is not None
        async with contextlib.aclosing(pieces):
            await send(
                {
                    "type": "http.response.start",
                    "status": reply.status,
                    "headers": [*reply.headers, *_stamps(state)],
                }
            )
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    # All else

    async def _go_behind(self, scope: Scope, receive: Receive, send: Send, state: _State) -> None:
        scope["request_id"], scope["caller"] = state.id, state.caller
        scope["deadline"] = time.monotonic() + self._limits.seconds
        state.wire = self._named[id(by_prefix(self._wires, scope["path"]))]
        stamped = Stamped(send, _stamps(state))
        problem: Problem | None = None
        try:
            await self._behind(scope, Bounded(receive, self._limits.body, self._limits.seconds), stamped)
            state.status = stamped.status
        except ClientDisconnect:
            state.status = 499  # it left while sending: nobody is there to be answered
        except CutError as cut:
            problem = cut.problem
        except Exception as error:
            if stamped.status:
                raise
            log.error("a request failed", exc_info=error, extra={"request": state.id})
            problem = fault()
        if problem is not None:
            await self._refuse(scope, problem, receive, send, state)

    async def _refuse(self, scope: Scope, problem: Problem, receive: Receive, send: Send, state: _State) -> None:
        """Answer without having read the body, and end the connection: what still comes is of no use."""
        wire = by_prefix(self._wires, scope["path"])
        state.wire = self._named[id(wire)]
        reply = self._written(problem, wire.problem)
        state.status = reply.status
        headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body)), (b"connection", b"close")]
        if reply.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if reply.status == 405:
            headers.append((b"allow", b"POST"))
        await send({"type": "http.response.start", "status": reply.status, "headers": [*headers, *_stamps(state)]})
        await send({"type": "http.response.body", "body": reply.body, "more_body": True})
        await linger(receive)
        await send({"type": "http.response.body", "body": b""})

    # What is told

    def _told(self, scope: Scope, state: _State) -> None:
        seconds, model, trace = _clock() - state.began, state.model, state.trace
        name, version = (model.name, model.version) if model is not None else ("", "")
        sampled = trace.trace_id if trace.sampled else ""
        self._metrics.request(state.wire, name, version, state.status, seconds, sampled)
        if self._access is None and self._spans is None:
            return
        served = Served(
            method=scope["method"],
            path=scope["path"],
            status=state.status,
            seconds=seconds,
            ended=time.time_ns(),
            id=state.id,
            trace=trace,
            route=scope["path"] if model is not None else "",
            wire=state.wire,
            model=name,
            version=version,
            caller=state.caller,
            client=client_of(scope),
            host=state.headers.get(b"host", b"").decode("latin-1"),
            scheme=scope["scheme"],
        )
        if self._access is not None:
            self._access.note(served)
        if self._spans is not None:
            self._spans.request(served)


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name; one that came several times as one (RFC 9110, section 5.3)."""
    pairs = list(headers)
    found = dict(pairs)
    if len(found) < len(pairs):
        found = {}
        for name, value in pairs:
            found[name] = found[name] + b"," + value if name in found else value
    return found


def _caller(name: str) -> Caller:
    found = _callers.get(name)
    if found is None:
        if len(_callers) >= _MOST_CALLERS:
            _callers.clear()
        found = _callers[name] = Caller(name or "anonymous")
    return found


def _stamps(state: _State) -> list[tuple[bytes, bytes]]:
    stamps = [*SECURITY, (b"x-request-id", state.id.encode())]
    if state.trace.parent_id:
        stamps.append(state.trace.response())
    return stamps

"""The application: the front, and behind it the routes of every protocol over the same models."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from smeaton.errors import CallError, NotKept, RowsError
from smeaton.service.front import Front
from smeaton.service.problem import Problem, fault, problem_of
from smeaton.service.service import by_prefix

if TYPE_CHECKING:
    from smeaton.service.service import Service

_ROUTING = {
    404: ("not_found", "there is nothing at this path"),
    405: ("wrong_method", "wrong method for this path"),
}


def create_app(service: "Service") -> Front:
    """An ASGI application that answers for a service."""
    wires = list(service.wires.values())
    routes = [route for wire in wires for route in wire.routes(service)]

    async def refused(request: Request, error: Exception) -> Response:
        problem = _problem(error)
        service.metrics.rejected(problem.code)
        status, body = by_prefix(wires, request.url.path).problem(problem)
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        if problem.retry:
            headers["retry-after"] = str(problem.retry)
        return Response(msgspec.json.encode(body), status, headers, media_type="application/json")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.get_running_loop().create_task(service.tick())
        try:
            yield
        finally:
            ticking.cancel()

    handlers: dict[Any, Any] = dict.fromkeys((HTTPException, RowsError, CallError, NotKept, Problem), refused)
    behind = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    behind.router.redirect_slashes = False  # a path is right or it is not
    return Front(service, behind)


def _problem(error: Exception) -> Problem:
    if isinstance(error, HTTPException):
        code, message = _ROUTING.get(error.status_code, ("refused", "this request is refused"))
        return Problem(error.status_code, code, message)
    return problem_of(error) or fault()

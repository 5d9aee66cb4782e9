"""The application: the guard, then the routes of every protocol over the same hosted models."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from smeaton import plugins
from smeaton.errors import CallError, InputError, RowsError
from smeaton.service.guard import Guard
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem, fault, problem_of
from smeaton.service.protocols import Wire
from smeaton.service.settings import Settings

_ROUTING = {
    404: ("not_found", "there is nothing at this path"),
    405: ("wrong_method", "wrong method for this path"),
}


def create_app(models: Sequence[Hosted], settings: Settings) -> Starlette:
    """An ASGI application that answers for some bundles.

    Raises:
        InputError: two bundles have the same name.
    """
    named = {model.name: model for model in models}
    if len(named) < len(models):
        raise InputError("two bundles have the same name", fix="rename one of the tasks and build it again")
    wires: list[Wire] = [plugins.load("protocols", name) for name in plugins.names("protocols")]
    routes = [route for wire in wires for route in wire.routes(named, settings)]
    plain = next(wire for wire in wires if not wire.prefix)

    def write(path: str, problem: Problem) -> tuple[int, object]:
        wire = next((w for w in wires if w.prefix and (path + "/").startswith(w.prefix + "/")), plain)
        return wire.problem(problem)

    async def refused(request: Request, error: Exception) -> Response:
        status, body = write(request.url.path, _problem(error))
        headers = error.headers if isinstance(error, HTTPException) else None
        return Response(msgspec.json.encode(body), status, headers, media_type="application/json")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for model in models:
            model.close()

    handlers: dict[Any, Any] = dict.fromkeys((HTTPException, RowsError, CallError, Problem), refused)
    guard = Middleware(Guard, settings=settings, write=write)
    app = Starlette(routes=routes, middleware=[guard], exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False  # a path is right or it is not
    return app


def _problem(error: Exception) -> Problem:
    if isinstance(error, HTTPException):
        code, message = _ROUTING.get(error.status_code, ("refused", "this request is refused"))
        return Problem(error.status_code, code, message)
    return problem_of(error) or fault()

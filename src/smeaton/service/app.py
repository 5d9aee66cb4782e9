"""The application: the guard, then the routes of every protocol over the same hosted models."""

import logging
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from smeaton import plugins
from smeaton.errors import InputError, SmeatonError
from smeaton.service.guard import Guard
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem, problem_of
from smeaton.service.protocols import Wire
from smeaton.service.settings import Settings

log = logging.getLogger("smeaton.service")


def create_app(models: Sequence[Hosted], settings: Settings) -> Starlette:
    """An ASGI application that answers for some bundles.

    Raises:
        InputError: two bundles have the same name.
    """
    named = {model.name: model for model in models}
    if len(named) < len(models):
        raise InputError("two bundles have the same name", fix="rename one of the tasks and build it again")
    wires: list[Wire] = [plugins.load("protocols", name) for name in plugins.names("protocols")]
    routes = [route for wire in wires for route in wire.routes(named)]

    async def failed(request: Request, error: Exception) -> Response:
        problem = _problem(error)
        if problem.status >= 500 and not isinstance(error, SmeatonError | Problem):
            log.error("request %s failed", request.scope.get("request_id", ""), exc_info=error)
        wire = next((w for w in wires if w.prefix and request.url.path.startswith(w.prefix)), None)
        body = wire.problem(problem) if wire else problem.as_dict()
        return Response(msgspec.json.encode(body), problem.status, media_type="application/json")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        yield
        for model in models:
            model.close()

    handlers: dict[Any, Any] = dict.fromkeys((HTTPException, SmeatonError, Problem, Exception), failed)
    guard = Middleware(Guard, settings=settings)  # type: ignore[arg-type, unused-ignore]
    return Starlette(routes=routes, middleware=[guard], exception_handlers=handlers, lifespan=lifespan)


def _problem(error: Exception) -> Problem:
    if isinstance(error, HTTPException):
        known = {
            404: ("not_found", "there is nothing at this path"),
            405: ("wrong_method", "wrong method for this path"),
        }
        code, message = known.get(error.status_code, ("refused", str(error.detail)))
        return Problem(error.status_code, code, message)
    return problem_of(error)

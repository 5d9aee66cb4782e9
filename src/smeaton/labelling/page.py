"""The labelling page over HTTP: static files of our own, a few JSON calls, the same guard as a service."""

from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from smeaton.errors import InputError
from smeaton.labelling._assets import PAGE, SCRIPT, STYLE
from smeaton.labelling.desk import Desk, Stale
from smeaton.service.guard import Guard
from smeaton.service.problem import Problem
from smeaton.service.settings import Limits, Settings

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": _POLICY}
MAX_BODY = 1_000_000


def create_page(desk: Desk) -> Starlette:
    """The application of one desk. It must be bound to loopback: the guard refuses other host names, and requests that
    come from other web pages.
    """

    async def state(request: Request) -> Response:
        return _json(await run_in_threadpool(desk.state))

    async def answer(request: Request) -> Response:
        body = await _body(request)
        key, given = body.pop("key", None), body
        return await _done(desk.answer, str(key), given)

    async def skip(request: Request) -> Response:
        return await _done(desk.skip, str((await _body(request)).get("key")))

    async def undo(request: Request) -> Response:
        await _body(request)
        return await _done(desk.undo)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return _json(error.as_dict(), error.status)

    routes = [
        Route("/", _static(PAGE, "text/html")),
        Route("/label.js", _static(SCRIPT, "text/javascript")),
        Route("/label.css", _static(STYLE, "text/css")),
        Route("/api/state", state),
        Route("/api/answer", answer, methods=["POST"]),
        Route("/api/skip", skip, methods=["POST"]),
        Route("/api/undo", undo, methods=["POST"]),
    ]
    guard = Middleware(Guard, settings=Settings(limits=Limits(body=MAX_BODY)), write=_problem)
    return Starlette(routes=routes, middleware=[guard], exception_handlers={Problem: refused})


def _static(content: str, kind: str) -> Any:
    async def serve(request: Request) -> Response:
        return Response(content, headers=_HEADERS, media_type=f"{kind}; charset=utf-8")

    return serve


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Only JSON is taken: a form on another page cannot send it.

    Raises:
        Problem: another content type, or not an object.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "wrong_type", "send JSON", fix="content-type: application/json")
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Problem(422, "invalid_body", "the body is not a JSON object") from error


async def _done(step: Any, *given: Any) -> Response:
    """One step of the desk, in a thread: it waits for the disk."""
    try:
        return _json(await run_in_threadpool(step, *given))
    except Stale as error:
        raise Problem(409, "stale", "this row is no longer asked; the page shows the next") from error
    except InputError as error:
        raise Problem(422, "invalid_answer", error.message, fix=error.fix) from error
    except OSError as error:
        raise Problem(507, "not_written", f"the answer could not be written: {error.strerror}") from error


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content, enc_hook=str), status, media_type="application/json")


def _problem(path: str, problem: Problem) -> tuple[int, object]:
    return problem.status, problem.as_dict()

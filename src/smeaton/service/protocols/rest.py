"""REST with OpenAPI: `POST /predict {"rows": [{...}]}` -> `{"predictions": [{"prediction": v, "probability": {...}}]}`.

With `"stream": true` the answer comes as server-sent events, `{"row", "output", "delta"}` each, then `{"done": true}`.
Bundles with a state accept `POST /models/{name}/learn {"items", "step"}`.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence, Set
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from smeaton.errors import RowsError
from smeaton.runtime.answers import as_answers
from smeaton.service.body import json_object
from smeaton.service.hosted import Delta, Hosted
from smeaton.service.page import PAGE_HEADERS, index_page
from smeaton.service.problem import Problem, fault, place, problem_of
from smeaton.service.protocols import Models
from smeaton.service.reply import json_reply
from smeaton.service.schema import openapi
from smeaton.service.settings import Settings

log = logging.getLogger("smeaton.service")

_encode = msgspec.json.Encoder().encode
_PREDICT = frozenset({"rows", "stream"})
_LEARN = frozenset({"items", "step"})


class _Rest:
    """The REST routes; the first model answers at `/predict`, each at `/models/{name}/predict`."""

    prefix = ""

    def problem(self, problem: Problem) -> tuple[int, object]:
        """Errors as `{"error": {code, message, path, fix}}`."""
        return problem.status, problem.as_dict()

    def routes(self, models: Models, settings: Settings) -> Sequence[BaseRoute]:
        """All routes of the protocol."""
        document = _encode(openapi(models, settings))

        async def predict(request: Request) -> Response:
            return await _predict(_model(models, request), request)

        async def learn(request: Request) -> Response:
            return await _learn(_model(models, request), request)

        async def describe(_: Request) -> Response:
            return json_reply({name: _facts(model) for name, model in models.items()})

        async def live(_: Request) -> Response:
            return json_reply({"live": True})

        async def ready(_: Request) -> Response:
            states = {name: model.ready for name, model in models.items()}
            every = all(states.values())
            return json_reply({"ready": every, "models": states}, 200 if every else 503)

        async def schema(_: Request) -> Response:
            return Response(document, media_type="application/json")

        async def home(request: Request) -> Response:
            page = index_page(models, str(request.base_url))
            return Response(page, headers=PAGE_HEADERS, media_type="text/html; charset=utf-8")

        return [
            Route("/predict", predict, methods=["POST"]),
            Route("/models/{name}/predict", predict, methods=["POST"]),
            Route("/models/{name}/learn", learn, methods=["POST"]),
            Route("/models", describe, methods=["GET"]),
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", ready, methods=["GET"]),
            Route("/openapi.json", schema, methods=["GET"]),
            Route("/docs", home, methods=["GET"]),
            Route("/", home, methods=["GET"]),
        ]


part = _Rest()


def _model(models: Models, request: Request) -> Hosted:
    name = request.path_params.get("name")
    if name is None:
        return next(iter(models.values()))
    if name not in models:
        raise Problem(404, "unknown_model", "there is no model of this name")
    return models[name]


def _facts(model: Hosted) -> dict[str, Any]:
    manifest = model.bundle.manifest
    return {
        "bundle": model.bundle.hash,
        "state_revision": model.engine.state_revision,
        "outcome": manifest.outcome,
        "ready": model.ready,
        "inputs": list(model.engine.program.inputs),
        "output": model.task.target,
    }


async def _predict(model: Hosted, request: Request) -> Response:
    body = await json_object(request)
    rows = _objects(body, "rows", _PREDICT)
    stream = body.get("stream", False)
    if not isinstance(stream, bool):
        raise Problem(422, "invalid_value", "true or false was expected", "stream")
    if stream:
        return await _streamed(model.stream(rows, request), request)
    answers = await model.answer(rows, request)
    return json_reply({"predictions": as_answers(answers, model.task.labels)})


def _objects(body: dict[str, Any], name: str, known: Set[str]) -> list[dict[str, Any]]:
    """The list of objects that a body holds under a name, and no unknown keys beside it."""
    if not body.keys() <= known:
        unknown = min(body.keys() - known)
        raise Problem(422, "unknown_key", f"the keys are: {', '.join(sorted(known))}", place("", None, unknown))
    if name not in body:
        raise Problem(422, "missing_key", f"the key {name!r} is missing", name)
    rows = body[name]
    if not isinstance(rows, list):
        raise Problem(422, "invalid_value", "a list of objects was expected", name)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Problem(422, "invalid_value", "an object was expected", place(name, number))
    return rows


async def _streamed(deltas: AsyncGenerator[Delta, None], request: Request) -> Response:
    """Server-sent events. The first delta is waited for: until then a problem still has a status of its own."""
    first = await anext(deltas, None)

    async def events() -> AsyncIterator[bytes]:
        async with aclosing(deltas):
            try:
                if first is not None:
                    yield _event(first)
                async for delta in deltas:
                    yield _event(delta)
                yield b'data: {"done": true}\n\n'
            except Exception as error:  # told to the client: the status is already sent
                problem = problem_of(error)
                if problem is None:
                    log.error("request %s failed", request.scope["request_id"], exc_info=error)
                    problem = fault()
                yield b"event: error\ndata: " + _encode(problem.as_dict()) + b"\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def _event(delta: Delta) -> bytes:
    row, output, text = delta
    return b"data: " + _encode({"row": row, "output": output, "delta": text}) + b"\n\n"


async def _learn(model: Hosted, request: Request) -> Response:
    body = await json_object(request)
    items = _objects(body, "items", _LEARN)
    step = body.get("step")
    if step is not None and not isinstance(step, str):
        raise Problem(422, "invalid_value", "text was expected", "step")
    try:
        revision = await model.learn(step, items, request)
    except RowsError as error:
        raise problem_of(error, "items") or fault() from error
    return json_reply({"revision": revision, "accepted": len(items)})

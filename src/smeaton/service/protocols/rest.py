"""REST with OpenAPI: `POST /predict {"rows": [{...}]}` -> `{"predictions": [{"prediction": v, "probability": {...}}]}`.

With `"stream": true` the answer comes as server-sent events, `{"row", "output", "delta"}` each, then `{"done": true}`.
Bundles with a state accept `POST /models/{name}/learn {"step", "items"}`.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from smeaton.runtime.answers import as_answers
from smeaton.service.body import json_object
from smeaton.service.hosted import Hosted
from smeaton.service.page import index_page
from smeaton.service.problem import Problem, problem_of
from smeaton.service.protocols import Models
from smeaton.service.schema import openapi

_encode = msgspec.json.Encoder().encode


class _Rest:
    """The REST routes; the first model answers at `/predict`, each at `/models/{name}/predict`."""

    prefix = ""

    def problem(self, problem: Problem) -> dict[str, object]:
        """Errors as `{"error": {code, message, path, fix}}`."""
        return problem.as_dict()

    def routes(self, models: Models) -> Sequence[BaseRoute]:
        """All routes of the protocol."""
        document = _encode(openapi(models))
        page = index_page(models).encode()

        async def predict(request: Request) -> Response:
            return await _predict(_model(models, request), request)

        async def learn(request: Request) -> Response:
            return await _learn(_model(models, request), request)

        async def describe(_: Request) -> Response:
            return _json({name: _facts(model) for name, model in models.items()})

        async def live(_: Request) -> Response:
            return _json({"live": True})

        async def ready(_: Request) -> Response:
            states = {name: model.ready for name, model in models.items()}
            return _json({"ready": all(states.values()), "models": states}, 200 if all(states.values()) else 503)

        async def schema(_: Request) -> Response:
            return Response(document, media_type="application/json")

        async def home(_: Request) -> Response:
            return Response(page, media_type="text/html; charset=utf-8")

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


def _json(content: object, status: int = 200) -> Response:
    return Response(_encode(content), status, media_type="application/json")


def _model(models: Models, request: Request) -> Hosted:
    name = request.path_params.get("name")
    if name is None:
        return next(iter(models.values()))
    if name not in models:
        raise Problem(404, "unknown_model", "there is no model of this name", "name")
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
    rows = _rows(body, "rows")
    call = model.call(trace=request.scope.get("request_id", ""))
    if body.get("stream"):
        return StreamingResponse(_events(model, rows, call), media_type="text/event-stream")
    answers = await model.answer(rows, call)
    return _json({"predictions": as_answers(answers, model.task.labels)})


def _rows(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    unknown = sorted(body.keys() - {name, "stream", "step"})
    if unknown:
        raise Problem(422, "unknown_key", f"unknown key; the keys are {name!r} and, to stream, 'stream'", unknown[0])
    if name not in body:
        raise Problem(422, "missing_key", f"the key {name!r} is missing", name)
    rows = body[name]
    if not isinstance(rows, list):
        raise Problem(422, "invalid_value", "a list of objects was expected", name)
    if not rows:
        raise Problem(422, "no_rows", "at least one row was expected", name)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Problem(422, "invalid_value", "an object was expected", f"{name}[{number}]")
    if not isinstance(body.get("stream", False), bool):
        raise Problem(422, "invalid_value", "true or false was expected", "stream")
    return rows


async def _events(model: Hosted, rows: list[dict[str, Any]], call: Any) -> AsyncIterator[bytes]:
    """Server-sent events; an error after the first byte is an event too, since the status is already sent."""
    try:
        async for row, output, delta in model.stream(rows, call):
            yield b"data: " + _encode({"row": row, "output": output, "delta": delta}) + b"\n\n"
    except Exception as error:  # noqa: BLE001 - reported to the client as the last event
        yield b"event: error\ndata: " + _encode(problem_of(error).as_dict()) + b"\n\n"
        return
    yield b'data: {"done": true}\n\n'


async def _learn(model: Hosted, request: Request) -> Response:
    body = await json_object(request)
    items = _rows(body, "items")
    step = body.get("step")
    if step is not None and not isinstance(step, str):
        raise Problem(422, "invalid_value", "text was expected", "step")
    revision = await model.learn(step, items, model.call(trace=request.scope.get("request_id", "")))
    return _json({"revision": revision, "accepted": len(items)})

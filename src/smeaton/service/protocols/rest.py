"""REST with OpenAPI: `POST /predict {"rows": [{...}]}` -> `{"predictions": [{"prediction": v, "probability": {...}}]}`.

With `"stream": true` the answer comes as server-sent events, `{"row", "output", "delta"}` each, then `{"done": true}`;
with `"usage": true` it says what each row took of other models.
With `--explain`, `POST /explain {"rows": [...], "label": ...}` says what each column adds to each answer.
Bundles with a state accept `POST /models/{name}/learn {"items", "step"}`. `POST /feedback` tells the truth of earlier
predictions; `POST /models/{name}/reload` swaps a bundle.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence, Set
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smeaton.errors import InputError, RowsError, SmeatonError
from smeaton.runtime.call import Call, Caller
from smeaton.service.body import json_object, parse_object
from smeaton.service.exchange import Ask, Asked, Reply
from smeaton.service.explaining import Explaining
from smeaton.service.hosted import INLINE_BYTES, Delta, Hosted, Rows
from smeaton.service.page import PAGE_HEADERS, index_page
from smeaton.service.problem import Problem, fault, place, problem_of
from smeaton.service.protocols._events import EVENTS, guarded
from smeaton.service.reply import json_reply
from smeaton.service.schema import openapi
from smeaton.task.table import USAGE

if TYPE_CHECKING:
    from smeaton.service.service import Service

_encode = msgspec.json.Encoder().encode
_PREDICT = frozenset({"rows", "stream", "usage"})
_LEARN = frozenset({"items", "step"})
_EXPLAIN = frozenset({"rows", "label"})


class _Rest:
    """The REST routes; the first model answers at `/predict`, each at `/models/{name}/predict`."""

    prefix = ""

    def problem(self, problem: Problem) -> tuple[int, object]:
        """Errors as `{"error": {code, message, path, fix}}`."""
        return problem.status, problem.as_dict()

    def asks(self, model: Hosted, first: bool) -> Mapping[str, Ask]:
        """Where predictions are asked for."""
        own = {f"/models/{model.name}/predict": _predict}
        return own | {"/predict": _predict} if first else own

    def routes(self, service: "Service") -> Sequence[BaseRoute]:
        """All other routes of the protocol."""
        return [
            *_states(service),
            *_descriptions(service),
            Route("/predict", _unknown, methods=["POST"]),
            Route("/models/{name}/predict", _unknown, methods=["POST"]),
            Route("/explain", _explains(service), methods=["POST"]),
            Route("/models/{name}/explain", _explains(service), methods=["POST"]),
            Route("/models/{name}/learn", _learns(service), methods=["POST"]),
            Route("/models/{name}/reload", _reloads(service), methods=["POST"]),
            Route("/feedback", _feeds_back(service), methods=["POST"]),
            Route("/metrics", _metrics(service), methods=["GET"]),
        ]


part = _Rest()

_Endpoint = Callable[[Request], Any]


async def _predict(model: Hosted, asked: Asked) -> Reply:
    model.admit(1)
    decode = model.decoder("rows", stream=bool, usage=bool)
    body = asked.body
    plain = None if decode is None else decode(body) if len(body) <= INLINE_BYTES else await model.parse(decode, body)
    if plain is None or plain[1].get("stream"):
        return await _predict_carefully(model, asked)
    answered = await model.answer(plain[0], asked)
    return Reply(_encode({"predictions": answered.rows(plain[1].get("usage", False))}))


async def _predict_carefully(model: Hosted, asked: Asked) -> Reply:
    """Read what is not of the plain form: it may be right, and if not, it is said what is wrong."""

    def read(body: bytes) -> tuple[list[dict[str, Any]], Rows, bool, bool]:
        content = parse_object(body, model.limits)
        rows = _objects(content, "rows", _PREDICT)
        wishes = [content.get(name, False) for name in ("stream", "usage")]
        for name, wish in zip(("stream", "usage"), wishes, strict=True):
            if not isinstance(wish, bool):
                raise Problem(422, "invalid_value", "true or false was expected", name)
        return rows, model.check(rows), *wishes

    mappings, rows, stream, usage = await model.parse(read, asked.body)
    if stream:
        hidden = "" if usage else USAGE
        return await _streamed(model.stream(mappings, asked), model, asked, hidden)
    answered = await model.answer(rows, asked)
    return Reply(_encode({"predictions": answered.rows(usage)}))


def _objects(body: dict[str, Any], name: str, known: Set[str]) -> list[dict[str, Any]]:
    """The list of objects that a body holds under a name, and no unknown keys beside it."""
    if not body.keys() <= known:
        path = place("", None, min(body.keys() - known)) or "body"
        raise Problem(422, "unknown_key", f"the keys are: {', '.join(sorted(known))}", path)
    if name not in body:
        raise Problem(422, "missing_key", f"the key {name!r} is missing", name)
    rows = body[name]
    if not isinstance(rows, list):
        raise Problem(422, "invalid_value", "a list of objects was expected", name)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Problem(422, "invalid_value", "an object was expected", place(name, number))
    return rows


async def _streamed(deltas: AsyncGenerator[Delta, None], model: Hosted, asked: Asked, hidden: str) -> Reply:
    """Server-sent events, but for the output that is `hidden`. The first delta is waited for: until then a problem
    still has a status of its own."""
    first = await anext(deltas, None)

    async def events() -> AsyncGenerator[bytes, None]:
        async with aclosing(deltas):
            if first is not None and first[1] != hidden:
                yield _event(first)
            async for delta in deltas:
                if delta[1] != hidden:
                    yield _event(delta)
            yield b'data: {"done": true}\n\n'

    return Reply(headers=EVENTS, pieces=guarded(events(), model, asked, _told))


def _told(problem: Problem) -> bytes:
    return b"event: error\ndata: " + _encode(problem.as_dict()) + b"\n\n"


def _event(delta: Delta) -> bytes:
    row, output, text = delta
    return b"data: " + _encode({"row": row, "output": output, "delta": text}) + b"\n\n"


async def _unknown(_: Request) -> Response:
    """A model that answers took its path out of the routes (`asks`)."""
    raise Problem(404, "unknown_model", "there is no model of this name")


def _model(service: "Service", request: Request) -> Hosted:
    name = request.path_params.get("name") or next(iter(service.registry), "")
    if name not in service.registry:
        raise Problem(404, "unknown_model", "there is no model of this name")
    return service.registry[name]


def _learns(service: "Service") -> _Endpoint:
    async def learn(request: Request) -> Response:
        model = _model(service, request)
        body = await json_object(request, service.limits)
        items = _objects(body, "items", _LEARN)
        step = body.get("step")
        if step is not None and not isinstance(step, str):
            raise Problem(422, "invalid_value", "text was expected", "step")
        scope = request.scope
        call = Call(deadline=scope["deadline"], caller=Caller(scope["caller"]), trace=scope["request_id"])
        try:
            revision = await model.learn(step, items, call)
        except RowsError as error:
            raise problem_of(error, "items") or fault() from error
        return json_reply({"revision": revision, "accepted": len(items)})

    return learn


def _explains(service: "Service") -> _Endpoint:
    explaining = Explaining()

    async def explain(request: Request) -> Response:
        if not service.settings.explain:
            raise Problem(
                404, "not_explained", "explanations are not given here", fix="start the service with --explain"
            )
        model = _model(service, request)
        body = await json_object(request, service.limits)
        rows = _objects(body, "rows", _EXPLAIN)
        scope = request.scope
        call = Call(deadline=scope["deadline"], caller=Caller(scope["caller"]), trace=scope["request_id"])
        try:
            found = await explaining.explain(model, rows, body.get("label"), call)
        except RowsError:
            raise
        except InputError as error:
            raise Problem(422, "not_explained", error.message, "", error.fix) from error
        return json_reply({"explanations": found})

    return explain


def _reloads(service: "Service") -> _Endpoint:
    async def reload(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in service.registry.names_known():
            raise Problem(404, "unknown_model", "there is no model of this name")
        try:
            hashes = await service.reload(name, request.scope["caller"], request.scope["request_id"])
        except SmeatonError as error:
            raise Problem(409, "not_swapped", error.message, "", error.fix) from error
        return json_reply({"model": name, "bundle": hashes[name]})

    return reload


def _feeds_back(service: "Service") -> _Endpoint:
    async def feedback(request: Request) -> Response:
        journal = service.recorder.journal
        if journal is None:
            fix = "start the service with --journal DIR"
            raise Problem(404, "no_journal", "this service keeps no journal, so no truth can be told", fix=fix)
        body = await json_object(request, service.limits)
        items = _objects(body, "items", frozenset({"items"}))
        if not items:
            raise Problem(422, "no_rows", "at least one item was expected", "items")
        if len(items) > service.limits.rows:
            raise Problem(413, "too_many_rows", f"at most {service.limits.rows:,} items fit in one request")
        try:
            return json_reply({"accepted": await journal.feedback(items)})
        except RowsError as error:
            raise problem_of(error, "items") or fault() from error

    return feedback


def _metrics(service: "Service") -> _Endpoint:
    async def metrics(request: Request) -> Response:
        from starlette.concurrency import run_in_threadpool

        from smeaton.service.telemetry.exposition import Facts, exposition

        own = service.snapshot()
        others = await service.peers.snapshots(own)
        models = [(model.name, model.version, model.ready) for model in service.registry.values()]
        facts = Facts(models, service.peers.state())
        accept = request.headers.get("accept", "")
        text, kind = await run_in_threadpool(exposition, [own, *others], facts, accept)
        return Response(text, headers={"content-type": kind})

    return metrics


def _states(service: "Service") -> list[Route]:
    async def live(_: Request) -> Response:
        return json_reply({"live": True})

    async def ready(_: Request) -> Response:
        state = service.readiness()
        return json_reply(state, 200 if state["ready"] else 503)

    async def describe(_: Request) -> Response:
        return json_reply({name: _facts(model) for name, model in service.registry.items()})

    return [
        Route("/health/live", live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
        Route("/models", describe, methods=["GET"]),
    ]


def _descriptions(service: "Service") -> list[Route]:
    documents: dict[int, bytes] = {}  # by the state of the registry: a swap may change the types

    async def schema(_: Request) -> Response:
        changes = service.registry.changes
        if changes not in documents:
            documents.clear()
            documents[changes] = _encode(openapi(service.registry, service.settings))
        return Response(documents[changes], media_type="application/json")

    async def home(request: Request) -> Response:
        page = index_page(service.registry, str(request.base_url), service.settings.keyring is not None)
        return Response(page, headers=PAGE_HEADERS, media_type="text/html; charset=utf-8")

    return [
        Route("/openapi.json", schema, methods=["GET"]),
        Route("/docs", home, methods=["GET"]),
        Route("/", home, methods=["GET"]),
    ]


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

"""OpenAI's HTTP interface over the models served here: chat completions, responses, embeddings, models (openai-openapi
2.3.0). docs/openai.md says what of it is honoured; all else is refused, nothing is passed over.

`model` is the name of a bundle, or `name@version`. `GET /v1/models` and `GET /v1/models/NAME` also hold what KServe's
V1 protocol has there: `models`, and `name` and `ready`, with 503 where a model is not ready.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smeaton.service.body import parse_object
from smeaton.service.exchange import Ask
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem
from smeaton.service.protocols._openai_chat import chat
from smeaton.service.protocols._openai_embeddings import embeddings
from smeaton.service.protocols._openai_error import error_of, status_of
from smeaton.service.protocols._openai_responses import response
from smeaton.service.reply import json_reply
from smeaton.service.settings import Limits

if TYPE_CHECKING:
    from smeaton.service.service import Service


class _Named(msgspec.Struct):
    model: str


_named = msgspec.json.Decoder(_Named).decode


class _OpenAI:
    """The OpenAI routes."""

    prefix = "/v1"

    def problem(self, problem: Problem) -> tuple[int, object]:
        """Errors as `{"error": {"message", "type", "param", "code"}}`."""
        return status_of(problem), {"error": error_of(problem)}

    def asks(self, model: Hosted, first: bool) -> Mapping[str, Ask]:
        """No path here names a model; see `shared`."""
        return {}

    def shared(self) -> Mapping[str, Ask]:
        """Where answers and vectors are asked for."""
        return {"/v1/chat/completions": chat, "/v1/responses": response, "/v1/embeddings": embeddings}

    def choose(self, models: Mapping[str, Hosted], body: bytes, limits: Limits) -> Hosted:
        """The model that a body names: `name` or `name@version`.

        Raises:
            Problem: the body is none, names none, or one that does not answer here.
        """
        try:
            named = _named(body).model
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            content = parse_object(body, limits)  # says what is wrong
            path = "model"
            raise Problem(400, "missing_key" if path not in content else "invalid_value",
                          "the name of a model was expected", path) from None  # fmt: skip
        return _chosen(models, named)

    def routes(self, service: "Service") -> Sequence[BaseRoute]:
        """The models; responses by id, of which none is kept."""

        async def listing(_: Request) -> Response:
            models = [_facts(model) for model in service.registry.values()]
            return json_reply({"object": "list", "data": models, "models": list(service.registry)})

        async def retrieve(request: Request) -> Response:
            name = request.path_params["name"]
            if name in service.registry.names_known() and name not in service.registry:
                return json_reply({"name": name, "ready": False}, 503)
            model = _chosen(service.registry, name)
            return json_reply(_facts(model) | {"name": model.name, "ready": model.ready}, 200 if model.ready else 503)

        async def kept(_: Request) -> Response:
            raise Problem(404, "not_found", "no response is stored here")

        return [
            Route("/v1/models", listing, methods=["GET"]),
            Route("/v1/models/{name}", retrieve, methods=["GET"]),
            Route("/v1/responses/{id}", kept, methods=["GET", "DELETE"]),
        ]


part = _OpenAI()


def _chosen(models: Mapping[str, Hosted], named: str) -> Hosted:
    name, _, version = named.partition("@")
    model = models.get(name)
    if model is None or version not in ("", model.version):
        raise Problem(404, "unknown_model", "there is no model of this name and version", "model")
    return model


def _facts(model: Hosted) -> dict[str, Any]:
    """A model as OpenAI lists it; `created` in unix seconds."""
    moment = model.bundle.manifest.created
    created = int(datetime.fromisoformat(moment).timestamp()) if moment else 0
    return {"id": model.name, "object": "model", "created": created, "owned_by": "smeaton", "version": model.version}

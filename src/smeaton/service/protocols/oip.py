"""Open Inference Protocol V2 over REST (github.com/kserve/open-inference-protocol, `inference_rest.md`) with binary
tensors (see `_binary.py`), KServe's list of models and its loading of them (see `_repository.py`).

Each input is one tensor of shape [n, 1] or [n] with its own datatype, a vector [n, d]; all numbers of a model may come
as one [n, k]. Answers: `prediction` [n, 1] (a list or object as JSON text), and for labels `probability` [n, labels],
whose column names are in the output's `parameters.labels`. How a null travels is said in `docs/oip.md`.
"""

import functools
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smeaton.errors import RowsError
from smeaton.service.exchange import Ask, Asked, Reply
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem
from smeaton.service.protocols._form import Form
from smeaton.service.protocols._inference import read_inference
from smeaton.service.protocols._outputs import write_reply
from smeaton.service.protocols._refused import error_text
from smeaton.service.protocols._repository import repository_routes
from smeaton.service.reply import json_reply

if TYPE_CHECKING:
    from smeaton.service.service import Service

EXTENSIONS = ("binary_tensor_data", "model_repository")


class _Oip:
    """The V2 routes."""

    prefix = "/v2"

    def problem(self, problem: Problem) -> tuple[int, object]:
        """Errors as `{"error": "text"}`, the path inside the text; bad input is 400 here."""
        return error_text(problem)

    def asks(self, model: Hosted, first: bool) -> Mapping[str, Ask]:
        """Inference, with and without the version."""
        ask = functools.partial(_infer, Form(model))
        base = f"/v2/models/{model.name}"
        return {f"{base}/infer": ask, f"{base}/versions/{model.version}/infer": ask}

    def routes(self, service: "Service") -> Sequence[BaseRoute]:
        """Server, health, metadata and readiness of models, the repository."""
        return [*_server_routes(service), *_model_routes(service), *repository_routes(service)]


part = _Oip()


async def _infer(form: Form, model: Hosted, asked: Asked) -> Reply:
    model.admit(1)
    read = functools.partial(read_inference, form, model, asked.headers)
    inference = await model.parse(read, asked.body)
    try:
        answered = await model.answer(inference.rows, asked)
    except RowsError as error:
        raise inference.problem(error) from error
    return write_reply(form, answered, inference.wanted, inference.id)


def _server_routes(service: "Service") -> list[Route]:
    facts = {"name": "smeaton", "version": version("smeaton"), "extensions": EXTENSIONS}

    async def server(_: Request) -> Response:
        return json_reply(facts)

    async def live(_: Request) -> Response:
        return json_reply({"live": True})

    async def ready(_: Request) -> Response:
        state = bool(service.readiness()["ready"])
        return json_reply({"live": state, "ready": state}, 200 if state else 503)

    async def listing(_: Request) -> Response:
        return json_reply({"models": list(service.registry)})

    return [
        Route("/v2", server, methods=["GET"]),
        Route("/v2/health/live", live, methods=["GET"]),
        Route("/v2/health/ready", ready, methods=["GET"]),
        Route("/v2/models", listing, methods=["GET"]),
    ]


def _model_routes(service: "Service") -> list[Route]:
    async def metadata(request: Request) -> Response:
        return json_reply(_metadata(_model(service, request)))

    async def ready(request: Request) -> Response:
        name = request.path_params["name"]
        if name in service.registry.names_known() and name not in service.registry:
            return json_reply({"name": name, "ready": False}, 503)
        model = _model(service, request)
        return json_reply({"name": name, "ready": model.ready}, 200 if model.ready else 503)

    async def nobody(request: Request) -> Response:
        _model(service, request)  # those that answer are asked before any route
        raise _unknown()

    routes = []
    for base in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        routes.append(Route(base, metadata, methods=["GET"]))
        routes.append(Route(f"{base}/ready", ready, methods=["GET"]))
        routes.append(Route(f"{base}/infer", nobody, methods=["POST"]))
    return routes


def _model(service: "Service", request: Request) -> Hosted:
    model = service.registry.get(request.path_params["name"])
    if model is None or request.path_params.get("version", model.version) != model.version:
        raise _unknown()
    return model


def _unknown() -> Problem:
    return Problem(404, "unknown_model", "there is no model of this name and version")


def _metadata(model: Hosted) -> dict[str, Any]:
    form = Form(model)
    told: dict[str, Any] = {
        "name": form.model,
        "versions": [form.version],
        "platform": "smeaton_program",
        "inputs": [
            {"name": name, "datatype": column.datatype, "shape": [-1, column.width]}
            for name, column in form.inputs.items()
        ],
        "outputs": [
            {"name": name, "datatype": form.outputs[name].datatype, "shape": [-1, form.outputs[name].width]}
            for name in form.usual
        ],
    }
    if len(form.table) > 1:
        told["parameters"] = {"table": {"columns": form.table, "shape": [-1, len(form.table)]}}
    return told

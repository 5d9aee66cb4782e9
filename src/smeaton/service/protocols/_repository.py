"""Models loaded and unloaded over V2 (KServe's extras, Triton's model repository extension)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smeaton.errors import SmeatonError
from smeaton.service.body import parse_object
from smeaton.service.problem import Problem
from smeaton.service.protocols._refused import not_served, wrong
from smeaton.service.reply import json_reply

if TYPE_CHECKING:
    from smeaton.service.service import Service

_IGNORED = frozenset({"unload_dependents"})  # no model here depends on another


def repository_routes(service: "Service") -> Sequence[BaseRoute]:
    """Index, load and unload. Who may load and unload is judged before."""

    async def index(request: Request) -> Response:
        ready = (await _body(request, service)).get("ready", False)
        if ready.__class__ is not bool:
            raise wrong("invalid_value", "true or false was expected", "ready")
        states = [_state(service, name) for name in service.registry.names_known()]
        return json_reply([state for state in states if not ready or state["state"] == "READY"])

    async def load(request: Request) -> Response:
        name = await _asked(request, service)
        try:
            await service.reload(name, request.scope["caller"], request.scope["request_id"])
        except SmeatonError as error:
            raise Problem(409, "not_swapped", error.message, "", error.fix) from error
        return json_reply({"name": name, "load": True})

    async def unload(request: Request) -> Response:
        name = await _asked(request, service)
        try:
            await service.unload(name, request.scope["caller"], request.scope["request_id"])
        except SmeatonError as error:
            raise Problem(409, "not_unloaded", error.message, "", error.fix) from error
        return json_reply({"name": name, "unload": True})

    return [
        Route("/v2/repository/index", index, methods=["POST"]),
        Route("/v2/repository/models/{name}/load", load, methods=["POST"]),
        Route("/v2/repository/models/{name}/unload", unload, methods=["POST"]),
    ]


async def _body(request: Request, service: "Service") -> dict[str, Any]:
    """The body, which may be empty."""
    body = await request.body()
    return parse_object(body, service.limits) if body.strip() else {}


async def _asked(request: Request, service: "Service") -> str:
    """The model that is meant. What is loaded is the bundle in its folder: nothing in a request can replace it."""
    name: str = request.path_params["name"]
    if name not in service.registry.names_known():
        raise Problem(404, "unknown_model", "there is no model of this name")
    parameters = (await _body(request, service)).get("parameters", {})
    if parameters.__class__ is not dict:
        raise wrong("invalid_value", "an object was expected", "parameters")
    if not parameters.keys() <= _IGNORED:
        raise not_served("a model is loaded from its bundle as it is; no configuration is taken here", "parameters")
    return name


def _state(service: "Service", name: str) -> dict[str, str]:
    model = service.registry.get(name)
    if model is None:
        return {"name": name, "state": "UNAVAILABLE", "reason": "unloaded"}
    told = {"name": name, "version": model.version}
    return (
        told | {"state": "READY", "reason": ""} if model.ready else told | {"state": "UNAVAILABLE", "reason": model.why}
    )

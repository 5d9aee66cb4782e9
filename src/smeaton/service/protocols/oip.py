"""Open Inference Protocol V2 over REST (github.com/kserve/open-inference-protocol, `inference_rest.md`), JSON tensors.

Each input column is one tensor of shape [n, 1] or [n] with its own datatype; a JSON null in `data` is a null and is
accepted where the column's type allows it. Answers: `prediction` [n, 1] (a list or object as JSON text), and for labels
`probability` [n, labels], whose column names are in the output's `parameters.labels`.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smeaton.errors import RowsError
from smeaton.service.body import json_object, parse_object
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem, place, reason_of
from smeaton.service.protocols._tensors import Tensor, datatype_of, output_datatype, output_tensor, read_tensor
from smeaton.service.reply import json_reply
from smeaton.service.exchange import Asked, Reply
from smeaton.task.table import PROBABILITY

_BINARY_HEADER = "inference-header-content-length"


class _Oip:
    """The V2 routes."""

    prefix = "/v2"

    def problem(self, problem: Problem) -> tuple[int, object]:
        """Errors as `{"error": "text"}`, the path inside the text; bad input is 400 here."""
        told = problem.as_dict()["error"]
        assert isinstance(told, dict)
        text = f"{told['path']}: {told['message']}" if "path" in told else told["message"]
        return 400 if problem.status == 422 else problem.status, {"error": text}

    def asks(self, model, first):
        base = f"/v2/models/{model.name}"
        return {f"{base}/infer": _infer, f"{base}/versions/{model.version}/infer": _infer}

    def routes(self, service) -> Sequence[BaseRoute]:
        """Server, health, model metadata, readiness and inference."""
        models = service.registry
        facts = {"name": "smeaton", "version": version("smeaton"), "extensions": []}

        async def server(_: Request) -> Response:
            return json_reply(facts)

        async def live(_: Request) -> Response:
            return json_reply({"live": True})

        async def ready(_: Request) -> Response:
            every = all(model.ready for model in models.values())
            return json_reply({"live": every, "ready": every}, 200 if every else 503)

        async def listing(_: Request) -> Response:
            return json_reply({"models": list(models)})

        async def metadata(request: Request) -> Response:
            return json_reply(_metadata(_model(models, request)))

        async def model_ready(request: Request) -> Response:
            model = _model(models, request)
            return json_reply({"name": model.name, "ready": model.ready}, 200 if model.ready else 503)

        routes = [
            Route("/v2", server),
            Route("/v2/health/live", live),
            Route("/v2/health/ready", ready),
            Route("/v2/models", listing),
        ]
        for base in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            routes.append(Route(base, metadata))
            routes.append(Route(f"{base}/ready", model_ready))
        return routes


part = _Oip()


def _model(models, request: Request) -> Hosted:
    model = models.get(request.path_params["name"])
    if model is None or request.path_params.get("version", model.version) != model.version:
        raise Problem(404, "unknown_model", "there is no model of this name and version")
    return model


def _metadata(model: Hosted) -> dict[str, Any]:
    types = {name: model.task.input_types[name] for name in model.engine.program.inputs}
    outputs = [
        {
            "name": name,
            "datatype": output_datatype(model.task, name),
            "shape": [-1, len(model.task.labels) if name == PROBABILITY else 1],
        }
        for name in model.engine.program.outputs
    ]
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": "smeaton_program",
        "inputs": [{"name": name, "datatype": datatype_of(kind), "shape": [-1, 1]} for name, kind in types.items()],
        "outputs": outputs,
    }


async def _infer(model: Hosted, asked: Asked) -> Reply:
    if _BINARY_HEADER.encode() in asked.headers:
        raise Problem(501, "no_binary", "the binary tensor extension is not served; send JSON tensors")
    body = parse_object(asked.body, model.limits)
    if not isinstance(body.get("id", ""), str):
        raise Problem(422, "invalid_value", "text was expected", "id")
    wanted = _wanted(body, model.engine.program.outputs)
    tensors = _tensors(model, body)
    names = tuple(tensor.name for tensor in tensors)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(tensor.data for tensor in tensors), strict=True)]
    try:
        answers = (await model.answer(model.check(rows), asked)).columns
    except RowsError as error:
        fault = error.faults[0]
        if fault.column not in names:
            raise Problem(422, "missing_input", f"an input is missing: {fault.column}", "inputs") from error
        path = f"inputs[{names.index(fault.column)}].data[{fault.row}]"
        raise Problem(422, "invalid_value", reason_of(fault.reason), path) from error
    outputs = [output_tensor(model.task, name, answers[name]) for name in wanted]
    reply: dict[str, Any] = {"model_name": model.name, "model_version": model.version, "outputs": outputs}
    if "id" in body:
        reply["id"] = body["id"]
    import msgspec
    return Reply(msgspec.json.encode(reply))


def _tensors(model: Hosted, body: dict[str, Any]) -> list[Tensor]:
    """Request tensors, one a column, equally long. Shapes and datatypes are checked here, values by the program."""
    given = body.get("inputs")
    if not isinstance(given, list) or not given:
        raise Problem(422, "invalid_value", "a list of at least one tensor was expected", "inputs")
    known = {name: model.task.input_types[name] for name in model.engine.program.inputs}
    tensors = [read_tensor(known, tensor, place("inputs", number)) for number, tensor in enumerate(given)]
    for number, tensor in enumerate(tensors):
        if tensor.name in {earlier.name for earlier in tensors[:number]}:
            raise Problem(422, "repeated_input", "this input was given before", f"inputs[{number}].name")
        if len(tensor.data) != len(tensors[0].data):
            path = f"inputs[{number}].shape"
            raise Problem(422, "invalid_shape", "all inputs must have the same number of rows", path)
    return tensors


def _wanted(body: dict[str, Any], known: Sequence[str]) -> Sequence[str]:
    """Names of the outputs to send: those asked for, else all."""
    outputs = body.get("outputs")
    if outputs is None:
        return known
    if not isinstance(outputs, list):
        raise Problem(422, "invalid_value", "a list of outputs was expected", "outputs")
    for number, output in enumerate(outputs):
        if not isinstance(output, dict) or not isinstance(output.get("name"), str):
            raise Problem(422, "invalid_value", "an object with a name was expected", f"outputs[{number}]")
        if output["name"] not in known:
            raise Problem(422, "unknown_output", f"the outputs are: {', '.join(known)}", f"outputs[{number}].name")
    return [output["name"] for output in outputs] or known

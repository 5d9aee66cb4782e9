"""Open Inference Protocol V2 over REST (github.com/kserve/open-inference-protocol, `inference_rest.md`), JSON tensors.

Each input column is one tensor of shape [n, 1] or [n] with its own datatype; a JSON null in `data` is a null and is
accepted where the column's type allows it. Answers: `prediction` [n, 1], and for classes `probability` [n, labels],
whose column names are in the output's `parameters.labels`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smeaton import __version__
from smeaton.errors import RowsError
from smeaton.runtime.answers import plain
from smeaton.service.body import json_object
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem
from smeaton.service.protocols import Models
from smeaton.task.table import PROBABILITY, Array
from smeaton.task.types import Type

_encode = msgspec.json.Encoder().encode

_INTEGERS = frozenset({"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"})
_NUMBERS = _INTEGERS | {"FP16", "FP32", "FP64"}
_TEXTS = frozenset({"BYTES"})
_DATATYPES = _NUMBERS | _TEXTS | {"BOOL"}


class _Oip:
    """The V2 routes."""

    prefix = "/v2"

    def problem(self, problem: Problem) -> dict[str, object]:
        """Errors as `{"error": "text"}`, with the path inside the text."""
        place = f"{problem.path}: " if problem.path else ""
        return {"error": place + problem.message}

    def routes(self, models: Models) -> Sequence[BaseRoute]:
        """Server, health, model metadata, readiness and inference."""

        async def server(_: Request) -> Response:
            return _json({"name": "smeaton", "version": __version__, "extensions": []})

        async def live(_: Request) -> Response:
            return _json({"live": True})

        async def ready(_: Request) -> Response:
            all_ready = all(model.ready for model in models.values())
            return _json({"live": all_ready, "ready": all_ready}, 200 if all_ready else 503)

        async def listing(_: Request) -> Response:
            return _json({"models": list(models)})

        async def metadata(request: Request) -> Response:
            return _json(_metadata(_model(models, request)))

        async def model_ready(request: Request) -> Response:
            model = _model(models, request)
            return _json({"name": model.name, "ready": model.ready}, 200 if model.ready else 503)

        async def infer(request: Request) -> Response:
            return await _infer(_model(models, request), request)

        routes = [
            Route("/v2", server),
            Route("/v2/health/live", live),
            Route("/v2/health/ready", ready),
            Route("/v2/models", listing),
        ]
        for base in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            routes.append(Route(base, metadata))
            routes.append(Route(f"{base}/ready", model_ready))
            routes.append(Route(f"{base}/infer", infer, methods=["POST"]))
        return routes


part = _Oip()


def _json(content: object, status: int = 200) -> Response:
    return Response(_encode(content), status, media_type="application/json")


def _model(models: Models, request: Request) -> Hosted:
    model = models.get(request.path_params["name"])
    if model is None or request.path_params.get("version", model.version) != model.version:
        raise Problem(404, "unknown_model", "there is no model of this name and version")
    return model


def _datatype(kind: Type) -> str:
    if kind.type == "category":
        return {"text": "BYTES", "integer": "INT64", "boolean": "BOOL"}[kind.base]
    return {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}.get(kind.type, "BYTES")


def _metadata(model: Hosted) -> dict[str, Any]:
    types = {name: model.task.input_types[name] for name in model.engine.program.inputs}
    outputs = [{"name": "prediction", "datatype": _datatype(model.task.output_type), "shape": [-1, 1]}]
    if model.task.is_class:
        outputs.append({"name": PROBABILITY, "datatype": "FP64", "shape": [-1, len(model.task.labels)]})
    inputs = [{"name": name, "datatype": _datatype(kind), "shape": [-1, 1]} for name, kind in types.items()]
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": "smeaton_program",
        "inputs": inputs,
        "outputs": outputs,
    }


async def _infer(model: Hosted, request: Request) -> Response:
    body = await json_object(request)
    rows = _rows(model, body)
    wanted = _wanted(body)
    try:
        answers = await model.answer(rows, model.call(trace=request.scope.get("request_id", "")))
    except RowsError as error:
        fault = error.faults[0]
        raise Problem(400, "invalid_value", fault.reason, _place(body, fault.column, fault.row)) from error
    outputs = [_output(model, name, column) for name, column in answers.items()]
    if wanted is not None:
        by_name = {output["name"]: output for output in outputs}
        unknown = [name for name in wanted if name not in by_name]
        if unknown:
            raise Problem(400, "unknown_output", "there is no such output", f"outputs.{unknown[0]}")
        outputs = [by_name[name] for name in wanted]
    reply: dict[str, Any] = {"model_name": model.name, "model_version": model.version, "outputs": outputs}
    if isinstance(body.get("id"), str):
        reply["id"] = body["id"]
    return _json(reply)


def _place(body: Mapping[str, Any], column: str, row: int) -> str:
    for number, tensor in enumerate(body["inputs"]):
        if tensor["name"] == column:
            return f"inputs[{number}].data[{row}]"
    return column


def _wanted(body: Mapping[str, Any]) -> list[str] | None:
    outputs = body.get("outputs")
    if outputs is None:
        return None
    if not isinstance(outputs, list) or not all(
        isinstance(o, dict) and isinstance(o.get("name"), str) for o in outputs
    ):
        raise Problem(400, "invalid_value", "a list of objects with a name was expected", "outputs")
    return [output["name"] for output in outputs]


def _rows(model: Hosted, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Request tensors as rows. Shapes and datatypes are checked here, values by the program."""
    tensors = body.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise Problem(400, "invalid_value", "a list of at least one tensor was expected", "inputs")
    columns: dict[str, list[Any]] = {}
    for number, tensor in enumerate(tensors):
        name, values = _tensor(model, tensor, f"inputs[{number}]")
        if name in columns:
            raise Problem(400, "duplicate_input", "this input was given before", f"inputs[{number}].name")
        columns[name] = values
    counts = {len(values) for values in columns.values()}
    if len(counts) > 1:
        raise Problem(400, "invalid_shape", "all inputs must have the same number of rows", "inputs")
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _tensor(model: Hosted, tensor: Any, path: str) -> tuple[str, list[Any]]:
    if not isinstance(tensor, dict):
        raise Problem(400, "invalid_value", "an object was expected", path)
    name, datatype, shape, data = (tensor.get(key) for key in ("name", "datatype", "shape", "data"))
    if not isinstance(name, str) or name not in model.engine.program.inputs:
        raise Problem(400, "unknown_input", "the model has no input of this name", f"{path}.name")
    if not isinstance(datatype, str) or datatype not in _DATATYPES:
        raise Problem(400, "invalid_datatype", "a datatype such as FP64, INT64, BOOL or BYTES was expected", path)
    _check_datatype(model.task.input_types[name], datatype, f"{path}.datatype")
    if not isinstance(data, list):
        raise Problem(400, "invalid_value", "a list was expected", f"{path}.data")
    flat = _flat(data)
    if not _is_shape(shape) or not isinstance(shape, list) or shape[0] != len(flat):
        raise Problem(400, "invalid_shape", "the shape must be [n, 1] or [n] for n values", f"{path}.shape")
    return name, flat


def _is_shape(shape: Any) -> bool:
    whole = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    return whole and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1))


def _flat(data: list[Any]) -> list[Any]:
    """Row-major values of a column: nested `[[a], [b]]` or flat `[a, b]`."""
    return [item[0] if isinstance(item, list) and len(item) == 1 else item for item in data]


def _check_datatype(kind: Type, datatype: str, path: str) -> None:
    native = _datatype(kind)
    allowed = {"FP64": _NUMBERS, "INT64": _INTEGERS, "BOOL": frozenset({"BOOL"}), "BYTES": _TEXTS}[native]
    if datatype not in allowed:
        raise Problem(400, "invalid_datatype", f"this input takes {native}", path)


def _output(model: Hosted, name: str, column: Array) -> dict[str, Any]:
    if name == PROBABILITY:
        labels = list(model.task.output_type.text_labels())
        data = [value for row in column.tolist() for value in row]
        shape = [len(column), len(labels)]
        return {"name": name, "datatype": "FP64", "shape": shape, "parameters": {"labels": labels}, "data": data}
    kind = model.task.output_type if name == "prediction" else Type(type="text")
    return {"name": name, "datatype": _datatype(kind), "shape": [len(column), 1], "data": plain(column)}

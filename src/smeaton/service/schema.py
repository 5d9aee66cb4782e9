"""The OpenAPI 3.1 description of a service, from its bundles' own types (JSON Schema 2020-12)."""

from collections.abc import Mapping
from typing import Any

from smeaton.service.hosted import Hosted
from smeaton.service.settings import MAX_ROWS
from smeaton.task.task import Task
from smeaton.task.types import Type

Schema = dict[str, Any]

_PLAIN: dict[str, Schema] = {
    "number": {"type": "number"},
    "integer": {"type": "integer", "minimum": -(2**53), "maximum": 2**53},
    "boolean": {"type": "boolean"},
    "text": {"type": "string"},
    "timestamp": {"type": "string", "format": "date-time"},
    "vector": {"type": "array", "items": {"type": "number"}},
    "object": {"type": "object"},
    "list": {"type": "array"},
}
_BASES: dict[str, Schema] = {"text": {"type": "string"}, "integer": {"type": "integer"}, "boolean": {"type": "boolean"}}


def type_schema(kind: Type) -> Schema:
    """JSON Schema of one value of a type, as the service accepts it."""
    schema = dict(_BASES[kind.base]) if kind.type == "category" else dict(_PLAIN.get(kind.type, {}))
    if kind.min is not None:
        schema["minimum"] = kind.min
    if kind.max is not None:
        schema["maximum"] = kind.max
    if kind.about:
        schema["description"] = kind.about
    if kind.optional and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def row_schema(task: Task, inputs: tuple[str, ...]) -> Schema:
    """JSON Schema of one request row."""
    types = {name: task.input_types[name] for name in inputs}
    return {
        "type": "object",
        "properties": {name: type_schema(kind) for name, kind in types.items()},
        "required": [name for name, kind in types.items() if not kind.optional],
        "additionalProperties": False,
    }


def answer_schema(task: Task) -> Schema:
    """JSON Schema of one answer."""
    kind = task.output_type
    prediction: Schema = {"enum": list(kind.labels)} if kind.labels else type_schema(kind)
    properties: Schema = {"prediction": prediction}
    if kind.is_class:
        share = {"type": "number", "minimum": 0, "maximum": 1}
        labels = dict.fromkeys(kind.text_labels(), share)
        properties["probability"] = {"type": "object", "properties": labels, "required": list(labels)}
    return {"type": "object", "properties": properties, "required": ["prediction"]}


def openapi(models: Mapping[str, Hosted]) -> Schema:
    """The OpenAPI document of the REST routes."""
    paths: Schema = {"/health/live": {"get": _plain("alive")}, "/health/ready": {"get": _plain("ready to answer")}}
    for number, model in enumerate(models.values()):
        operation = _operation(model)
        paths[f"/models/{model.name}/predict"] = {"post": operation}
        if number == 0:
            paths["/predict"] = {"post": {**operation, "operationId": "predict"}}
    first = next(iter(models.values()))
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Smeaton: {', '.join(models)}", "version": first.version},
        "paths": paths,
        "components": {"schemas": {"Error": _error_schema()}},
    }


def _plain(about: str) -> Schema:
    return {"summary": about, "responses": {"200": {"description": about}, "503": {"description": "not yet"}}}


def _operation(model: Hosted) -> Schema:
    rows = {"type": "array", "items": row_schema(model.task, model.engine.program.inputs), "maxItems": MAX_ROWS}
    body = {"type": "object", "properties": {"rows": rows}, "required": ["rows"], "additionalProperties": False}
    answers = {"type": "object", "properties": {"predictions": {"type": "array", "items": answer_schema(model.task)}}}
    error = {"description": "refused", "content": _json({"$ref": "#/components/schemas/Error"})}
    return {
        "operationId": f"predict_{model.name}",
        "summary": model.task.goal or f"Predict {model.task.target}",
        "requestBody": {"required": True, "content": _json(body)},
        "responses": {
            "200": {"description": "one answer for each row, in order", "content": _json(answers)},
            **dict.fromkeys(("400", "401", "413", "422", "503", "504"), error),
        },
    }


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _error_schema() -> Schema:
    text = {"type": "string"}
    fields = dict.fromkeys(("code", "message", "path", "fix"), text)
    error = {"type": "object", "properties": fields, "required": ["code", "message"]}
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}

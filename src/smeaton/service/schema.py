"""The OpenAPI 3.1 description of a service, from its bundles' own types (JSON Schema 2020-12)."""

from collections.abc import Mapping
from typing import Any

from smeaton.service.explaining import MOST_ROWS
from smeaton.service.hosted import Hosted
from smeaton.service.schema_openai import ERROR, error_schema, openai_paths
from smeaton.service.settings import Settings
from smeaton.task.structure import END, START, answered, is_spans
from smeaton.task.table import HIGH, LOW, USAGE
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
_REFUSALS = {
    "400": "the body is not a JSON object",
    "401": "no valid API key",
    "402": "the money this service may spend is used up",
    "403": "the key does not have this right",
    "408": "the body did not arrive in time",
    "413": "the body is too large, or has too many rows",
    "422": "a value is missing, unknown or of the wrong type; `path` leads to it",
    "429": "too many requests wait; Retry-After says when to come again",
    "503": "the model is not ready",
    "504": "no answer within the time a request may take",
}


def type_schema(kind: Type) -> Schema:
    """JSON Schema of one value of a type, as clients should send it."""
    schema = dict(_BASES[kind.base]) if kind.type == "category" else dict(_PLAIN.get(kind.type, {}))
    if kind.type == "category" and kind.labels:
        schema["enum"] = [*kind.labels, None] if kind.optional else list(kind.labels)
    if kind.type in ("number", "integer"):
        schema |= {name: bound for name, bound in (("minimum", kind.min), ("maximum", kind.max)) if bound is not None}
    if kind.type == "list" and kind.of is not None:
        schema |= {"items": type_schema(kind.of), **({"uniqueItems": True} if kind.answer == "many" else {})}
    if kind.type in ("object", "json") and kind.fields is not None:
        fields = {name: type_schema(part) for name, part in kind.fields.items()}
        schema |= {"type": "object", "properties": fields, "additionalProperties": kind.type == "json"}
        schema["required"] = [name for name, part in kind.fields.items() if not part.optional]
    if kind.about:
        schema["description"] = kind.about
    if kind.optional and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def _input_schema(kind: Type) -> Schema:
    """JSON Schema of an input: an empty text is null, so one that may not be null is not empty."""
    schema = type_schema(kind)
    return schema | {"minLength": 1} if schema.get("type") == "string" and "enum" not in schema else schema


def row_schema(task: Task, inputs: tuple[str, ...]) -> Schema:
    """JSON Schema of one request row."""
    types = {name: task.input_types[name] for name in inputs}
    return {
        "type": "object",
        "properties": {name: _input_schema(kind) for name, kind in types.items()},
        "required": [name for name, kind in types.items() if not kind.optional],
        "additionalProperties": False,
    }


def answer_schema(task: Task, outputs: tuple[str, ...]) -> Schema:
    """JSON Schema of one answer. A row whose `error` is set has no prediction."""
    kind = task.output_type
    properties: Schema = {}
    for name in outputs:
        if name == "prediction":
            labels = list(kind.labels or ())
            properties[name] = {"enum": labels} if labels else {"type": "number"} if _is_number(kind) else {}
            if kind.answer in ("many", "structure"):
                properties[name] = _answered(answered(kind))
            if "error" in outputs and properties[name]:
                properties[name] = {"anyOf": [properties[name], {"type": "null"}]}
        elif name == "probability":
            share = {"type": "number", "minimum": 0, "maximum": 1}
            shares = dict.fromkeys(kind.text_labels(), share)
            properties[name] = {"type": "object", "properties": shares, "required": list(shares)}
        elif name in (LOW, HIGH):
            properties[name] = _end(kind, name)
        else:
            properties[name] = {"type": ["string", "null"]} if name == "error" else {}
    if USAGE in properties:
        properties[USAGE] = {"type": ["object", "null"], "description": "tokens and dollars, where asked for"}
    required = [name for name in properties if name != USAGE]
    return {"type": "object", "properties": properties, "required": required}


def _end(kind: Type, name: str) -> Schema:
    """An end of a prediction interval; null where the answer is."""
    what = "lowest" if name == LOW else "highest"
    about = f"the {what} number of the {kind.level or 0:.0%} prediction interval"
    return {"type": ["number", "null"], "description": about}


def _answered(kind: Type) -> Schema:
    """A list or object as it is answered: every field is there, those without a value as null."""
    schema = type_schema(kind)
    if kind.type == "list" and kind.of is not None:
        schema["items"] = _answered(kind.of)
        if is_spans(kind):
            offset = {"type": "integer", "minimum": 0, "description": "counted in code points of the text, from 0"}
            schema["items"]["properties"] |= {START: offset, END: offset}
    elif kind.type == "object" and kind.fields is not None:
        schema["properties"] = {name: _answered(part) for name, part in kind.fields.items()}
        schema["required"] = list(kind.fields)
    return schema


def openapi(models: Mapping[str, Hosted], settings: Settings) -> Schema:
    """The OpenAPI document of the REST routes and of OpenAI's."""
    paths: Schema = {
        "/health/live": _get("live", "whether the process answers"),
        "/health/ready": _get("ready", "whether every model is ready", {"503": {"description": "not ready"}}),
        "/models": _get("models", "the models that answer here", _closed()),
        "/metrics": {"get": _metrics()},
        "/feedback": {"post": _feedback(settings)},
    }
    paths |= openai_paths(models)
    schemas: Schema = {"Error": _error_schema(), ERROR: error_schema()}
    for number, model in enumerate(models.values()):
        schemas[f"{model.name}.row"] = row_schema(model.task, model.engine.program.inputs)
        schemas[f"{model.name}.answer"] = answer_schema(model.task, model.engine.program.outputs)
        operation = _predict(model, settings)
        paths[f"/models/{model.name}/predict"] = {"post": operation}
        if number == 0:
            paths["/predict"] = {"post": {**operation, "operationId": "predict"}}
        if settings.explain:
            paths |= _explained(model, number == 0)
        paths[f"/models/{model.name}/reload"] = {"post": _reload(model)}
        if model.states:
            paths[f"/models/{model.name}/learn"] = {"post": _learn(model, settings)}
    version = next((model.version for model in models.values()), "none")
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": f"Smeaton: {', '.join(models)}", "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if settings.keyring is not None:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def _get(name: str, about: str, more: Schema | None = None) -> Schema:
    found = {"200": {"description": about, "content": _json({"type": "object"})}, **(more or {})}
    return {"get": {"operationId": name, "summary": about, "responses": found}}


def _closed() -> Schema:
    """How a place that needs a key refuses."""
    return {status: {"description": _REFUSALS[status], "content": _json(_ref("Error"))} for status in ("401", "403")}


def _predict(model: Hosted, settings: Settings) -> Schema:
    rows = {"type": "array", "items": _ref(f"{model.name}.row"), "minItems": 1, "maxItems": settings.limits.rows}
    stream = {"type": "boolean", "default": False, "description": "answer piece by piece, as server-sent events"}
    answers = {"type": "array", "items": _ref(f"{model.name}.answer")}
    usage = {"type": "boolean", "default": False, "description": "say what each row took of other models"}
    content = _json(_object({"predictions": answers}, "predictions"))
    content["text/event-stream"] = {"schema": {"type": "string"}}
    return {
        "operationId": f"predict_{model.name}",
        "summary": model.task.goal or f"Predict {model.task.target}",
        "requestBody": _body(_object({"rows": rows, "stream": stream, "usage": usage}, "rows")),
        "responses": {"200": {"description": "one answer for each row, in order", "content": content}, **_refusals()},
    }


def _explained(model: Hosted, first: bool) -> Schema:
    number = {"type": "number"}
    parts = {"column": {"type": "string"}, "value": number, "error": {"type": "number", "minimum": 0, "default": 0}}
    about = {
        "value": number,
        "base": {"type": "number", "description": "with all contributions it makes the value"},
        "unit": {"type": "string"},
        "method": {"type": "string"},
        "asked": {"type": "integer", "description": "rows the model answered for it"},
        "contributions": {"type": "array", "items": _object(parts, "column", "value")},
        "label": {},
    }
    each = _object(about, *(name for name in about if name != "label"))
    content = _json(_object({"explanations": {"type": "array", "items": each}}, "explanations"))
    rows = {"type": "array", "items": _ref(f"{model.name}.row"), "minItems": 1, "maxItems": MOST_ROWS}
    label = {"description": "the label to explain; default the likeliest"}
    operation = {
        "operationId": f"explain_{model.name}",
        "summary": "What each column adds to each answer",
        "requestBody": _body(_object({"rows": rows, "label": label}, "rows")),
        "responses": {"200": {"description": "one for each row, in order", "content": content}, **_refusals()},
    }
    own: Schema = {f"/models/{model.name}/explain": {"post": operation}}
    return own | ({"/explain": {"post": {**operation, "operationId": "explain"}}} if first else {})


def _learn(model: Hosted, settings: Settings) -> Schema:
    items = {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": settings.limits.rows}
    step = {"type": ["string", "null"], "enum": [*model.states, None]}
    number = {"type": "integer", "minimum": 0}
    done = _json(_object({"revision": number, "accepted": number}, "revision", "accepted"))
    return {
        "operationId": f"learn_{model.name}",
        "summary": "Write to the model's state: on disk and answered with once this returns",
        "requestBody": _body(_object({"items": items, "step": step}, "items")),
        "responses": {"200": {"description": "the new revision of the state", "content": done}, **_refusals()},
    }


def _metrics() -> Schema:
    text = {"text/plain": {"schema": {"type": "string"}}}
    responses = {"200": {"description": "Prometheus text; OpenMetrics by Accept", "content": text}, **_closed()}
    return {"operationId": "metrics", "summary": "What was counted, of all workers", "responses": responses}


def _feedback(settings: Settings) -> Schema:
    row = {"type": "integer", "minimum": 0, "default": 0}
    at = {"type": ["number", "string"], "description": "unix seconds or ISO 8601; when it came to be known"}
    item = _object({"id": {"type": "string", "minLength": 1}, "row": row, "truth": {}, "at": at}, "id", "truth")
    items = {"type": "array", "items": item, "minItems": 1, "maxItems": settings.limits.rows}
    done = _json(_object({"accepted": {"type": "integer", "minimum": 0}}, "accepted"))
    others = {"404": "this service keeps no journal", "507": "it could not be stored"}
    more = {status: {"description": about, "content": _json(_ref("Error"))} for status, about in others.items()}
    return {
        "operationId": "feedback",
        "summary": "The truth of earlier predictions, by their request id: on disk once this returns",
        "requestBody": _body(_object({"items": items}, "items")),
        "responses": {"200": {"description": "how many were taken", "content": done}, **_refusals(), **more},
    }


def _reload(model: Hosted) -> Schema:
    done = _json(_object({"model": {"type": "string"}, "bundle": {"type": "string"}}, "model", "bundle"))
    kept = {"description": "it cannot be swapped in; the old one goes on", "content": _json(_ref("Error"))}
    return {
        "operationId": f"reload_{model.name}",
        "summary": "Open the bundle again from its folder and swap it in, on every worker or on none",
        "responses": {"200": {"description": "the hash that answers now", "content": done}, "409": kept, **_closed()},
    }


def _refusals() -> Schema:
    return {status: {"description": about, "content": _json(_ref("Error"))} for status, about in _REFUSALS.items()}


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": _json(schema)}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _is_number(kind: Type) -> bool:
    return kind.type in ("number", "integer")


def _error_schema() -> Schema:
    fields = {name: {"type": "string"} for name in ("code", "message", "path", "fix")}
    return _object({"error": _object(fields, "code", "message")}, "error")

"""The OpenAPI description of OpenAI's endpoints: what of them is honoured here, from the tables that judge requests."""

from collections.abc import Mapping
from typing import Any

from smeaton.service.hosted import Hosted
from smeaton.service.protocols._openai_request import CHAT, NEUTRAL, RESPONSES

Schema = dict[str, Any]

ERROR = "OpenAIError"
_REFUSALS = {
    "400": "something in it cannot be honoured; `param` leads to it",
    "401": "no valid API key",
    "402": "the money this service may spend is used up",
    "403": "the key does not have this right",
    "404": "there is no model of this name and version",
    "408": "the body did not arrive in time",
    "413": "the body is too large",
    "429": "too many wait for this model; Retry-After says when to come again",
    "503": "the model is not ready",
    "504": "no answer within the time a request may take",
}
_FLAG: Schema = {"type": ["boolean", "null"]}
_LISTED: Schema = {"type": ["array", "null"], "items": {"type": "object"}}
_CHOICE: Schema = {"description": "`required`, `none`, or the function that is to be called"}
_TOP: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": 20}


def openai_paths(models: Mapping[str, Hosted]) -> Schema:
    """The paths."""
    names = [name for model in models.values() for name in (model.name, f"{model.name}@{model.version}")]
    model = {"type": "string", "enum": names}
    return {
        "/v1/chat/completions": {"post": _post("chat", "Answer a message of the user", _chat(model), stream=True)},
        "/v1/responses": {"post": _post("respond", "Answer a text of the user", _response(model), stream=True)},
        "/v1/embeddings": {"post": _post("embed", "Vectors of the encoder in a bundle", _embeddings(model))},
        "/v1/models": {"get": _get("list_models", "The models that answer here")},
    }


def error_schema() -> Schema:
    """How these endpoints refuse."""
    text = {"type": "string"}
    fields = {"message": text, "type": text, "param": {"type": ["string", "null"]}, "code": text}
    error = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def _chat(model: Schema) -> Schema:
    part = {"type": "object", "properties": {"type": {"const": "text"}, "text": {"type": "string"}}}
    content = {"anyOf": [{"type": "string"}, {"type": "array", "items": part, "minItems": 1, "maxItems": 1}]}
    message = {
        "type": "object",
        "properties": {"role": {"const": "user"}, "content": content},
        "required": ["role", "content"],
        "additionalProperties": False,
    }
    own: Schema = {
        "model": model,
        "messages": {"type": "array", "items": message, "minItems": 1, "maxItems": 1},
        "stream": _FLAG,
        "stream_options": {"type": ["object", "null"]},
        "response_format": {"type": ["object", "null"]},
        "tools": _LISTED,
        "tool_choice": _CHOICE,
        "logprobs": _FLAG,
        "top_logprobs": _TOP,
    }
    return _body(own, CHAT, ["model", "messages"])


def _response(model: Schema) -> Schema:
    own: Schema = {
        "model": model,
        "input": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "maxItems": 1}]},
        "stream": _FLAG,
        "stream_options": {"type": ["object", "null"]},
        "text": {"type": ["object", "null"]},
        "tools": _LISTED,
        "tool_choice": _CHOICE,
        "include": {"enum": [[], ["message.output_text.logprobs"], None]},
        "top_logprobs": _TOP,
    }
    return _body(own, RESPONSES, ["model", "input"])


def _embeddings(model: Schema) -> Schema:
    text = {"type": "string", "minLength": 1}
    own: Schema = {
        "model": model,
        "input": {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]},
        "encoding_format": {"enum": ["float", "base64", None]},
        "dimensions": {"type": ["integer", "null"]},
    }
    return _body(own, frozenset({"user"}), ["model", "input"])


def _body(own: Schema, known: frozenset[str], required: list[str]) -> Schema:
    """A body: what is honoured, and of the rest the values that say what is so anyway."""
    others = {name: {"enum": [*NEUTRAL.get(name, ()), None]} for name in sorted(known - set(own))}
    return {"type": "object", "properties": own | others, "required": required, "additionalProperties": False}


def _post(name: str, about: str, body: Schema, *, stream: bool = False) -> Schema:
    content: Schema = {"application/json": {"schema": {"type": "object"}}}
    if stream:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    responses = {"200": {"description": "as OpenAI answers", "content": content}, **_refusals(*_REFUSALS)}
    if stream:
        responses |= {"422": {"description": "the model gave no answer to this row", "content": _error()}}
    return {
        "operationId": f"openai_{name}",
        "summary": about,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": responses,
    }


def _get(name: str, about: str) -> Schema:
    done = {"description": about, "content": {"application/json": {"schema": {"type": "object"}}}}
    return {"operationId": f"openai_{name}", "summary": about, "responses": {"200": done, **_refusals("401", "403")}}


def _refusals(*statuses: str) -> Schema:
    return {status: {"description": _REFUSALS[status], "content": _error()} for status in statuses}


def _error() -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{ERROR}"}}}

"""`POST /v1/embeddings`: vectors of the encoder inside of a bundle."""

import base64
from typing import Any

import msgspec
import numpy as np

from smeaton.service.body import parse_object
from smeaton.service.exchange import Asked, Reply
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem, place
from smeaton.task.table import Array

_encode = msgspec.json.Encoder().encode
_KNOWN = frozenset({"model", "input", "encoding_format", "dimensions", "user"})
_FORMATS = ("float", "base64")


async def embeddings(model: Hosted, asked: Asked) -> Reply:
    """Vectors of one text or several.

    Raises:
        Problem: the model has no encoder, or something in the body cannot be honoured. CallError: no time is left.
    """
    model.admit(1)
    if not model.embeds:
        raise Problem(400, "no_encoder", "this model has no encoder of texts that could be asked by itself", "model")
    texts, form, dimensions = await model.parse(lambda body: _read(model, body), asked.body)
    vectors = await model.vectors(texts, asked)
    if dimensions not in (None, vectors.shape[1]):
        message = f"vectors of this model have {vectors.shape[1]} dimensions"
        raise Problem(400, "unsupported_value", message, "dimensions")
    data = [
        {"object": "embedding", "index": number, "embedding": _written(vector, form)}
        for number, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return Reply(_encode({"object": "list", "data": data, "model": f"{model.name}@{model.version}", "usage": usage}))


def _read(model: Hosted, content: bytes) -> tuple[list[str], str, Any]:
    body = parse_object(content, model.limits)
    for name, value in body.items():
        if name not in _KNOWN:
            raise Problem(400, "unknown_parameter", "there is no such parameter", place("", None, name) or "body")
        if name == "user" and value is not None:
            raise Problem(400, "unsupported_parameter", "callers are told apart by their keys", name, "leave it out")
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Problem(400, "invalid_value", "a text or a list of texts was expected", "input")
    for number, text in enumerate(texts):
        if not text.strip():
            raise Problem(400, "invalid_value", "a text that is not empty was expected", f"input[{number}]")
    form = body.get("encoding_format") or "float"
    if form not in _FORMATS:
        raise Problem(400, "unsupported_value", f"one of {', '.join(_FORMATS)} was expected", "encoding_format")
    return texts, form, body.get("dimensions")


def _written(vector: Array, form: str) -> Any:
    """Numbers, or the bytes of little-endian float32 as base64, as OpenAI sends them."""
    if form == "base64":
        return base64.b64encode(np.ascontiguousarray(vector, dtype="<f4").tobytes()).decode()
    return vector.astype(np.float64).tolist()

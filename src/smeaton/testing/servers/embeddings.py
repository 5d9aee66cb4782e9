"""OpenAI's embeddings wire: vectors that a hash of the text decides, of length 1."""

import base64
import hashlib
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from smeaton.testing.servers._answer import Answer, input_tokens
from smeaton.testing.servers._openai import bearer, error_body
from smeaton.testing.servers._refusal import Refused, known_keys, needed, one_of, within
from smeaton.testing.servers._wire import Event
from smeaton.testing.servers.script import Request

_KEYS = ("dimensions", "encoding_format", "input", "model", "user")
_DIMENSIONS = 256


class Embeddings:
    """The wire. A `Say` with a `vector` gives that one to every text."""

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The bearer key."""
        return bearer(headers)

    def error(self, refused: Refused) -> dict[str, Any]:
        """An error in OpenAI's form."""
        return error_body(refused)

    def read(self, body: Mapping[str, Any], path: Mapping[str, str], dialect: str) -> Request:
        """A request, checked as OpenAI would.

        Raises:
            Refused: it would not be taken.
        """
        known_keys(body, _KEYS)
        needed(body, {"model": str})
        one_of(body.get("encoding_format", "float"), ("float", "base64"), "encoding_format")
        within(body, "dimensions", 1, 4096)
        given = body.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
            raise Refused("'input' is a text that is not empty, or a list of them", param="input")
        turns = tuple(("user", text) for text in texts)
        return Request(wire="embeddings", model=body["model"], user=texts[-1], texts=turns, body=body)

    def whole(self, request: Request, answer: Answer) -> dict[str, Any]:
        """A list of vectors."""
        size = int(request.body.get("dimensions") or _DIMENSIONS)
        plain = request.body.get("encoding_format", "float") == "float"
        data = []
        for place, (_, text) in enumerate(request.texts):
            vector = list(answer.vector or embedding(text, size))
            value = vector if plain else base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            data.append({"object": "embedding", "index": place, "embedding": value})
        count = input_tokens(request)
        usage = {"prompt_tokens": count, "total_tokens": count}
        return {"object": "list", "data": data, "model": answer.model, "usage": usage}

    def events(self, request: Request, answer: Answer) -> Iterator[Event]:
        """Vectors are not streamed."""
        return iter(())


def embedding(text: str, size: int) -> list[float]:
    """The vector of a text."""
    seed = hashlib.sha256(text.encode()).digest()
    raw = hashlib.shake_256(seed).digest(2 * size)
    values = [value / 32768 for value in struct.unpack(f"<{size}h", raw)]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]

"""A reply written without the application: where it is not asked (bad HTTP, too many connections) or not there."""

import json
from http import HTTPStatus


def refusal(url: bytes, status: int, code: str, message: str, *, retry: int | None = None) -> bytes:
    """A whole HTTP/1.1 reply with an error as its body; the connection ends after it.

    The body has the form of the wire the request came over: text under `/v2` (Open Inference Protocol), else
    `{"error": {"code", "message"}}`. `retry` is the number of seconds after which to ask again.
    """
    path = url.partition(b"?")[0]
    plain = path == b"/v2" or path.startswith(b"/v2/")
    content = {"error": message if plain else {"code": code, "message": message}}
    return reply(status, json.dumps(content, ensure_ascii=False).encode(), retry=retry)


def reply(status: int, body: bytes, *, retry: int | None = None) -> bytes:
    """A whole HTTP/1.1 reply with a JSON body; the connection ends after it."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "connection: close",
    ]
    if retry is not None:
        lines.append(f"retry-after: {retry}")
    return "\r\n".join([*lines, "", ""]).encode() + body

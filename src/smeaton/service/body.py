"""Read a JSON request body strictly: bounded size, UTF-8, no NaN, bounded nesting, an object at the top."""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from smeaton.service.problem import Problem
from smeaton.service.settings import MAX_DEPTH

_decode = msgspec.json.Decoder().decode
_STRINGS = re.compile(rb'"(?:[^"\\\\]|\\\\.)*+"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a mapping.

    Raises:
        Problem: 400 with what is wrong; 413 where the body is too large (raised by the guard while it is read).
    """
    body = await request.body()
    if not body.strip():
        raise Problem(400, "empty_body", "the body is empty; a JSON object was expected")
    _check_depth(body)
    try:
        content = _decode(body)
    except msgspec.DecodeError as error:
        raise Problem(400, "invalid_json", f"the body is not valid JSON: {error}") from error
    except UnicodeDecodeError as error:
        raise Problem(400, "invalid_json", f"the body is not UTF-8: byte {error.start}") from error
    except RecursionError as error:
        raise Problem(400, "invalid_json", "the body is nested too deeply") from error
    if not isinstance(content, dict):
        raise Problem(400, "invalid_body", "the body must be a JSON object", "$")
    return content


def _check_depth(body: bytes) -> None:
    """Refuse deep nesting before it is decoded."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise Problem(400, "invalid_json", f"the body is nested deeper than {MAX_DEPTH}")

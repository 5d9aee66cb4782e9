"""Read a JSON request body strictly: UTF-8, no NaN, no key twice, an object at the top. The guard bounds its size."""

import json
import re
from typing import Any

import msgspec
from starlette.requests import Request

from smeaton.service.problem import Problem

_decode = msgspec.json.Decoder().decode
_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a mapping.

    Raises:
        Problem: 400 with what is wrong.
    """
    return parse_object(await request.body())


def parse_object(body: bytes) -> dict[str, Any]:
    """Bytes as a JSON object.

    Raises:
        Problem: 400 with what is wrong.
    """
    if not body.strip():
        raise _invalid("empty_body", "the body is empty; a JSON object was expected")
    try:
        content = _decode(body)
    except msgspec.DecodeError as error:
        raise _invalid("invalid_json", f"the body is not valid JSON: {error}") from error
    except UnicodeDecodeError as error:
        raise _invalid("invalid_json", "the body is not UTF-8") from error
    except RecursionError as error:
        raise _invalid("invalid_json", "the body is nested too deeply") from error
    if not isinstance(content, dict):
        raise _invalid("invalid_body", "the body must be a JSON object")
    if body.count(b'":') > _keys(content) or _SPACED_KEY.search(body):
        _refuse_repeats(body)
    return content


def _invalid(code: str, message: str) -> Problem:
    return Problem(400, code, message)


def _keys(value: Any) -> int:
    """A count of keys that is quick and never too high: deeper levels may be missed, and are then looked at."""
    if isinstance(value, dict):
        return len(value) + sum(_keys(item) for item in value.values() if item.__class__ in (dict, list))
    if value and value[0].__class__ is dict:
        return sum(len(item) for item in value if item.__class__ is dict)
    return 0


def _refuse_repeats(body: bytes) -> None:
    """Read the body again, slowly, with an eye on repeated keys: of two values one would be dropped in silence."""
    try:
        json.loads(body, object_pairs_hook=_pairs, parse_int=len, parse_float=len)
    except (RecursionError, ValueError) as error:  # this reader is not the one that took the body
        raise _invalid("invalid_json", "the body cannot be read") from error


def _pairs(pairs: list[tuple[str, Any]]) -> int:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _invalid("invalid_json", "an object in the body has a key twice")
    return 0

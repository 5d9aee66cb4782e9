"""Read a JSON request body strictly: UTF-8, no NaN, no key twice, an object at the top. The guard bounds its size."""

import json
import re
from typing import Any

import msgspec
from starlette.requests import Request

from smeaton.service.problem import Problem, place
from smeaton.service.settings import Limits

_decode = msgspec.json.Decoder().decode
_Path = tuple[Any, str | int] | None  # (path of what holds it, key); None at the top
_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')


async def json_object(request: Request, limits: Limits) -> dict[str, Any]:
    """The body as a mapping. Raises as `parse_object` does."""
    return parse_object(await request.body(), limits)


def parse_object(body: bytes, limits: Limits) -> dict[str, Any]:
    """Bytes as a JSON object of at most so many levels, with no text longer than so many characters.

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
    if len(body) > limits.text or body.count(b"[") + body.count(b"{") > limits.nesting:
        _bound(content, limits)
    if body.count(b'":') > _keys(content) or has_spaced_key(body):
        _refuse_repeats(body)
    return content


def has_spaced_key(body: bytes) -> bool:
    """Whether there may be a key with blanks before its colon (a text may look like one)."""
    return _SPACED_KEY.search(body) is not None


def _bound(content: Any, limits: Limits) -> None:
    """Refuse what is nested too deeply or holds a text that is too long, with the path to it.

    The path is made only for what is refused: a body may hold a million values.
    """
    level: list[tuple[Any, _Path]] = [(content, None)]
    for _ in range(limits.nesting):
        below: list[tuple[Any, _Path]] = []
        for value, path in level:
            pairs = value.items() if value.__class__ is dict else enumerate(value)
            for key, part in pairs:
                kind = part.__class__
                if kind is dict or kind is list:
                    below.append((part, (path, key)))
                elif kind is str and len(part) > limits.text:
                    raise Problem(
                        422, "text_too_long", f"a text has more than {limits.text:,} characters", _shown((path, key))
                    )
        if not below:
            return
        level = below
    raise Problem(422, "nested_too_deeply", f"the body has more than {limits.nesting} levels", _shown(level[0][1]))


def _shown(path: "_Path") -> str:
    keys: list[str | int] = []
    while path is not None:
        path, key = path
        keys.append(key)
    text = ""
    for key in list(reversed(keys))[:8]:
        text = f"{text}[{key}]" if isinstance(key, int) else place(text, None, key)
    return text


def _invalid(code: str, message: str) -> Problem:
    return Problem(400, code, message, "body")


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

"""The thirteen bad inputs: what a server does with each. A good one says 4xx, in few bytes, repeats nothing, scores
nothing, and goes on answering."""

import json
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.serving.calls import TOLERANCE, ask, exchange
from benchmarks.serving.model import CATEGORIES, NUMBERS
from benchmarks.serving.running import Running
from benchmarks.serving.wires import Wire

_NUMBER, _CATEGORY = NUMBERS[2], CATEGORIES[1]
_HOLE = "@hole@"
_DEEP, _LONG, _DIGITS = 100_000, 20_000_000, 400
#: What is put in the place of a number.
_AS_NUMBER: Mapping[str, bytes] = {
    "text for a number": b'"forty-one point five"',
    "null number": b"null",
    "NaN literal": b"NaN",
    "400-digit integer": b"7" * _DIGITS,
    "100,000-deep nesting": b"[" * _DEEP + b"]" * _DEEP,
    "20 MB string": b'"' + b"y" * _LONG + b'"',
}
_AS_CATEGORY: Mapping[str, bytes] = {"null category": b"null", "bad UTF-8": b'"value \xff\xfe\xfa"'}
#: What shows that a reply repeats a request, beside the values of its row.
_MARKS = (b"forty-one point", b"7" * 40, b"[" * 40, b"y" * 40)


def bodies(wire: Wire, row: Mapping[str, Any]) -> dict[str, bytes]:
    """The thirteen, in a server's own form."""
    good = json.dumps(wire.wrap([row])).encode()
    lacking = {name: value for name, value in row.items() if name != _NUMBER}
    found = {
        "malformed JSON": good[:-3],
        "empty body": b"",
        "list root": json.dumps([row]).encode(),
        "no rows": json.dumps(wire.wrap([])).encode(),
        "missing column": json.dumps(wire.wrap([lacking])).encode(),
    }
    for column, values in ((_NUMBER, _AS_NUMBER), (_CATEGORY, _AS_CATEGORY)):
        holed = json.dumps(wire.wrap([{**row, column: _HOLE}])).encode()
        found |= {name: holed.replace(f'"{_HOLE}"'.encode(), value) for name, value in values.items()}
    return found


def send(running: Running, body: bytes) -> dict[str, Any]:
    """What one of them gets, and whether the server still answers a good row after it."""
    start = time.perf_counter()
    row, expected = running.model.rows[0]
    values = [str(row[name]).encode() for name in NUMBERS]
    try:
        status, reply = exchange(running.url, body)
    except (OSError, ValueError) as error:
        return {"status": None, "reply": f"{type(error).__name__}: {error}"[:200], "alive": _alive(running, expected)}
    return {
        "status": status,
        "bytes": len(reply),
        "seconds": time.perf_counter() - start,
        "echoed": any(mark in reply for mark in (*_MARKS, *values)),
        "scored": status == 200 and _scored(running.server.wire, reply),
        "path": _path(reply),
        "reply": reply[:200].decode("utf-8", "replace"),
        "alive": _alive(running, expected),
    }


def _scored(wire: Wire, reply: bytes) -> bool:
    try:
        wire.read(json.loads(reply))
    except (ValueError, KeyError, IndexError, TypeError):
        return False
    return True


def _path(reply: bytes) -> str | None:
    """The path to the bad value, where the reply is an error in Smeaton's form."""
    try:
        error = json.loads(reply)["error"]
        return error.get("path") if isinstance(error, dict) else None
    except (ValueError, KeyError, TypeError):
        return None


def _alive(running: Running, expected: float) -> bool:
    if running.process.poll() is not None:
        return False
    try:
        return abs(ask(running.server, running.url, running.model.rows[0][0]) - expected) <= TOLERANCE
    except (OSError, ValueError, KeyError, TypeError):
        return False

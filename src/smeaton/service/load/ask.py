"""Single questions before a load: is it there, what does it serve, does it answer these requests."""

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any

from smeaton.errors import InputError
from smeaton.service.load.target import Target

_SECONDS = 30.0
_SHOWN = 300  # characters of an answer


def facts(target: Target, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """What a service says of itself at a path.

    Raises:
        InputError: it cannot be reached, or says something else.
    """
    status, body = _ask(target, "GET", path, b"", headers)
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if status != 200 or not isinstance(said, dict):
        raise InputError(
            f"it answers {status} at {path}: {_shown(body)}", fix="name a running Smeaton service", where=target.url
        )
    return said


def check_ready(target: Target, headers: Mapping[str, str]) -> None:
    """Raises InputError if the service cannot be reached or says that it is not ready."""
    status, body = _ask(target, "GET", "/health/ready", b"", headers)
    if status == 503:
        raise InputError(f"the service is not ready: {_shown(body)}", fix="wait until it is", where=target.url)


def check_bodies(target: Target, bodies: Sequence[bytes], headers: Mapping[str, str]) -> None:
    """Ask each once at the path of the target: a load of refused requests measures nothing.

    Raises:
        InputError: one is not answered with 200.
    """
    for number, body in enumerate(bodies):
        status, answer = _ask(target, "POST", target.path, body, {"Content-Type": "application/json", **headers})
        if status != 200:
            fix = "give --key-file" if status in (401, 403) else "give rows that it takes: --rows FILE.jsonl"
            raise InputError(
                f"request {number} is answered with {status}: {_shown(answer)}", fix=fix, where=target.url + target.path
            )


def _ask(target: Target, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(target.host, target.port, timeout=_SECONDS)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        reply = connection.getresponse()
        return reply.status, reply.read()
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(f"no service answers there: {why}", fix="check the address", where=target.url) from error
    finally:
        connection.close()


def _shown(body: bytes) -> str:
    text = " ".join(body[: _SHOWN * 4].decode("utf-8", "replace").split())
    return text[:_SHOWN] if text.isprintable() else repr(text[:_SHOWN])

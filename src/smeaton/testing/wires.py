"""What every wire protocol promises, as a check that anyone who writes one can run."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem, problem_of
from smeaton.service.service import Service, by_prefix

_MOST = 1024  # bytes of an error
_PLANTED = "zq-planted-zq"
#: Bodies that no wire takes.
NONSENSE: Mapping[str, bytes] = {
    "nothing": b"",
    "half a list": b'{"rows": [',
    "a list": b"[]",
    "an object of no meaning": b'{"%s": 1}' % _PLANTED.encode(),
    "not UTF-8": b'"\xff"',
    "deep": b"[" * 100_000,
}


def check_protocol(name: str, service: Service, model: Hosted) -> None:
    """Check the wire called `name` in a running service with a model that is ready: its paths, how it writes errors,
    and that nonsense is refused at each place it answers.

    Raises:
        AssertionError: with what was promised and what was found.
    """
    wire = service.wires[name]
    paths = dict(wire.asks(model, False))
    assert set(paths) <= set(wire.asks(model, True)), "the first model answers everywhere that others do, too"
    for path in paths:
        assert path.startswith(f"{wire.prefix}/"), f"{path} does not begin with the prefix {wire.prefix!r}"
        assert model.name in path, f"{path} does not name its model"
        assert by_prefix(list(service.wires.values()), path) is wire, f"errors at {path} are shown another's way"
        assert service.registry.asks[path][1] is wire, f"{path} is answered by another wire"
    routes = [getattr(route, "path", "") for route in wire.routes(service)]
    assert all(path.startswith(wire.prefix) for path in routes), "a route is outside of the prefix"
    _check_writing(wire.problem(Problem(422, "invalid_value", "m" * 5000, "rows[3].age", "f" * 5000)))
    asyncio.run(_check_refusals(service, sorted(paths), wire.problem))


def _check_writing(written: tuple[int, object], path: str = "rows[3].age") -> None:
    status, content = written
    body = msgspec.json.encode(content)
    assert 400 <= status < 500, f"a problem of the caller has the status {status}"
    assert len(body) <= _MOST, f"an error has {len(body)} bytes"
    assert path.encode() in body, "an error does not say where"


async def _check_refusals(service: Service, paths: Sequence[str], write: Any) -> None:
    for path in paths:
        for what, body in NONSENSE.items():
            status, reply = await _ask(service, path, body)
            assert 400 <= status < 500, f"{what} at {path} is answered with {status}"
            assert len(reply) <= _MOST, f"{what} at {path} is answered with {len(reply)} bytes"
            assert "error" in msgspec.json.decode(reply), f"{what} at {path} is refused in another form"
            assert _PLANTED.encode() not in reply or what == "an object of no meaning", f"{what} at {path} is echoed"
        gone = problem_of(Problem(404, "unknown_model", "there is no model of this name"))
        assert gone is not None
        assert write(gone)[0] == 404


async def _ask(service: Service, path: str, body: bytes) -> tuple[int, bytes]:
    """Ask the application itself, without a socket."""
    host = (b"host", b"localhost")
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "scheme": "http",
        "headers": [host, (b"content-length", b"%d" % len(body))],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await service.app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

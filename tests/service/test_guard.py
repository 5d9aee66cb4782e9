"""Who may call: Host and Origin, keys, request ids, headers; and that a fault tells nothing."""

import asyncio
import logging
from typing import Any

import pytest

from smeaton.errors import InputError
from smeaton.service.auth.keychange import change_keys
from smeaton.service.auth.keyfile import new_key
from smeaton.service.bounds import SECURITY
from smeaton.service.guard import Guard
from smeaton.service.listening import is_loopback
from smeaton.service.settings import Limits, Settings, settings_for

KEYS = [new_key("ci", ["predict"]), new_key("old", ["predict"])]
KEY, OTHER = KEYS[0][0], KEYS[1][0]


@pytest.fixture
def caller(client: Any, churn: Any) -> Any:
    return client(churn)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:8000", 421),
        ("evil.example#localhost", 421),
        ("localhost@evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_a_rebound_name_is_refused_on_loopback(caller: Any, host: str, status: int) -> None:
    assert caller.send("GET", "/models", headers={"host": host})[0] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 200),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("http://[", 403),
        ("", 403),
    ],
)
def test_other_web_pages_are_refused(caller: Any, origin: str, status: int) -> None:
    assert caller.send("GET", "/models", headers={"origin": origin})[0] == status


def test_every_reply_has_an_id_and_security_headers(caller: Any) -> None:
    for path in ("/models", "/nothing", "/v2", "/"):
        _, _, headers = caller.send("GET", path, headers={"x-request-id": "mine-1"})
        assert headers["x-request-id"] == "mine-1"
        assert {name.decode() for name, _ in SECURITY} <= headers.keys()
    _, _, headers = caller.send("GET", "/models", headers={"host": "evil.example"})
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("bad", ["x" * 65, "naïve", ""])
def test_an_odd_request_id_is_replaced(caller: Any, bad: str) -> None:
    given = caller.send("GET", "/models", headers={"x-request-id": bad.encode("latin-1")})[2]["x-request-id"]
    assert given != bad
    assert len(given) == 16


@pytest.fixture
def locked(client: Any, churn: Any, tmp_path: Any) -> Any:
    keys = tmp_path / "keys"
    change_keys(keys, lambda _: [key for _, key in KEYS])
    return client(churn, host="0.0.0.0", key_file=str(keys))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {KEY}"}, 200),
        ({"authorization": f"bearer  {KEY}"}, 200),
        ({"x-api-key": OTHER}, 200),
        ({"authorization": f"Basic {KEY}"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"x-api-key": KEY[:-1]}, 401),
    ],
)
def test_keys(locked: Any, headers: dict[str, str], status: int) -> None:
    found, _, told = locked.send("GET", "/models", headers=headers | {"host": "service.example"})
    assert found == status
    assert told.get("www-authenticate") == ("Bearer" if status == 401 else None)


def test_probes_need_no_key_and_the_description_says_how_to_send_one(locked: Any) -> None:
    assert locked.get("/health/ready")[0] == 200
    assert locked.get("/v2/health/live")[0] == 200
    document = locked.send("GET", "/openapi.json", headers={"x-api-key": KEY})[1]
    assert b'"securitySchemes":{"key":{"type":"http","scheme":"bearer"}}' in document


def test_an_open_address_needs_keys_or_a_gateway(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="no key is asked for"):
        settings_for("0.0.0.0", "key", None)
    assert settings_for("0.0.0.0", "external", None).keyring is None
    assert not settings_for("::", "external", None).loopback
    assert settings_for("127.0.0.1", "key", None).loopback
    (tmp_path / "short").write_text("secret\n")
    (tmp_path / "none").write_text("\n")
    (tmp_path / "odd").write_bytes(b"\xff" * 40)
    for name in ("short", "none", "odd", "missing"):
        with pytest.raises(InputError, match="key"):
            settings_for("0.0.0.0", "key", str(tmp_path / name))


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("x", False)],
)
def test_what_is_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def through_guard(app: Any, receive: Any, **settings: Any) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    guard = Guard(app, Settings(limits=Limits(**settings)), lambda path, problem: (problem.status, problem.as_dict()))
    scope = {"type": "http", "path": "/x", "headers": [(b"host", b"localhost")]}
    asyncio.run(guard(scope, receive, send))  # type: ignore[arg-type]
    return sent


async def all_sent() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def test_a_fault_is_logged_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("the secret is 42")

    with caplog.at_level(logging.ERROR, "smeaton.service"):
        sent = through_guard(broken, all_sent)
    assert sent[0]["status"] == 500
    assert b"secret" not in sent[1]["body"]
    assert "the secret is 42" in caplog.text


def test_a_slow_body_is_given_up() -> None:
    async def reads(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def never() -> dict[str, Any]:
        await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}

    sent = through_guard(reads, never, seconds=0.05)
    assert sent[0]["status"] == 408

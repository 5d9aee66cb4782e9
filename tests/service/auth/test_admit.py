"""Who is let in: Host, Origin, key, scope; and what the audit is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import InputError
from smeaton.service.auth import admit as module
from smeaton.service.auth.admit import (
    ANYONE,
    LOCAL_NAMES,
    Refusal,
    Rules,
    admit,
    given_key,
    host_name,
    rules_for,
    wrong_host,
    wrong_origin,
)
from smeaton.service.auth.keyfile import Key, new_key, render
from smeaton.service.auth.keyring import KeyRing

CI, CI_KEY = new_key("ci", ["predict", "metrics"])
OLD, _OLD_KEY = new_key("old", ["predict"])
OLD_KEY = Key("old", _OLD_KEY.digest, _OLD_KEY.scopes, CI_KEY.created - timedelta(9), CI_KEY.created - timedelta(1))
HOST = {b"host": b"models.example:8000"}


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    path = tmp_path / "keys.toml"
    path.touch(0o600)
    path.write_text(render([CI_KEY, OLD_KEY]))
    return rules_for(False, keyring=KeyRing.read(path))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"localhost", "localhost"),
        (b"localhost:8000", "localhost"),
        (b"localhost:", "localhost"),
        (b"LOCALHOST", "localhost"),
        (b"127.0.0.1:1", "127.0.0.1"),
        (b"[::1]:8000", "::1"),
        (b"[0:0:0:0:0:0:0:1]", "::1"),
        (b"models.example", "models.example"),
        (b"localhost.evil.example", "localhost.evil.example"),
        (b"evil.example#localhost", ""),
        (b"localhost@evil.example", ""),
        (b"evil.example@localhost", ""),
        (b"localhost:80:80", ""),
        (b"localhost/", ""),
        (b"localhost\n", ""),
        (b" localhost", ""),
        (b"[::1", ""),
        (b"[::1]x", ""),
        (b"[evil]", ""),
        (b"::1", ""),
        (b"local\xffhost", ""),
        (b"", ""),
    ],
)
def test_the_name_in_a_host_header(host: bytes, name: str) -> None:
    assert host_name(host) == name
    assert host_name(host) == name, "from the memo too"
    refused = wrong_host({b"host": host}, LOCAL_NAMES)
    assert (refused is None) is (name in LOCAL_NAMES)
    if refused is not None:
        assert (refused.status, refused.code) == (421, "wrong_host")


@given(st.binary(max_size=400))
def test_no_host_header_breaks_it(host: bytes) -> None:
    name = host_name(host)
    assert name == "" or name.isascii()
    assert (name in LOCAL_NAMES) is (wrong_host({b"host": host}, LOCAL_NAMES) is None)


def test_the_memo_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_memo", {})
    for number in range(2000):
        host_name(b"h%d" % number)
    host_name(b"x" * 10_000)
    assert 0 < len(module._memo) <= 256
    assert max(map(len, module._memo)) <= 300


def test_which_names_are_answered() -> None:
    assert wrong_host({b"host": b"any.example"}, rules_for(False).names) is None
    assert wrong_host({}, rules_for(False).names) is None, "HTTP/1.0 has none"
    named = rules_for(False, ["Models.Example", "[2001:DB8:0::1]", "10.0.0.7"]).names
    assert named == LOCAL_NAMES | {"models.example", "2001:db8::1", "10.0.0.7"}
    assert wrong_host({b"host": b"models.example:443"}, named) is None
    assert wrong_host({b"host": b"[2001:db8::1]:443"}, named) is None
    assert wrong_host({b"host": b"localhost"}, named) is None, "a probe on the same machine"
    refused = wrong_host({b"host": b"evil.example"}, named)
    assert refused is not None
    assert "loopback" not in refused.message
    assert rules_for(True).names == LOCAL_NAMES
    assert rules_for(True, ["models.example"]).names == LOCAL_NAMES | {"models.example"}


@pytest.mark.parametrize(
    "name", ["", "*", "*.example.com", "http://models.example", "models.example:443", "a b", "ü.de"]
)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError, match="no host name"):
        rules_for(False, [name])


@pytest.mark.parametrize(
    ("origin", "tls", "taken"),
    [
        (None, False, True),
        (b"http://models.example:8000", False, True),
        (b"HTTP://MODELS.example:8000", False, True),
        (b"https://models.example:8000", False, True),
        (b"https://models.example:8000", True, True),
        (b"http://models.example:8000", True, False),
        (b"http://models.example", False, False),
        (b"http://models.example:8000.evil.example", False, False),
        (b"ftp://models.example:8000", False, False),
        (b"http://evil.example", False, False),
        (b"null", False, False),
        (b"http://[", False, False),
        (b"http://", False, False),
        (b"", False, False),
    ],
)
def test_other_web_pages_are_refused(origin: bytes | None, tls: bool, taken: bool) -> None:
    headers = HOST | ({} if origin is None else {b"origin": origin})
    refused = wrong_origin(headers, tls)
    assert (refused is None) is taken
    if refused is not None:
        assert (refused.status, refused.code) == (403, "wrong_origin")


@pytest.mark.parametrize("origin", [b"null", b"", b"http://"])
def test_a_page_without_an_origin_is_not_a_service_without_a_host(origin: bytes) -> None:
    assert wrong_origin({b"origin": origin}) is not None
    assert wrong_origin({b"origin": origin, b"host": b""}) is not None


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, b""),
        ({b"authorization": b"Bearer abc"}, b"abc"),
        ({b"authorization": b"bearer   abc "}, b"abc"),
        ({b"authorization": b"BEARER abc", b"x-api-key": b"other"}, b"abc"),
        ({b"authorization": b"Basic abc"}, b""),
        ({b"authorization": b"Bearerabc"}, b""),
        ({b"authorization": b"Bearer "}, b""),
        ({b"authorization": b"Basic abc", b"x-api-key": b"abc"}, b"abc"),
        ({b"x-api-key": b"abc"}, b"abc"),
    ],
)
def test_where_a_key_may_be(headers: dict[bytes, bytes], key: bytes) -> None:
    assert given_key(headers) == key


def bearer(key: str) -> dict[bytes, bytes]:
    return HOST | {b"authorization": b"Bearer " + key.encode()}


def test_a_good_key_comes_in_under_its_name(rules: Rules) -> None:
    assert admit(bearer(CI), rules, "predict") == CI_KEY
    assert admit(HOST | {b"x-api-key": CI.encode()}, rules, "metrics") == CI_KEY


@pytest.mark.parametrize(
    ("headers", "scope", "expected"),
    [
        (HOST, "predict", (401, "no_key", "key.refused", "no key", "")),
        (bearer("smk_wrong"), "predict", (401, "no_key", "key.refused", "unknown key", "")),
        (HOST | {b"x-api-key": b"\xff\xfe"}, "predict", (401, "no_key", "key.refused", "unknown key", "")),
        (bearer(OLD), "predict", (401, "no_key", "key.expired", "expired key", "old")),
        (bearer(OLD), "admin", (401, "no_key", "key.expired", "expired key", "old")),
        (bearer(CI), "admin", (403, "wrong_scope", "scope.refused", "needs admin", "ci")),
        (bearer(CI) | {b"origin": b"http://evil.example"}, "predict", (403, "wrong_origin", None, "", "")),
    ],
)
def test_who_stays_outside(rules: Rules, headers: dict[bytes, bytes], scope: str, expected: tuple[Any, ...]) -> None:
    refused = admit(headers, rules, scope)
    assert isinstance(refused, Refusal)
    problem = refused.problem
    assert (problem.status, problem.code, refused.event, refused.outcome, refused.key) == expected
    assert CI not in repr(refused)


def test_an_expired_key_reads_as_one_that_never_was(rules: Rules) -> None:
    expired, unknown = admit(bearer(OLD), rules, "predict"), admit(bearer("smk_wrong"), rules, "predict")
    assert isinstance(expired, Refusal)
    assert isinstance(unknown, Refusal)
    assert expired.problem.as_dict() == unknown.problem.as_dict()


def test_a_route_without_a_scope_is_open_but_not_to_other_pages(rules: Rules) -> None:
    assert admit(HOST, rules, "") is ANYONE
    assert isinstance(admit(HOST | {b"origin": b"http://evil.example"}, rules, ""), Refusal)


def test_where_no_key_is_asked_for_anyone_may_do_everything() -> None:
    assert admit({b"host": b"localhost"}, Rules(), "admin") is ANYONE
    assert isinstance(admit({b"host": b"evil.example"}, Rules(), "predict"), Refusal)

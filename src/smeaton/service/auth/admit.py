"""Whether a request may come in: its Host, its Origin, its key. Before every request, so each step is a look-up or two.

Functions of their arguments alone, but for the memo of parsed Host headers.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from smeaton.errors import InputError
from smeaton.service.auth.audit import Event
from smeaton.service.auth.keyfile import Key
from smeaton.service.auth.keyring import KeyRing
from smeaton.service.auth.scopes import SCOPES
from smeaton.service.problem import Problem

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
#: Who calls where no key is asked for: it has no name, and every scope.
ANYONE = Key("", b"", frozenset(SCOPES), datetime.min.replace(tzinfo=UTC))

# RFC 9110 section 7.2: uri-host [":" port]. Names as DNS and /etc/hosts know them, addresses as RFC 3986 writes them.
_HOST = re.compile(rb"(?:([A-Za-z0-9_.-]{1,253})|\[([0-9A-Fa-f:.]{2,45})\])(?::[0-9]{0,5})?")
_NAME = re.compile(r"[a-z0-9_.-]{1,253}")
_MEMO_ENTRIES, _MEMO_BYTES = 256, 300
_memo: dict[bytes, str] = {}


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a request. `names`: the Host names that are answered, None for any; `keyring`: None where no
    key is asked for; `tls`: this service itself speaks TLS, so a page of its own origin does too.
    """

    names: frozenset[str] | None = LOCAL_NAMES
    keyring: KeyRing | None = None
    tls: bool = False


@dataclass(slots=True)
class Refusal:
    """A request that must not come in: what its caller reads, and what the audit says of it (`event` is empty where
    it says nothing). `key` is the name of the key it came with, where that is one of ours.
    """

    problem: Problem
    event: Event | None = None
    outcome: str = ""
    key: str = ""


def rules_for(
    loopback: bool, allow_hosts: Iterable[str] = (), keyring: KeyRing | None = None, tls: bool = False
) -> Rules:
    """The rules of a service. On loopback only its names are answered: a page elsewhere may have its name point here.
    Off it any name is, unless `allow_hosts` names some; those of loopback are answered then too, for probes from the
    same machine.

    Raises:
        InputError: one of `allow_hosts` is no name or address.
    """
    given = frozenset(map(_allowed, allow_hosts))
    return Rules(LOCAL_NAMES | given if loopback or given else None, keyring, tls)


def admit(headers: Mapping[bytes, bytes], rules: Rules, scope: str) -> Key | Refusal:
    """Judge a request. `headers` have lower-case names; `scope` is what its route needs, empty for one that is open to
    all, such as a probe. Returns the key it may act under, which is `ANYONE` where none is asked for.
    """
    problem = wrong_host(headers, rules.names) or wrong_origin(headers, rules.tls)
    if problem is not None:
        return Refusal(problem)
    keyring = rules.keyring
    if keyring is None or not scope:
        return ANYONE
    given = given_key(headers)
    key = keyring.match(given) if given else None
    if key is None:
        return Refusal(_no_key(), "key.refused", "unknown key" if given else "no key")
    if key.expires is not None and key.expired():
        return Refusal(_no_key(), "key.expired", "expired key", key.name)
    if scope not in key.scopes:
        fix = f"use a key that has the scope {scope}"
        return Refusal(
            Problem(403, "wrong_scope", "this API key does not allow that", fix=fix),
            "scope.refused",
            f"needs {scope}",
            key.name,
        )
    return key


def wrong_host(headers: Mapping[bytes, bytes], names: frozenset[str] | None) -> Problem | None:
    """The problem of a Host that is none of `names`."""
    if names is None or host_name(headers.get(b"host", b"")) in names:
        return None
    if names == LOCAL_NAMES:
        return Problem(421, "wrong_host", "this service answers on loopback names only")
    return Problem(421, "wrong_host", "this service does not answer under this name")


def wrong_origin(headers: Mapping[bytes, bytes], tls: bool = False) -> Problem | None:
    """The problem of a request from another web page. Browsers name the page's origin wherever a request could do
    something; where it is not the service itself, nothing is answered (there is no CORS).
    """
    origin = headers.get(b"origin")
    if origin is None:
        return None
    scheme, _, authority = origin.lower().partition(b"://")
    # Without TLS either may be right: a gateway in front may speak it.
    schemes = (b"https",) if tls else (b"http", b"https")
    if authority and scheme in schemes and authority == headers.get(b"host", b"").lower():
        return None
    return Problem(403, "wrong_origin", "requests from other web pages are refused")


def given_key(headers: Mapping[bytes, bytes]) -> bytes:
    """The key of `Authorization: Bearer KEY`, else of `X-API-Key: KEY`; empty where there is neither."""
    authorization = headers.get(b"authorization")
    if authorization is not None and authorization[:7].lower() == b"bearer ":
        return authorization[7:].strip()
    return headers.get(b"x-api-key", b"")


def host_name(host: bytes) -> str:
    """The name in a Host header, lower-case and without its port; empty where it is no proper one."""
    name = _memo.get(host)
    if name is None:
        name = _parsed(host)
        if len(host) <= _MEMO_BYTES:
            if len(_memo) >= _MEMO_ENTRIES:
                _memo.clear()  # someone sends many names: the few good ones are soon there again
            _memo[host] = name
    return name


def _parsed(host: bytes) -> str:
    found = _HOST.fullmatch(host)
    if found is None:
        return ""
    if found[1] is not None:
        return found[1].decode().lower()
    try:
        return ipaddress.IPv6Address(found[2].decode()).compressed
    except ValueError:
        return ""


def _allowed(name: str) -> str:
    plain = name.strip("[]").lower()
    try:
        return ipaddress.ip_address(plain).compressed
    except ValueError:
        if _NAME.fullmatch(name.lower()):
            return name.lower()
    fix = "write a name such as models.example.com, without scheme, port or *"
    raise InputError(f"--allow-host {name!r} is no host name", fix=fix)


def _no_key() -> Problem:
    # The same words for a key that is expired: whoever found an old one need not learn that it was real.
    return Problem(401, "no_key", "a valid API key is required", fix="send it as Authorization: Bearer KEY")

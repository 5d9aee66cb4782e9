"""The file of API keys: their names, hashes and scopes. TOML, in exactly this form:

```toml
[[key]]
name = "ci"
hash = "sha256:<64 hexadecimal digits>"
scopes = ["feedback", "predict"]
created = 2026-01-31T12:00:00Z
expires = 2026-05-01T12:00:00Z      # may be left out
```

A key is 32 random bytes, so one round of sha256 is enough to keep it: the slow, salted hashes made for passwords hinder
guessing, and 2^256 possibilities cannot be guessed. `key = []` is a file without keys: a service that reads it lets
nobody in. A file that just lacks them is refused, since that is what a half-written one looks like.

A key is replaced by having two for a while: make a second under another name, give it to the callers, revoke the first.
"""

import hashlib
import re
import secrets
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from smeaton.errors import InputError
from smeaton.service.auth.scopes import checked_scopes

PREFIX = "smk_"  #: every key starts with it, so that scanners for leaked secrets can find one
_FIELDS = ("name", "hash", "scopes", "created", "expires")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_ENTRY = re.compile(r"^[ \t]*\[\[[ \t]*key[ \t]*\]\]", re.MULTILINE)
_LINE = re.compile(r"at line (\d+)")
_HEAD = "# API keys of a Smeaton service, as hashes. Written by `smeaton key`, which keeps no other comments.\n"


@dataclass(frozen=True, slots=True)
class Key:
    """One API key as it is kept: `digest` is its sha256, moments are in UTC. The key itself is nowhere."""

    name: str
    digest: bytes = field(repr=False)
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None = None

    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and datetime.now(UTC) >= self.expires


def new_key(name: str, scopes: Iterable[str], lifetime: timedelta | None = None) -> tuple[str, Key]:
    """A new random key: the text for the caller, and what is kept of it.

    Raises:
        InputError: the name is no plain word, a scope does not exist, or the end is beyond the year 9999.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:64]!r} is no name for a key", fix=_NAMING)
    text = PREFIX + secrets.token_urlsafe(32)
    created = datetime.now(UTC).replace(microsecond=0)
    try:
        expires = None if lifetime is None else created + lifetime
    except OverflowError as error:
        raise InputError("that moment is too far away", fix="leave the end out for a key that stays valid") from error
    return text, Key(name, hashlib.sha256(text.encode()).digest(), checked_scopes(scopes), created, expires)


def render(keys: Sequence[Key]) -> str:
    """The text of a file; `parse` reads the same keys from it. Names are written as they are: `_NAME` lets nothing in
    that TOML would escape.
    """
    if not keys:
        return f"{_HEAD}key = []\n"
    return "\n".join([_HEAD, *map(_entry, keys)])


def parse(text: str, path: str) -> tuple[Key, ...]:
    """The keys of a file. Nothing from the file is repeated in an error but names and words that are no key.

    Raises:
        InputError: it is not of the form above, or two keys have one name or one hash; `where` has the line.
    """
    content = _toml(text, path)
    unknown = [name for name in content if name != "key"]
    if unknown:
        raise InputError("only [[key]] tables are known here", fix="remove everything else", where=path)
    entries = content.get("key")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError("there are no keys in it", fix="write key = [] if that is meant", where=path)
    places = _places(text, len(entries), path)
    keys = tuple(_key(entry, where) for entry, where in zip(entries, places, strict=True))
    for kind in ("name", "digest"):
        seen: set[object] = set()
        for key, where in zip(keys, places, strict=True):
            if getattr(key, kind) in seen:
                what = f"the name {key.name!r}" if kind == "name" else f"the hash of {key.name!r}"
                raise InputError(f"{what} is there twice", fix="remove one of the two", where=where)
            seen.add(getattr(key, kind))
    return keys


def command(path: str) -> str:
    """The command that makes a key."""
    return f"smeaton key new {shlex.quote(path)} --name NAME --scope predict"


_NAMING = "use 1 to 64 letters, digits and . _ @ -, starting with a letter or digit"


def _entry(key: Key) -> str:
    scopes = ", ".join(f'"{scope}"' for scope in sorted(key.scopes))
    lines = [
        "[[key]]",
        f'name = "{key.name}"',
        f'hash = "sha256:{key.digest.hex()}"',
        f"scopes = [{scopes}]",
        f"created = {moment(key.created)}",
    ]
    if key.expires is not None:
        lines.append(f"expires = {moment(key.expires)}")
    return "\n".join(lines) + "\n"


def moment(value: datetime) -> str:
    """A UTC moment as text: `2026-01-31T12:00:00Z`."""
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _toml(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InputError("it is nested too deeply", fix=f"make a new file: {command(path)}", where=path) from error
    except tomllib.TOMLDecodeError as error:
        lines = [line.strip() for line in text.splitlines()]
        if all(not line or line[0] == "#" or re.fullmatch(r"[^\s\[\]\"]+", line) for line in lines):
            other = f"{path}.toml"
            raise InputError(
                "it holds plain keys, one a line; keys are kept as hashes only",
                fix=f"make a new key and give it to the callers: {command(other)}",
                where=path,
            ) from error
        line = _LINE.search(str(error))
        where = f"{path}:{line[1]}" if line else path
        raise InputError(
            "it is not valid TOML", fix=f"mend it, or make a new file: {command(path)}", where=where
        ) from error


def _places(text: str, count: int, path: str) -> list[str]:
    """Where each entry stands: its line, or its number where the file is written in another form of TOML."""
    lines = [text.count("\n", 0, found.start()) + 1 for found in _ENTRY.finditer(text)]
    if len(lines) == count:
        return [f"{path}:{line}" for line in lines]
    return [f"{path}: key {number}" for number in range(1, count + 1)]


def _key(entry: Mapping[str, Any], where: str) -> Key:
    unknown = [word for word in entry if word not in _FIELDS]
    if unknown:
        from smeaton.task.items import nearest  # brings numpy, which a process without models need not load

        raise InputError("an entry of this key is unknown", fix=nearest(unknown[0], _FIELDS), where=where)
    name, hashed, scopes = entry.get("name"), entry.get("hash"), entry.get("scopes")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError("this key has no proper name", fix=_NAMING, where=where)
    found = _HASH.fullmatch(hashed) if isinstance(hashed, str) else None
    if found is None:
        fix = "make the key with `smeaton key new`, which writes its hash as sha256:<64 hexadecimal digits>"
        raise InputError(f"the hash of {name!r} is not one", fix=fix, where=where)
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise InputError(f"the scopes of {name!r} are no list", fix='write scopes = ["predict"]', where=where)
    created = _moment(entry.get("created"), "created", where)
    expires = _moment(entry["expires"], "expires", where) if "expires" in entry else None
    if expires is not None and expires <= created:
        raise InputError(f"{name!r} expires before it was made", fix="correct one of the moments", where=where)
    return Key(name, bytes.fromhex(found[1]), checked_scopes(scopes, where), created, expires)


def _moment(value: object, name: str, where: str) -> datetime:
    if not isinstance(value, datetime) or value.utcoffset() != timedelta(0):
        fix = f"write {name} = 2026-01-31T12:00:00Z, without quotes"
        raise InputError(f"{name!r} is no moment in UTC", fix=fix, where=where)
    return value.astimezone(UTC)

"""Make, list and revoke the API keys of a service. A service that reads the file takes up a change within a second."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from smeaton.errors import InputError
from smeaton.service.auth.keychange import change_keys
from smeaton.service.auth.keyfile import Key, moment, new_key
from smeaton.service.auth.keyring import read_keys

_LIFETIME = re.compile(r"([0-9]{1,9})([dh])")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made: `text` is for the caller and is kept nowhere."""

    text: str = field(repr=False)
    key: Key


def make_key(path: Path, name: str, scopes: Iterable[str], expires: str | None = None) -> NewKey:
    """Add a key to a file, which is made where it is missing. `expires` is `90d` or `12h` from now.

    Raises:
        InputError: a name that is taken or no plain word, an unknown scope, a wrong time, or a file that cannot be
            used.
    """
    text, key = new_key(name, scopes, None if expires is None else _lifetime(expires))

    def add(keys: Sequence[Key]) -> Sequence[Key]:
        if any(known.name == name for known in keys):
            fix = f"choose another, such as {name}-2: two may be valid while callers change over"
            raise InputError(f"there is a key named {name!r} already", fix=fix, where=str(path))
        return [*keys, key]

    change_keys(path, add)
    return NewKey(text, key)


def keys_of(path: Path) -> tuple[Key, ...]:
    """The keys in a file, expired ones too.

    Raises:
        InputError: the file cannot be used.
    """
    return read_keys(path)[0]


def revoke_key(path: Path, name: str) -> int:
    """Remove a key; returns how many are left.

    Raises:
        InputError: there is no such key, or the file cannot be used.
    """
    left: list[Key] = []

    def remove(keys: Sequence[Key]) -> Sequence[Key]:
        left[:] = [key for key in keys if key.name != name]
        if len(left) == len(keys):
            from smeaton.task.items import nearest

            fix = nearest(name, [key.name for key in keys]) if keys else f"see: smeaton key list {path}"
            raise InputError(f"there is no key named {name!r}", fix=fix, where=str(path))
        return left

    read_keys(path)  # a missing file is a mistake here, not a file without keys
    change_keys(path, remove)
    return len(left)


def as_dict(key: Key) -> dict[str, Any]:
    """What may be told of a key: all but its hash."""
    return {
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created": moment(key.created),
        "expires": None if key.expires is None else moment(key.expires),
        "expired": key.expired(),
    }


def _lifetime(text: str) -> timedelta:
    found = _LIFETIME.fullmatch(text)
    amount = int(found[1]) if found else 0
    if found is None or amount == 0:
        raise InputError(f"--expires {text!r} is no time from now", fix="write it as 90d or 12h")
    return timedelta(days=amount) if found[2] == "d" else timedelta(hours=amount)

"""The keys a running service accepts: read from their file, looked up in constant time, read again when it changes."""

import logging
import os
import shlex
import time
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from smeaton.errors import InputError
from smeaton.service.auth.keyfile import Key, command, parse

log = logging.getLogger("smeaton.service.auth")

_LARGEST = 1_000_000  # bytes of a key file: some thousand keys
_STAT_SECONDS = 1.0
_Mark = tuple[int, int, int, int]


class KeyRing:
    """Some keys, and the file they came from.

    A lookup hashes once and compares with every key, so it takes the same time whichever key matches, or none; that
    is about 0.1 us a key, so a ring is meant for tens of keys, not for thousands.
    """

    def __init__(self, path: Path, keys: Sequence[Key], mark: _Mark) -> None:
        self.path = path
        self._mark = mark
        self._next = time.monotonic() + _STAT_SECONDS
        self._take(keys)

    @classmethod
    def read(cls, path: str | Path) -> "KeyRing":
        """Open a file of keys. Expired keys may be in it; they never match.

        Raises:
            InputError: the file cannot be read, others may read it, or it is not of the form in `keyfile.py`.
        """
        keys, mark = read_keys(Path(path))
        return cls(Path(path), keys, mark)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys in the order of the file, expired ones too."""
        return tuple(key for _, key in self._entries)

    def match(self, key: bytes) -> Key | None:
        """The entry of a key, expired or not: for who must tell the two apart in the audit."""
        digest = sha256(key).digest()
        found = None
        for known, entry in self._entries:
            if compare_digest(known, digest):
                found = entry  # and on to the end: how long this takes must not tell which one it was
        return found

    def find(self, key: str) -> Key | None:
        """The entry of a key that may be used now."""
        found = self.match(key.encode("utf-8", "replace"))
        return None if found is None or found.expired() else found

    def refresh(self) -> bool:
        """Take up changes of the file; True where there was one. Looks at most once a second, so call it often.

        A file that is missing or broken changes nothing: the keys stay those read last, and the log says so once.
        """
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _STAT_SECONDS
        try:
            mark = _mark(os.stat(self.path))
        except OSError:
            mark = (0, 0, 0, 0)
        if mark == self._mark:
            return False
        self._mark = mark  # of a broken file too: it is told of once
        try:
            keys, self._mark = read_keys(self.path)
        except InputError as error:
            log.error("the key file is not taken up, the keys before it stay valid: %s", error)
            return False
        self._take(keys)
        return True

    def _take(self, keys: Sequence[Key]) -> None:
        self._entries = [(key.digest, key) for key in keys]


def read_keys(path: Path) -> tuple[tuple[Key, ...], _Mark]:
    """The keys of a file, and a mark that changes when the file does.

    Raises:
        InputError: as `KeyRing.read`.
    """
    if path.exists() and not path.is_file():  # a pipe cannot be read again, and would stop the service that tries
        raise InputError("it is no regular file", fix="name a file of keys", where=str(path))
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())  # of the very file that is read
            content = stream.read(_LARGEST + 1)
        text = content.decode("utf-8")
    except FileNotFoundError as error:
        raise InputError("there is no such key file", fix=f"make it: {command(str(path))}", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"the key file cannot be read: {why}", fix="name a file of keys", where=str(path)) from error
    if os.name == "posix" and status.st_mode & 0o077:
        raise InputError(
            "others may read or change the key file", fix=f"run: chmod 600 {shlex.quote(str(path))}", where=str(path)
        )
    if len(content) > _LARGEST:
        raise InputError(f"a key file is at most {_LARGEST:,} bytes", fix="name a file of keys", where=str(path))
    return parse(text, str(path)), _mark(status)


def _mark(status: os.stat_result) -> _Mark:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode

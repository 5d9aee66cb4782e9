"""How a service is run. The operator decides; nothing here comes from a bundle."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from smeaton.errors import InputError

MAX_BODY = 16_000_000  #: bytes of a request body
MAX_ROWS = 10_000  #: rows of one request
REQUEST_SECONDS = 30.0  #: time one request may take, and again to send its body
_KEY_LENGTH = 16  # characters: shorter keys can be guessed


@dataclass(frozen=True, slots=True)
class Settings:
    """`keys` are sha256 digests of the accepted API keys; empty means that no key is asked for."""

    loopback: bool = True
    keys: frozenset[bytes] = frozenset()
    max_body: int = MAX_BODY
    max_rows: int = MAX_ROWS
    seconds: float = REQUEST_SECONDS

    def accepts(self, key: str) -> bool:
        """Whether a key is one of ours; every digest is compared, in constant time."""
        digest = hashlib.sha256(key.encode()).digest()
        return sum(hmac.compare_digest(digest, known) for known in self.keys) > 0


def is_loopback(host: str) -> bool:
    """Whether an address to bind to can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings_for(host: str, auth: str, key_file: str | None, seconds: float = REQUEST_SECONDS) -> Settings:
    """Settings for an address to bind to.

    Raises:
        InputError: the address can be reached from elsewhere and nothing authenticates callers.
    """
    keys = _read_keys(Path(key_file)) if key_file else frozenset[bytes]()
    loopback = is_loopback(host)
    if not loopback and not keys and auth != "external":
        raise InputError(
            f"{host} can be reached from other machines, and no key is asked for",
            fix="give --key-file FILE (one key a line), or --auth external if a gateway authenticates callers",
        )
    return Settings(loopback=loopback, keys=keys, seconds=seconds)


def _read_keys(path: Path) -> frozenset[bytes]:
    fix = f"write one key a line, at least {_KEY_LENGTH} characters each"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the key file cannot be read", fix=fix, where=str(path)) from error
    keys = [line.strip() for line in lines if line.strip()]
    if not keys or any(len(key) < _KEY_LENGTH for key in keys):
        raise InputError("a key is too short, or there is none", fix=fix, where=str(path))
    return frozenset(hashlib.sha256(key.encode()).digest() for key in keys)

"""What is asked: an address on this machine, and requests made ready as bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from smeaton.errors import InputError
from smeaton.service.listening import is_loopback

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # token of RFC 9110, 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PATH = re.compile(r"/[!-\"$-~]*")  # what a request line may hold: no blanks, no fragment
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Target:
    """An HTTP address. `path` holds the query too."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://{self.authority}"

    def request(
        self,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        path: str | None = None,
        method: str = "POST",
    ) -> bytes:
        """A whole HTTP/1.1 request as bytes.

        Raises:
            InputError: the path or a header cannot stand in a request.
        """
        where = self.path if path is None else path
        if not _PATH.fullmatch(where):
            raise InputError(f"{where!r} cannot be asked for", fix="write a path such as /predict, blanks as %20")
        given = dict(headers or {})
        names = {name.lower() for name in given}
        fields = {"Host": self.authority} | ({} if "content-type" in names else _JSON) | given
        for name, value in fields.items():
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() == "content-length":
                raise InputError(f"the header {name!r} cannot be sent", fix="write it as 'Name: value', on one line")
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{method} {where} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


def target_of(url: str, allow: str | None = None) -> Target:
    """The address that a URL names: one of this machine, or the host that `allow` names.

    Raises:
        InputError: it is no http URL, or leads to another machine that was not allowed by name.
    """
    fix = "write it as http://127.0.0.1:8000"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{url!r} is no URL: {error}", fix=fix) from error
    if parts.scheme == "https":
        raise InputError("the load generator speaks plain HTTP", fix="name the http address behind the TLS", where=url)
    if parts.scheme != "http" or not host or parts.username is not None:
        raise InputError(f"{url!r} is no address of a service", fix=fix)
    if not is_loopback(host) and host != allow:
        raise InputError(
            f"{host} is not this machine: a load test can take a service down, and others pay for it",
            fix=f"run it there, or, if the machine is yours to load, say so: --allow-host {host}",
            where=url,
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port or 80, path)


def headers_of(lines: list[str]) -> dict[str, str]:
    """Headers from `Name: value` lines.

    Raises:
        InputError: a line is no header.
    """
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no header", fix="write it as 'Name: value'")
        headers[name] = value.strip()
    return headers

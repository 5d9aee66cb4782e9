"""TLS: the certificate, its key, and the authority of client certificates, checked before anything listens."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smeaton.errors import InputError

# Codes of X509_verify_cert in OpenSSL (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _WRONG_PURPOSE = 9, 10, 26


@dataclass(frozen=True, slots=True)
class Tls:
    """Files that were checked. `expires` is when the certificate ends, in UTC; with `ca` callers need a certificate."""

    cert: Path
    key: Path
    ca: Path | None
    expires: datetime

    def context(self) -> ssl.SSLContext:
        """A context for the server: TLS 1.2 or newer.

        Raises:
            InputError: a file changed since the check and fits no longer.
        """
        return _context(self.cert, self.key, self.ca)

    def uvicorn(self) -> dict[str, Any]:
        """The arguments of `uvicorn.Config`. Its own context would ask for the password of a key on the terminal."""

        def factory(config: object, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
            return self.context()

        return {"ssl_context_factory": factory}


def checked_tls(cert: str | None, key: str | None, ca: str | None = None) -> Tls | None:
    """What `--tls-cert`, `--tls-key` and `--tls-ca` name; None where they name nothing.

    Raises:
        InputError: one of the first two is missing, a file cannot be read or holds something else, the key does not
            fit the certificate or has a password, the certificate is expired, not valid yet, or not for servers.
    """
    if cert is None and key is None and ca is None:
        return None
    if cert is None or key is None:
        raise InputError("TLS needs a certificate and its key", fix="give --tls-cert FILE and --tls-key FILE")
    _holding(cert, "CERTIFICATE", "a certificate", "--tls-cert")
    _holding(key, "PRIVATE KEY", "a private key", "--tls-key")
    if ca is not None:
        _holding(ca, "CERTIFICATE", "a certificate", "--tls-ca")
    # Callers' certificates are no part of this check: the handshake in it has none to show.
    plain = _context(Path(cert), Path(key), None)
    expires = _expiry(plain, Path(cert))
    _context(Path(cert), Path(key), None if ca is None else Path(ca))
    return Tls(Path(cert), Path(key), None if ca is None else Path(ca), expires)


def _holding(path: str, kind: str, what: str, option: str) -> None:
    fix = f"give {option} a PEM file that holds {what}"
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"the file of {option} cannot be read: {error.strerror}", fix=fix, where=path) from error
    if f"{kind}-----".encode() not in content:
        raise InputError(f"there is no {kind} in this file", fix=fix, where=path)


def _context(cert: Path, key: Path, ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    asked: list[bool] = []

    def password() -> bytes:
        asked.append(True)
        return b""

    try:
        context.load_cert_chain(cert, key, password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or ""
        if asked:
            fix = f"keep it without one, readable by this user alone: openssl pkey -in {key} -out KEY.pem"
            raise InputError("the private key has a password", fix=fix, where=str(key)) from error
        if reason == "KEY_VALUES_MISMATCH":
            fix = "name the key that this certificate was made for"
            raise InputError(f"the private key does not fit {cert}", fix=fix, where=str(key)) from error
        fix = "check that both are whole PEM files, the server's own certificate first"
        raise InputError(f"certificate and key cannot be used: {_words(reason)}", fix=fix, where=str(cert)) from error
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except OSError as error:
            fix = "give --tls-ca a PEM file that holds the certificate of the authority"
            raise InputError("this authority cannot be used", fix=fix, where=str(ca)) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _expiry(server: ssl.SSLContext, cert: Path) -> datetime:
    """When the certificate ends. A handshake in memory, by a caller that trusts this very certificate, has OpenSSL
    judge its dates and purpose as callers will: the standard library reads no certificate by itself.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cert)
        found = _handshake(server, context)
    except ssl.SSLCertVerificationError as error:
        what = {
            _NOT_YET_VALID: ("the certificate is not valid yet", "check the clock, or use one that is"),
            _EXPIRED: ("the certificate is expired", "renew it"),
            _WRONG_PURPOSE: ("the certificate is not made for servers", "use one whose purpose is serverAuth"),
        }
        other = (f"the certificate does not hold: {error.verify_message}", "use another one")
        message, fix = what.get(error.verify_code, other)
        raise InputError(message, fix=fix, where=str(cert)) from error
    except ssl.SSLError as error:
        fix = "check that it is a whole PEM file, the server's own certificate first"
        message = f"no connection can be made with this certificate: {_words(error.reason)}"
        raise InputError(message, fix=fix, where=str(cert)) from error
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, Any]:
    """Connect the two in memory; what the client then knows of the server's certificate."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(down, up)
    answerer = server.wrap_bio(up, down, server_side=True)
    for side in (caller, answerer, caller):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue  # the other side is to speak
    found: dict[str, Any] = caller.getpeercert() or {}
    return found


def _words(reason: str | None) -> str:
    return (reason or "unknown reason").replace("_", " ").lower()

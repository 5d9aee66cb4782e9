"""TLS: what does not fit is said before anything listens; what fits is TLS 1.2 or newer."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from smeaton.errors import InputError
from smeaton.service.auth.tls import Tls, checked_tls


@pytest.fixture(scope="module")
def good(certificates: Any) -> tuple[str, str]:
    made: tuple[str, str] = certificates.make("localhost")
    return made


def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """Connect in memory, both sides to the end; the version spoken."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(down, up, server_hostname="localhost")
    answerer = server.wrap_bio(up, down, server_side=True)
    for side in (caller, answerer, caller, answerer, caller):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return caller.version() or ""


def trusting(cert: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cert)
    return context


def checked(*files: str | None) -> Tls:
    found = checked_tls(*files)
    assert found is not None
    return found


def test_no_files_no_tls() -> None:
    assert checked_tls(None, None, None) is None


def test_a_certificate_that_fits(good: tuple[str, str]) -> None:
    tls = checked(*good)
    assert tls.expires == datetime(2099, 1, 1, tzinfo=UTC)
    config = uvicorn.Config(lambda: None, **tls.uvicorn())
    config.load()
    assert config.is_ssl
    assert config.ssl is not None
    assert config.ssl.minimum_version == ssl.TLSVersion.TLSv1_2
    assert shake(config.ssl, trusting(good[0])) == "TLSv1.3"


def test_older_versions_are_refused(good: tuple[str, str]) -> None:
    client = trusting(good[0])
    client.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        client.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        shake(checked(*good).context(), client)


def test_callers_need_a_certificate_of_the_authority(good: tuple[str, str], certificates: Any) -> None:
    authority, authority_key = certificates.make("authority", "authority")
    stranger, stranger_key = certificates.make("stranger", "client")
    server = checked(*good, authority).context()
    with pytest.raises(ssl.SSLError):
        shake(server, trusting(good[0]))
    client = trusting(good[0])
    client.load_cert_chain(stranger, stranger_key)
    with pytest.raises(ssl.SSLError):
        shake(server, client)
    client = trusting(good[0])
    client.load_cert_chain(authority, authority_key)
    assert shake(server, client) == "TLSv1.3"


@pytest.mark.parametrize(
    ("name", "kind", "start", "end", "word"),
    [
        ("expired", "server", "20200101", "20200102", "expired"),
        ("early", "server", "20980101", "20990101", "not valid yet"),
        ("caller", "client", "20200101", "20990101", "not made for servers"),
    ],
)
def test_certificates_that_no_caller_would_take(
    certificates: Any, name: str, kind: str, start: str, end: str, word: str
) -> None:
    cert, key = certificates.make(name, kind, start, end)
    with pytest.raises(InputError, match=word) as refused:
        checked_tls(cert, key)
    assert refused.value.where == cert
    assert refused.value.fix


def test_a_key_that_does_not_fit(good: tuple[str, str], certificates: Any) -> None:
    _, other = certificates.make("other")
    with pytest.raises(InputError, match="does not fit") as refused:
        checked_tls(good[0], other)
    assert refused.value.where == other


def test_a_key_with_a_password_asks_nobody(good: tuple[str, str], certificates: Any, tmp_path: Path) -> None:
    locked = str(tmp_path / "locked.key")
    certificates.openssl("pkcs8", "-topk8", "-in", good[1], "-passout", "pass:secret", "-out", locked)
    with pytest.raises(InputError, match="has a password"):
        checked_tls(good[0], locked)


def test_files_that_are_something_else(good: tuple[str, str], tmp_path: Path) -> None:
    torn = tmp_path / "torn.pem"
    torn.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    cases: list[tuple[tuple[str | None, ...], str]] = [
        ((good[0], None), "needs a certificate and its key"),
        ((None, good[1]), "needs a certificate and its key"),
        ((None, None, good[0]), "needs a certificate and its key"),
        ((str(tmp_path / "none.pem"), good[1]), "No such file"),
        ((good[1], good[1]), "no CERTIFICATE"),
        ((good[0], good[0]), "no PRIVATE KEY"),
        ((good[0], good[1], good[1]), "no CERTIFICATE"),
        ((str(torn), good[1]), "cannot be used"),
        ((good[0], good[1], str(torn)), "authority cannot be used"),
    ]
    for files, word in cases:
        with pytest.raises(InputError, match=word) as refused:
            checked_tls(*files)
        assert refused.value.fix

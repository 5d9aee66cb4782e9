"""Addresses: this machine only. Requests: nothing slips into their heads."""

import pytest

from smeaton.errors import InputError
from smeaton.service.load.target import Target, headers_of, target_of

HERE = Target("127.0.0.1", 8000, "/predict")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8000/predict", HERE),
        ("http://localhost", Target("localhost", 80, "/")),
        ("http://[::1]:9/a?b=c", Target("::1", 9, "/a?b=c")),
    ],
)
def test_addresses_of_this_machine(url: str, target: Target) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "127.0.0.1.example.com", "0.0.0.0"])
def test_another_machine_is_refused_unless_it_is_named(host: str) -> None:
    url = f"http://{host}:8000/predict"
    with pytest.raises(InputError, match="not this machine") as caught:
        target_of(url)
    assert f"--allow-host {host}" in caught.value.fix
    with pytest.raises(InputError, match="not this machine"):
        target_of(url, allow="other.example")
    assert target_of(url, allow=host).host == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "ftp://127.0.0.1",
        "https://127.0.0.1",
        "http://",
        "http://127.0.0.1:99999",
        "http://a@127.0.0.1",
    ],
)
def test_no_address(url: str) -> None:
    with pytest.raises(InputError):
        target_of(url)


def test_a_request() -> None:
    head, _, body = HERE.request(b"{}", {"X-API-Key": "abc"}).partition(b"\r\n\r\n")
    assert body == b"{}"
    assert head.split(b"\r\n") == [
        b"POST /predict HTTP/1.1",
        b"Host: 127.0.0.1:8000",
        b"Content-Type: application/json",
        b"X-API-Key: abc",
        b"Content-Length: 2",
    ]


def test_a_request_to_elsewhere_on_it() -> None:
    content = Target("::1", 9, "/").request(b"", {"content-type": "text/plain"}, path="/b?c", method="PUT")
    assert content == b"PUT /b?c HTTP/1.1\r\nHost: [::1]:9\r\ncontent-type: text/plain\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "headers", [{"a b": "c"}, {"a": "b\r\nc: d"}, {"": "c"}, {"Content-Length": "5"}, {"a": "\u20ac"}]
)
def test_headers_that_cannot_be_sent(headers: dict[str, str]) -> None:
    with pytest.raises(InputError):
        HERE.request(b"", headers)


@pytest.mark.parametrize("path", ["predict", "/a b", "/a\r\nb: c", "/#a", "/\u20ac"])
def test_paths_that_cannot_be_asked(path: str) -> None:
    with pytest.raises(InputError):
        HERE.request(b"", path=path)


def test_header_lines() -> None:
    assert headers_of(["Authorization: Bearer a:b", "x:y"]) == {"Authorization": "Bearer a:b", "x": "y"}
    for wrong in ("no colon", ": v", "a b: c"):
        with pytest.raises(InputError):
            headers_of([wrong])

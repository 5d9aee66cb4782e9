"""One connection: answers in any pieces are read alike; what is not an answer is an error."""

import asyncio
import itertools
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.load.link import Link

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 422 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN
EMPTY = b"HTTP/1.1 204 None\r\n\r\n"
FULL = {PLAIN: (200, b"hello"), CHUNKED: (422, b"hello"), CONTINUED: (200, b"hello"), EMPTY: (204, b"")}


class Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.ended = ""

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class Owner:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def opened(self, link: Link) -> None:
        self.seen.append("opened")

    def answered(self, link: Link, status: int, body: bytes) -> None:
        self.seen.append((status, body))

    def lost(self, link: Link, reason: str) -> None:
        self.seen.append(reason)


def connected(keep: bool = True) -> tuple[Link, Transport, Owner]:
    owner, transport = Owner(), Transport()
    link = Link(owner, keep)
    link.connection_made(cast(asyncio.Transport, transport))
    return link, transport, owner


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    return [content[start:end] for start, end in itertools.pairwise(places)]


@given(st.lists(st.sampled_from(sorted(FULL)), min_size=1, max_size=4), st.lists(st.integers(0, 300), max_size=40))
def test_answers_in_any_pieces(answers: list[bytes], cuts: list[int]) -> None:
    link, transport, owner = connected()
    for number, content in enumerate(answers):
        link.send(number, b"ask", 0.0)
        for piece in pieces(content, cuts):
            assert link.busy
            link.data_received(piece)
        assert not link.busy
        assert link.open
        assert link.number == number
    assert owner.seen == ["opened", *(FULL[content] for content in answers)]
    assert transport.written == [b"ask"] * len(answers)
    assert link.received == sum(map(len, answers))


def test_bodies_are_dropped_unless_kept() -> None:
    link, _, owner = connected(keep=False)
    link.send(0, b"ask", 0.0)
    link.data_received(PLAIN)
    assert owner.seen == ["opened", (200, b"")]


@pytest.mark.parametrize("how", ["HTTP/1.1 200 OK\r\nConnection: close\r\n", "HTTP/1.0 200 OK\r\n"])
def test_a_connection_that_is_not_kept_is_closed(how: str) -> None:
    link, transport, owner = connected()
    link.send(0, b"ask", 0.0)
    link.data_received(f"{how}Content-Length: 2\r\n\r\n{{}}".encode())
    assert owner.seen == ["opened", (200, b"{}")]
    assert not link.open
    assert transport.ended == "closed"
    link.connection_lost(None)
    assert owner.seen[2:] == [""]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello", "malformed answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "malformed answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "malformed answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed answer"),
        (b"HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "malformed answer"),
        (PLAIN + PLAIN, "answer not asked for"),
    ],
)
def test_what_is_no_answer_ends_the_connection(content: bytes, reason: str) -> None:
    link, transport, owner = connected()
    link.send(0, b"ask", 0.0)
    link.data_received(content)
    assert transport.ended == "aborted"
    link.connection_lost(None)
    assert owner.seen == ["opened", reason]


def test_an_answer_that_nobody_asked_for() -> None:
    link, transport, owner = connected()
    link.data_received(PLAIN)
    assert transport.ended == "aborted"
    link.connection_lost(None)
    assert owner.seen == ["opened", ""]


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [
        (b"", None, "connection closed without an answer"),
        (b"", ConnectionResetError(), "connection reset"),
        (PLAIN[:-1], None, "answer cut off"),
        (PLAIN[:9], ConnectionResetError(), "connection reset"),
        (b"HTTP/1.1 200 OK\r\n\r\nno length", None, "answer cut off"),
    ],
)
def test_a_connection_that_ends_too_early(content: bytes, error: Exception | None, reason: str) -> None:
    link, _, owner = connected()
    link.send(0, b"ask", 0.0)
    if content:
        link.data_received(content)
    link.connection_lost(error)
    assert owner.seen == ["opened", reason]


def test_an_idle_connection_that_ends_is_no_error() -> None:
    link, _, owner = connected()
    link.send(0, b"ask", 0.0)
    link.data_received(PLAIN)
    link.connection_lost(None)
    assert owner.seen == ["opened", (200, b"hello"), ""]

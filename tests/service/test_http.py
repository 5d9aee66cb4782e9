"""HTTP on one connection: what is refused before the application, limits, and pipelining. A real socket, a tiny app."""

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smeaton.service.http import UsualLimits
from smeaton.service.listening import listen
from smeaton.service.server import Server, Serving

HOST = b"Host: localhost\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"


class Running:
    """A server in a thread."""

    def __init__(self, limits: UsualLimits) -> None:
        self.refused: Counter[str] = Counter()
        self.seen: list[Any] = []
        self.left = threading.Event()
        self.listening = listen("127.0.0.1", 0)
        self.port = self.listening.getsockname()[1]
        up = threading.Event()
        count = lambda reason: self.refused.update([reason])  # noqa: E731
        self.server = Server(self.app, Serving(limits, finish=5, rejected=count), up.set)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]})
        self.thread.start()
        assert up.wait(10)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.seen.append((scope["method"], scope["path"], scope["query_string"], body, scope["headers"]))
        if scope["path"] == "/wait":
            message = await receive()
            self.left.set()
            return
        if scope["path"] == "/raise":
            raise RuntimeError("a fault")
        if scope["path"] == "/short":
            scope["extensions"]["smeaton.reply"].reply(200, [b"x-a: b\r\n"], b"short")
            return
        if scope["path"] == "/slow":
            await asyncio.sleep(0.2)
        content = scope["path"].encode()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(content))]}
        )
        await send({"type": "http.response.body", "body": content})

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def say(self, *pieces: bytes, pause: float = 0.02) -> bytes:
        """Send pieces on a new connection; all that comes back until the other side ends."""
        with self.connect() as wire:
            for piece in pieces:
                wire.sendall(piece)
                if len(pieces) > 1:
                    time.sleep(pause)
            return read(wire)

    def stop(self) -> None:
        self.server.drain()
        self.thread.join(10)
        assert not self.thread.is_alive()


def read(wire: socket.socket) -> bytes:
    pieces = []
    while piece := wire.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def replies(text: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each reply in a stream."""
    found = []
    while text:
        head, _, rest = text.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields[b"content-length"])
        found.append((int(head.split()[1]), rest[:length]))
        text = rest[length:]
    return found


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    started = []

    def start(**limits: Any) -> Running:
        started.append(Running(UsualLimits(**limits)))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    one = Running(UsualLimits())
    yield one
    one.stop()


def close(request: bytes) -> bytes:
    return request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


@pytest.mark.parametrize(
    "request_text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Host: other\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: identity\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_bad_http_is_refused_in_the_form_of_all_errors(running: Running, request_text: bytes) -> None:
    before = running.refused["bad_http"]
    [(status, body)] = replies(running.say(request_text))
    assert status == 400
    assert json.loads(body)["error"]["code"] == "bad_http"
    assert running.refused["bad_http"] == before + 1


def test_under_v2_an_error_is_text(running: Running) -> None:
    [(status, body)] = replies(running.say(b"POST /v2/models/a/infer HTTP/1.1\r\n\r\n"))
    assert status == 400
    assert json.loads(body) == {"error": "a request has exactly one Host header"}


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"CONNECT host:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET /\r\n\r\n", 505),
    ],
)
def test_what_is_not_spoken_is_refused(running: Running, request_text: bytes, status: int) -> None:
    assert [got for got, _ in replies(running.say(request_text))] == [status]


@pytest.mark.parametrize(
    ("request_text", "path", "query"),
    [
        (close(GET), "/a", b""),
        (b"GET /a%20b?x=1&y#z HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", "/a b", b"x=1&y"),
        (b"GET http://localhost/a?q HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", "/a", b"q"),
        (b"GET http://localhost HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", "/", b""),
        (b"GET /a HTTP/1.0\r\n\r\n", "/a", b""),
    ],
)
def test_paths(running: Running, request_text: bytes, path: str, query: bytes) -> None:
    assert [status for status, _ in replies(running.say(request_text))] == [200]
    assert running.seen[-1][1:3] == (path, query)


def test_an_upgrade_is_answered_as_a_plain_request_and_ends(running: Running) -> None:
    upgrade = b"GET /up HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert replies(running.say(upgrade + b"\x81\x05hello")) == [(200, b"/up")]


def test_trailers_are_no_headers(running: Running) -> None:
    head = b"POST /t HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    running.say(head + b"1\r\na\r\n0\r\nX-Api-Key: secret\r\n\r\n")
    assert running.seen[-1][3] == b"a"
    assert b"x-api-key" not in dict(running.seen[-1][4])


def test_trailers_without_end_are_refused(serve: Any) -> None:
    running = serve(headers=1000)
    head = b"POST /t HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "
    [(status, _)] = replies(running.say(head, *[b"a" * 900] * 4))
    assert status == 400
    assert running.seen == []


def test_a_body_in_pieces_is_put_together(running: Running) -> None:
    head = b"POST /b HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: 200000\r\n\r\n"
    assert replies(running.say(head, b"a" * 100_000, b"b" * 100_000)) == [(200, b"/b")]
    assert running.seen[-1][3] == b"a" * 100_000 + b"b" * 100_000


def test_the_short_way_to_reply(running: Running) -> None:
    said = running.say(b"GET /short HTTP/1.1\r\n" + HOST + b"\r\n", close(b"GET /short HTTP/1.1\r\n" + HOST + b"\r\n"))
    assert replies(said) == [(200, b"short"), (200, b"short")]
    assert said.count(b"x-a: b\r\n") == 2
    assert said.count(b"connection: close") == 1
    assert b"server:" not in said.lower()


def test_a_fault_has_the_form_of_all_errors(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    [(status, body)] = replies(running.say(b"GET /raise HTTP/1.1\r\n" + HOST + b"\r\n"))
    assert (status, json.loads(body)["error"]["code"]) == (500, "fault")
    assert "a fault" in caplog.text


@pytest.mark.parametrize("cut", [40, 2000])
def test_large_headers_are_refused(serve: Any, cut: int) -> None:
    running = serve(headers=1000)
    text = b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1500 + b"\r\n\r\n"
    pieces = [text[at : at + cut] for at in range(0, len(text), cut)]
    [(status, body)] = replies(running.say(*pieces, pause=0))
    assert (status, json.loads(body)["error"]["code"]) == (431, "headers_too_large")
    assert running.seen == []
    assert replies(running.say(close(GET))) == [(200, b"/a")]


def test_headers_without_end_are_not_kept(serve: Any) -> None:
    running = serve(headers=1000)
    with running.connect() as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(20):
            try:
                wire.sendall(b"a" * 100)
            except ConnectionError:
                break
            time.sleep(0.005)
        assert replies(read(wire))[0][0] == 431


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", b"\r\n"])
def test_slow_headers_end_the_connection(serve: Any, sent: bytes) -> None:
    running = serve(header_seconds=0.2)
    start = time.monotonic()
    assert [status for status, _ in replies(running.say(sent))] == [408]
    assert time.monotonic() - start < 2


def test_slow_headers_of_a_second_request(serve: Any) -> None:
    running = serve(header_seconds=0.2)
    assert [status for status, _ in replies(running.say(GET, b"GET /b HT"))] == [200, 408]


def test_an_idle_connection_ends(serve: Any) -> None:
    running = serve(idle_seconds=0.2)
    start = time.monotonic()
    assert replies(running.say(GET)) == [(200, b"/a")]
    assert 0.1 < time.monotonic() - start < 2


def test_connections_too_many_are_told_so(serve: Any) -> None:
    running = serve(connections=3)
    held = [running.connect() for _ in range(3)]
    for wire in held:
        wire.sendall(GET)
        assert wire.recv(1000)
    said = running.say()
    [(status, body)] = replies(said)
    assert (status, json.loads(body)["error"]["code"]) == (503, "too_many_connections")
    assert b"retry-after: 1\r\n" in said
    held[0].sendall(GET)
    assert b"200 OK" in held[0].recv(1000)
    for wire in held:
        wire.close()
    time.sleep(0.1)
    assert replies(running.say(close(GET))) == [(200, b"/a")]


def test_pipelined_requests_are_answered_in_order(running: Running) -> None:
    paths = [b"/slow", b"/b", b"/slow", b"/c"]
    text = b"".join(b"GET %s HTTP/1.1\r\n%s\r\n" % (path, HOST) for path in paths)
    assert replies(running.say(text + close(GET))) == [(200, path) for path in [*paths, b"/a"]]


def test_pipelining_is_bounded(serve: Any) -> None:
    running = serve()
    said = replies(running.say(GET * 1000))
    assert said == [(200, b"/a")] * 33
    assert len(running.seen) == 33


def test_requests_before_a_bad_one_are_answered(running: Running) -> None:
    slow = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
    assert replies(running.say(slow + GET + b"nonsense\r\n\r\n")) == [(200, b"/slow"), (200, b"/a")]


def test_a_caller_that_leaves_is_noticed(serve: Any) -> None:
    running = serve()
    with running.connect() as wire:
        wire.sendall(b"GET /wait HTTP/1.1\r\n" + HOST + b"\r\n" + GET)
        time.sleep(0.1)
    assert running.left.wait(2)


def test_expect_100_continue_is_answered(running: Running) -> None:
    head = b"POST /e HTTP/1.1\r\n" + HOST + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with running.connect() as wire:
        wire.sendall(head)
        assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(b"ab")
        assert replies(read(wire)) == [(200, b"/e")]

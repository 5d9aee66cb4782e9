"""Answers in place of workers that cannot: read no further than needed, bounded, never in the way."""

import json
import selectors
import socket
import time
from collections.abc import Iterator

import pytest

from smeaton.service import sorry
from smeaton.service.listening import listen
from smeaton.service.sorry import SorryServer

HEAD = b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Stage:
    """The server with its selector, turned by hand."""

    def __init__(self, *, tls: bool = False) -> None:
        self.selector = selectors.DefaultSelector()
        self.listening = listen("127.0.0.1", 0)
        self.listening.setblocking(False)
        self.server = SorryServer(self.selector, [self.listening], tls=tls)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.listening.getsockname(), timeout=5)

    def turn(self, seconds: float = 0.05) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in self.selector.select(left):
                key.data()


@pytest.fixture
def stage() -> Iterator[Stage]:
    one = Stage()
    one.server.open(True)
    yield one
    one.server.close()
    one.listening.close()
    one.selector.close()


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        (b"GET /health/live", 200, {"live": True}),
        (b"GET /v2/health/live?x", 200, {"live": True}),
        (b"GET /health/ready", 503, {"error": {"code": "not_ready", "message": sorry.NOT_READY}}),
        (b"GET /v2/health/ready", 503, {"error": sorry.NOT_READY}),
        (b"\xff\xfe", 503, {"error": {"code": "not_ready", "message": sorry.NOT_READY}}),
    ],
)
def test_it_answers(stage: Stage, request_line: bytes, status: int, body: object) -> None:
    with stage.connect() as wire:
        wire.sendall(request_line + HEAD)
        stage.turn()
        head, _, content = wire.recv(4096).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in head
        assert (b"retry-after: 1" in head) == (status == 503)
        assert json.loads(content) == body
        assert wire.recv(1) == b""
    stage.turn()
    assert not stage.server.busy


def test_closed_it_takes_nothing(stage: Stage) -> None:
    stage.server.open(False)
    with stage.connect() as wire:
        stage.turn()
        taken, _ = stage.listening.accept()
        assert taken.getpeername() == wire.getsockname()
        taken.close()


def test_connections_are_bounded_in_number_and_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorry, "_MOST_CONNECTIONS", 2)
    monkeypatch.setattr(sorry, "_SECONDS", 0.05)
    silent = [stage.connect() for _ in range(3)]
    stage.turn(0.02)
    assert len(stage.server._connections) == 2
    stage.turn(0.1)
    stage.server.tick()
    assert not stage.server.busy
    stage.server.open(True)
    silent[2].sendall(b"GET /" + HEAD)
    stage.turn(0.04)
    assert silent[2].recv(4096).startswith(b"HTTP/1.1 503")
    for wire in silent:
        wire.close()


def test_a_head_without_end_is_answered(stage: Stage) -> None:
    with stage.connect() as wire:
        wire.sendall(b"GET /" + b"a" * 70_000)
        stage.turn()
        assert wire.recv(4096).startswith(b"HTTP/1.1 503")


def test_without_a_key_a_tls_connection_is_ended() -> None:
    stage = Stage(tls=True)
    stage.server.open(True)
    with stage.connect() as wire:
        stage.turn()
        assert wire.recv(1) == b""
    stage.server.close()
    stage.listening.close()
    stage.selector.close()

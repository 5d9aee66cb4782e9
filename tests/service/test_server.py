"""A server in this process: its drain, and the door that closes without losing a connection."""

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from smeaton.errors import InputError
from smeaton.service.listening import address, listen, refuse_new

sys.path.insert(0, str(Path(__file__).parent))
from test_http import GET, HOST, Running, UsualLimits, replies

SLOW = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture
def running() -> Iterator[Running]:
    one = Running(UsualLimits())
    yield one
    one.stop()


def read(wire: socket.socket) -> bytes:
    pieces = []
    while piece := wire.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def test_what_is_in_flight_is_answered_and_the_connection_ends(running: Running) -> None:
    with running.connect() as wire:
        wire.sendall(SLOW)
        time.sleep(0.05)
        running.server.drain()
        said = read(wire)
    assert replies(said) == [(200, b"/slow")]
    assert b"connection: close\r\n" in said


def test_an_idle_connection_may_still_ask(running: Running) -> None:
    with running.connect() as wire:
        wire.sendall(GET)
        assert b"200 OK" in wire.recv(1000)
        running.server.drain()
        time.sleep(0.3)
        wire.sendall(GET)
        said = read(wire)
    assert replies(said) == [(200, b"/a")]
    assert b"connection: close\r\n" in said


def test_an_idle_connection_does_not_hold_it_up(running: Running) -> None:
    with running.connect() as wire:
        start = time.monotonic()
        running.server.drain()
        assert read(wire) == b""
        assert time.monotonic() - start < 2


def test_what_waits_in_the_queue_is_answered(running: Running) -> None:
    running.server._acceptor.stop()  # type: ignore[union-attr]
    waiting = [running.connect() for _ in range(20)]
    for wire in waiting:
        wire.sendall(GET)
    running.server.drain()
    assert [replies(read(wire)) for wire in waiting] == [[(200, b"/a")]] * 20
    for wire in waiting:
        wire.close()


def test_alone_it_leaves_the_queue_to_others(running: Running) -> None:
    other = running.listening.dup()
    running.server._acceptor.stop()  # type: ignore[union-attr]
    with other, running.connect() as wire:
        running.server.drain(alone=True)
        time.sleep(0.3)
        taken, _ = other.accept()
        with taken, running.connect():
            assert taken.getpeername() == wire.getsockname()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="filters on sockets are Linux's")
def test_a_closing_door_keeps_who_is_inside() -> None:
    with listen("127.0.0.1", 0) as listening:
        where = listening.getsockname()
        with socket.create_connection(where) as inside:
            assert refuse_new([listening])
            with socket.socket() as late:
                late.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    late.connect(where)
            taken, _ = listening.accept()
            with taken:
                inside.sendall(b"hello")
                assert taken.recv(5) == b"hello"


def test_a_taken_port_is_said() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert address(listening) == f"http://127.0.0.1:{port}"
        with pytest.raises(InputError, match="cannot listen"):
            listen("127.0.0.1", port)
    with pytest.raises(InputError, match="0 to 65535"):
        listen("127.0.0.1", 70_000)

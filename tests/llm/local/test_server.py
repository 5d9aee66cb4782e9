import threading
import time

import pytest

from smeaton.llm.local.server import Server, identified, loopback
from smeaton.testing.servers import Script, serve
from smeaton.testing.servers._probes import DIALECTS


@pytest.mark.parametrize("dialect", [dialect for dialect in DIALECTS if dialect])
def test_each_kind_is_told_by_what_only_it_answers(dialect):
    with serve(Script(dialect=dialect, models=("a", "b"))) as server:
        for url in (server.url("openai"), server.url("anthropic"), server.url("anthropic") + "/"):
            assert identified(url, 5) == Server(server.url("openai"), dialect, ("a", "b"))


def test_a_server_that_wants_a_key_is_none_of_local_models():
    with serve(Script()) as server:
        assert identified(server.url(), 5) is None


def test_nobody_there_is_known_at_once():
    with serve(Script()) as server:
        url = server.url()
    begun = time.monotonic()
    assert identified(url, 60) is None
    assert time.monotonic() - begun < 0.3


def test_one_that_takes_connections_and_says_nothing(unused_listener):
    assert identified(f"http://127.0.0.1:{unused_listener}", 0.05) is None


@pytest.fixture
def unused_listener():
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"nonsense", b'{"data": 3}', b'{"object": "list", "data": [{"id": "t", "owned_by": "smeaton"}]}'],
)
def test_other_web_servers_are_not_taken_for_one(body):
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
        try:
            assert identified(f"http://127.0.0.1:{web.server_port}", 5) is None
        finally:
            web.shutdown()


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost:8000/v1", True),
        ("http://[::1]:80", True),
        ("http://192.168.0.4:80", False),
        ("http://models.example", False),
        ("nonsense", False),
    ],
)
def test_what_is_on_this_machine(url, here):
    assert loopback(url) is here

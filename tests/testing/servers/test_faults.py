"""What goes wrong on demand, as a plain HTTP client sees it."""

import asyncio
import json
import time
from collections.abc import Callable

import httpx
import pytest

from smeaton.testing.servers import Rule, Say, Script, Server, serve

PATHS = {
    "openai": ("/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "hello"}]}),
    "responses": ("/responses", {"model": "m", "input": "hello"}),
    "anthropic": ("/v1/messages", {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "hello"}]}),
    "gemini": ("/v1beta/models/m:generateContent", {"contents": [{"parts": [{"text": "hello"}]}]}),
}
HEADERS = {"authorization": "Bearer k", "x-goog-api-key": "k", "anthropic-version": "2023-06-01"}
WIRES = tuple(PATHS)


def post(server: Server, wire: str, *, stream: bool = False, timeout: float = 5) -> httpx.Response:
    path, body = PATHS[wire]
    if stream and wire == "gemini":
        path = path.replace("generateContent", "streamGenerateContent") + "?alt=sse"
    elif stream:
        body = body | {"stream": True}
    return httpx.post(server.url(wire) + path, json=body, headers=HEADERS, timeout=timeout)


def becomes(true: Callable[[], bool]) -> bool:
    """Whether it holds within a few seconds: the server sees the end of a connection a moment after the client."""
    for _ in range(500):
        if true():
            return True
        time.sleep(0.01)
    return False


def faulty(fault: str, **more) -> Script:
    return Script(default=Say(text='{"label": "one of the words that are long enough"}', fault=fault, **more))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("status", [400, 429, 500, 503, 529])
def test_http_errors_in_the_wire_s_form(wire, status):
    with serve(faulty(str(status), retry_after=0.5)) as server:
        reply = post(server, wire)
    assert reply.status_code == status
    assert reply.json()["error"]["message"]
    assert reply.headers.get("retry-after") == ("0.5" if status in (429, 503, 529) else None)


@pytest.mark.parametrize("wire", WIRES)
def test_a_body_that_is_no_json(wire):
    with serve(faulty("malformed")) as server:
        reply = post(server, wire)
    assert reply.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        reply.json()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wire", WIRES)
def test_the_connection_ends_in_the_middle(wire, stream):
    with serve(faulty("cut")) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            post(server, wire, stream=stream)
        assert becomes(lambda: server.active == 0)
        assert server.abandoned == 0


@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_with_an_event_that_is_no_json(wire):
    with serve(faulty("malformed")) as server:
        text = post(server, wire, stream=True).text
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert json.loads(events[0])
    with pytest.raises(json.JSONDecodeError):
        json.loads(events[-1])


@pytest.mark.parametrize("wire", WIRES)
def test_the_answer_is_not_the_json_that_was_asked_for(wire):
    with serve(faulty("bad_json")) as server:
        text = post(server, wire).text
    assert "Sure! Here is the answer" in text
    assert "long enough" not in text


def test_a_reply_that_never_comes_and_a_server_that_ends_all_the_same():
    with serve(faulty("timeout")) as server:
        with pytest.raises(httpx.ReadTimeout):
            post(server, "openai", timeout=0.1)
        assert becomes(lambda: server.active == 0)
        assert server.abandoned == 0
        begun = time.monotonic()
    assert time.monotonic() - begun < 1


def test_truncated_halfway():
    with serve(faulty("truncate")) as server:
        choice = post(server, "openai").json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert '{"label": "one'.startswith(choice["message"]["content"][:14])


def test_delays_and_pace():
    with serve(Script(default=Say(text="a b c d", delay=0.1, first_delay=0.1, pace=0.05))) as server:
        begun = time.monotonic()
        post(server, "openai", stream=True)
        assert time.monotonic() - begun >= 0.1 + 0.1 + 3 * 0.05


def test_a_caller_that_goes_away_is_counted():
    with serve(Script(default=Say(text="a b c d e f", pace=5))) as server:
        path, body = PATHS["openai"]
        with httpx.stream("POST", server.url() + path, json=body | {"stream": True}, headers=HEADERS) as reply:
            pieces = reply.iter_bytes()  # kept: where it is let go the stream is closed
            next(pieces)
            assert server.active == 1
        assert becomes(lambda: (server.abandoned, server.active) == (1, 0))


def test_many_streams_at_once():
    async def all_of_them(server: Server, count: int) -> list[str]:
        path, body = PATHS["openai"]
        limits = httpx.Limits(max_connections=count)
        async with httpx.AsyncClient(limits=limits, headers=HEADERS, timeout=30) as client:
            replies = await asyncio.gather(
                *(client.post(server.url() + path, json=body | {"stream": True}) for _ in range(count))
            )
        return [reply.text for reply in replies]

    with serve(Script(default=Say(text="a b", first_delay=0.5))) as server:
        texts = asyncio.run(all_of_them(server, 40))
        assert server.peak == 40
    assert all(text.endswith("data: [DONE]\n\n") for text in texts)


def test_faults_come_as_often_as_the_rules_say():
    rules = [
        Rule(say=Say(fault="429"), times=1),
        Rule(say=Say(fault="500"), skip=1, times=2),
        Rule(say="fine"),
    ]
    with serve(Script(rules)) as server:
        assert [post(server, "openai").status_code for _ in range(5)] == [429, 500, 500, 200, 200]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/chat/completions", {}, 401),
        ("/v1/messages", {"authorization": "Bearer k"}, 400),
        ("/v1/models", {}, 401),
        ("/v1/unknown", HEADERS, 404),
    ],
)
def test_who_is_let_in(path, headers, status):
    with serve(Script()) as server:
        base = server.url("anthropic")
        reply = httpx.get(base + path) if path == "/v1/models" else httpx.post(base + path, json={}, headers=headers)
    assert reply.status_code == status


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"model": "m", "messages": [1]}', b'{"model": 1}', b"\xff"])
def test_nonsense_is_a_bad_request(content):
    with serve(Script()) as server:
        for wire, (path, _) in PATHS.items():
            reply = httpx.post(server.url(wire) + path, content=content, headers=HEADERS)
            assert reply.status_code == 400, (wire, reply.text)
        assert not server.requests

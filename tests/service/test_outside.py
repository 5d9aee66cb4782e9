"""Models that wait for other machines: they hold up nobody else, end with their caller, and say what they took."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.service.talk import Runner, install, talk_bundle

from smeaton.errors import InputError, ProgramError

HOST = "talk.example"
PAID = {"allow_external": (HOST,), "spend": "$1/day"}


@pytest.fixture
def talker(client: Any, tmp_path: Path, monkeypatch: Any, churn: Path) -> Callable[..., Any]:
    install(monkeypatch)

    def start(**options: Any) -> Any:
        return client(talk_bundle(tmp_path / "talk"), churn, **PAID | {"state": str(tmp_path / "state")} | options)

    return start


async def leaving(app: Any, path: str, body: Any, after: float) -> list[dict[str, Any]]:
    """Ask, and leave after some seconds; what was sent until the application ended."""
    content = json.dumps(body).encode()
    scope = {
        "type": "http", "method": "POST", "path": path, "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"content-length", b"%d" % len(content))],
    }  # fmt: skip
    messages = [{"type": "http.request", "body": content, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.sleep(after)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "make"), [
    ("/predict", lambda text, stream: {"rows": [{"text": text}], "stream": stream}),
    ("/v1/chat/completions", lambda text, stream: {
        "model": "talk", "messages": [{"role": "user", "content": text}], "stream": stream}),
])  # fmt: skip
def test_a_caller_that_leaves_ends_what_waits_for_it(talker: Any, path: str, make: Any, stream: bool) -> None:
    caller = talker()

    async def go() -> list[dict[str, Any]]:
        async with asyncio.timeout(5):
            return await leaving(caller.app, path, make("please hang", stream), 0.05)

    sent = asyncio.run(go())
    assert Runner.cut == 1
    assert sent[0]["status"] == 499


def test_a_caller_that_leaves_a_stream_ends_it(talker: Any) -> None:
    caller = talker()

    async def go() -> list[dict[str, Any]]:
        async with asyncio.timeout(5):
            return await leaving(caller.app, "/predict", {"rows": [{"text": "please stall"}], "stream": True}, 0.05)

    sent = asyncio.run(go())
    assert Runner.cut == 1
    assert sent[0]["status"] == 200
    assert b'"cancelled"' in sent[-2]["body"]


def test_a_deadline_ends_a_call_that_hangs_and_says_not_to_ask_again(talker: Any) -> None:
    caller = talker()
    body = json.dumps({"rows": [{"text": "hang"}]}).encode()
    status, content, headers = caller.send("POST", "/predict", body, {"x-request-timeout": "0.05"})
    assert (status, json.loads(content)["error"]["code"]) == (504, "deadline_exceeded")
    assert headers["x-should-retry"] == "false"
    assert Runner.cut == 1


def test_rows_that_wait_are_bounded_and_hold_up_no_other_model(talker: Any, row: Any) -> None:
    caller = talker(max_queue=5)

    async def go() -> list[tuple[int, bytes, dict[str, str]]]:
        ask = lambda texts: caller.asend(  # noqa: E731
            "POST", "/predict", json.dumps({"rows": [{"text": text} for text in texts]}).encode(),
            {"x-request-timeout": "0.5"},
        )  # fmt: skip
        hung = [asyncio.create_task(ask(["hang"] * 3)) for _ in range(2)]
        while Runner.under_way < 6:
            await asyncio.sleep(0.01)
        refused = await ask(["hello"])
        pure = await caller.asend("POST", "/models/churn/predict", json.dumps({"rows": [row]}).encode())
        assert Runner.under_way == 6
        return [refused, pure, *await asyncio.gather(*hung), await ask(["hello"])]

    refused, pure, one, other, again = asyncio.run(go())
    assert (refused[0], json.loads(refused[1])["error"]["code"]) == (429, "queue_full")
    assert refused[2]["retry-after"] == "1"
    assert [pure[0], one[0], other[0], again[0]] == [200, 504, 504, 200]


def test_a_slow_call_of_one_caller_does_not_hold_another_back(talker: Any) -> None:
    caller = talker()

    async def go() -> tuple[int, int]:
        ask = lambda text: caller.asend(  # noqa: E731
            "POST", "/predict", json.dumps({"rows": [{"text": text}]}).encode(), {"x-request-timeout": "0.3"}
        )
        slow = asyncio.create_task(ask("hang"))
        await asyncio.sleep(0.02)
        quick = await ask("hello")
        assert not slow.done()
        return quick[0], (await slow)[0]

    assert asyncio.run(go()) == (200, 504)


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_row_took_is_told_where_asked(talker: Any, stream: bool) -> None:
    caller = talker()
    rows = {"rows": [{"text": "hello there"}], "stream": stream}
    _, plain, _ = caller.send("POST", "/predict", json.dumps(rows).encode())
    assert b"usage" not in plain
    status, told, _ = caller.send("POST", "/predict", json.dumps(rows | {"usage": True}).encode())
    assert status == 200
    assert b"openai:talk" in told
    metrics = caller.send("GET", "/metrics")[1].decode()
    assert 'smeaton_llm_tokens_total{direction="input",model="talk"} 4.0' in metrics
    assert 'smeaton_llm_tokens_total{direction="output",model="talk"} 4.0' in metrics
    assert 'smeaton_llm_cost_dollars_total{model="talk"} 0.002' in metrics


def test_every_wire_reads_a_program_without_a_table_step(talker: Any) -> None:
    caller = talker()
    status, rest = caller.post("/models/talk/predict", {"rows": [{"text": "a"}, {"text": "b"}]})
    assert (status, [one["prediction"] for one in rest["predictions"]]) == (200, ["You said: a", "You said: b"])
    assert caller.post("/v1/models/talk:predict", {"instances": ["a", {"text": "b"}]}) == (200, rest)
    tensor = {"name": "text", "datatype": "BYTES", "shape": [2, 1], "data": ["a", "b"]}
    status, found = caller.post("/v2/models/talk/infer", {"inputs": [tensor]})
    assert [output["name"] for output in found["outputs"]] == ["prediction", "error"]
    assert found["outputs"][0]["data"] == ["You said: a", "You said: b"]
    asked = {"inputs": [tensor], "outputs": [{"name": "usage"}]}
    told = caller.post("/v2/models/talk/infer", asked)[1]["outputs"][0]
    assert (told["datatype"], json.loads(told["data"][0])["input"]) == ("BYTES", 1)
    for bad in ({"text": 3}, {"text": None}, {}, {"text": "a", "more": 1}):
        assert caller.post("/models/talk/predict", {"rows": [bad]})[0] == 422


def test_tokens_and_dollars_are_in_the_journal(talker: Any, tmp_path: Path) -> None:
    from smeaton.journal.read import Reader

    caller = talker(journal=str(tmp_path / "journal"))
    assert caller.post("/predict", {"rows": [{"text": "hello there"}]})[0] == 200
    caller.service.recorder.journal.close()
    [told] = Reader(tmp_path / "journal").predictions()
    assert told.answer["prediction"] == "You said: hello there"
    assert told.answer["usage"] == {"model": "openai:talk", "input": 2, "output": 2, "cost": 0.001, "seconds": 0.01}


@pytest.mark.parametrize("price", [0.0, 0.1])
def test_a_model_of_this_machine_needs_leave_and_no_money(
    client: Any, tmp_path: Path, monkeypatch: Any, price: float
) -> None:
    install(monkeypatch)
    bundle = talk_bundle(tmp_path, "local", price)
    with pytest.raises(ProgramError, match="allow-external local"):
        client(bundle, spend="$1/day")
    if price:
        with pytest.raises(InputError, match="nothing says what that may cost"):
            client(bundle, allow_external=("local",))
        return
    caller = client(bundle, allow_external=("local",))
    assert caller.post("/predict", {"rows": [{"text": "a"}]})[0] == 200
    assert not (tmp_path / "talk.state").exists()


def test_the_money_of_the_day_ends(talker: Any, tmp_path: Path) -> None:
    caller = talker(spend="$0.002/day")
    found = [caller.post("/predict", {"rows": [{"text": "a"}]})[0] for _ in range(3)]
    assert found == [200, 200, 402]
    database = sqlite3.connect(tmp_path / "state" / "spend.db")
    try:
        assert database.execute("SELECT count(*), sum(settled) FROM money").fetchone() == (2, 2_000_000)
    finally:
        database.close()

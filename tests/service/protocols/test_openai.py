"""OpenAI's endpoints, as the official client sees them."""

import asyncio
import json
import math
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from tests.service.talk import install, talk_bundle

from smeaton.task.types import Type

MODELS = ("talk", "tickets", "churn")
TICKET = json.dumps({"body": "my crash again"})
USER = {"role": "user"}


@pytest.fixture
def caller(client: Any, tickets: Any, churn: Path, tmp_path: Path, monkeypatch: Any) -> Any:
    """A text model, labels of another machine, labels of a table."""
    install(monkeypatch)
    leave = {"allow_external": ("talk.example", "chat.example"), "spend": "$1/day", "state": str(tmp_path / "state")}
    return client(talk_bundle(tmp_path / "talk"), tickets("chat"), churn, **leave)


@pytest.fixture
def ask(caller: Any) -> Callable[[Callable[[Any], Coroutine[Any, Any, Any]]], Any]:
    """Runs a function of the official client."""

    def run(work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        async def go() -> Any:
            transport = httpx2.ASGITransport(caller.app)
            async with httpx2.AsyncClient(transport=transport) as http:
                api = openai.AsyncOpenAI(
                    base_url="http://localhost/v1", api_key="none", http_client=http, max_retries=0
                )
                return await work(api)

        return asyncio.run(go())

    return run


def chat(text: str, model: str = "talk", **more: Any) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    return lambda api: api.chat.completions.create(model=model, messages=[USER | {"content": text}], **more)


def respond(given: Any, model: str = "talk", **more: Any) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    return lambda api: api.responses.create(model=model, input=given, **more)


def streamed(asking: Callable[[Any], Coroutine[Any, Any, Any]]) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    async def work(api: Any) -> list[Any]:
        return [event async for event in await asking(api)]

    return work


def object_of(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def schema_format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


def function(name: str, schema: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


TEAM = object_of(team={"type": "string", "enum": ["billing", "bug", "how-to"]})


class TestChat:
    def test_text_in_text_out(self, ask: Any, caller: Any) -> None:
        found = ask(chat("hello there"))
        assert found.choices[0].message.content == "You said: hello there"
        assert (found.choices[0].finish_reason, found.choices[0].message.role) == ("stop", "assistant")
        assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens) == (2, 2, 4)
        assert found.usage.cost == 0.001
        assert found.model == f"talk@{caller.models['talk'].version}"

    def test_a_part_of_text_and_a_name_with_its_version(self, ask: Any, caller: Any) -> None:
        version = caller.models["talk"].version
        parts = [{"type": "text", "text": "hello"}]
        assert ask(chat(parts, f"talk@{version}")).choices[0].message.content == "You said: hello"  # type: ignore[arg-type]

    def test_an_object_of_inputs_in_a_label_out(self, ask: Any, row: Any) -> None:
        found = ask(chat(json.dumps(row), "churn"))
        assert found.choices[0].message.content == "true"
        assert found.usage.total_tokens == 0
        assert not hasattr(found.usage, "cost")
        assert ask(chat(TICKET, "tickets")).choices[0].message.content == "bug"

    def test_a_stream_is_the_plain_answer_in_pieces(self, ask: Any) -> None:
        chunks = ask(streamed(chat("hello there", stream=True, stream_options={"include_usage": True})))
        texts = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
        assert texts == ["You", " said:", " hello", " there"]
        assert chunks[0].choices[0].delta.role == "assistant"
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 4)
        assert len({chunk.id for chunk in chunks}) == 1

    @pytest.mark.parametrize(("model", "text"), [("tickets", TICKET), ("talk", "hello there")])
    def test_the_raw_events(self, caller: Any, model: str, text: str) -> None:
        body = {"model": model, "messages": [USER | {"content": text}], "stream": True}
        status, content, headers = caller.send("POST", "/v1/chat/completions", json.dumps(body).encode())
        assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        events = content.decode().split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""]
        chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
        assert all("usage" not in chunk for chunk in chunks)
        joined = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
        plain = caller.post("/v1/chat/completions", body | {"stream": False})[1]
        assert joined == plain["choices"][0]["message"]["content"]

    def test_a_pure_model_streams_in_one_piece(self, ask: Any, row: Any) -> None:
        chunks = ask(streamed(chat(json.dumps(row), "churn", stream=True)))
        assert [chunk.choices[0].delta.content for chunk in chunks] == ["true", None]

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_row_that_fails_is_no_answer(self, ask: Any, stream: bool) -> None:
        with pytest.raises(openai.UnprocessableEntityError, match="it was filtered") as caught:
            ask(chat("fail", stream=stream))
        assert caught.value.code == "no_answer"

    def test_json_objects(self, ask: Any, row: Any) -> None:
        found = ask(chat("hello", response_format={"type": "json_object"}))
        assert json.loads(found.choices[0].message.content) == {"reply": "You said: hello"}
        found = ask(chat(json.dumps(row), "churn", response_format={"type": "json_object"}))
        assert json.loads(found.choices[0].message.content) == {"churned": True}

    def test_json_by_a_schema(self, ask: Any, row: Any) -> None:
        found = ask(chat(TICKET, "tickets", response_format=schema_format(TEAM)))
        assert json.loads(found.choices[0].message.content) == {"team": "bug"}
        other = object_of(verdict={"anyOf": [{"type": "boolean"}, {"type": "null"}]})
        found = ask(chat(json.dumps(row), "churn", response_format=schema_format(other)))
        assert json.loads(found.choices[0].message.content) == {"verdict": True}

    def test_a_parsed_answer(self, ask: Any) -> None:
        from pydantic import BaseModel

        class Answer(BaseModel):
            team: str

        found = ask(
            lambda api: api.chat.completions.parse(
                model="tickets", messages=[USER | {"content": TICKET}], response_format=Answer
            )
        )
        assert found.choices[0].message.parsed == Answer(team="bug")

    @pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "route"}}])
    @pytest.mark.parametrize("stream", [False, True])
    def test_a_function_is_called(self, ask: Any, choice: Any, stream: bool) -> None:
        asking = chat(TICKET, "tickets", tools=[function("route", TEAM)], tool_choice=choice, stream=stream)
        if stream:
            chunks = ask(streamed(asking))
            call = chunks[0].choices[0].delta.tool_calls[0]
            finish = chunks[-1].choices[0].finish_reason
        else:
            choice = ask(asking).choices[0]
            call, finish = choice.message.tool_calls[0], choice.finish_reason
            assert choice.message.content is None
        assert (call.function.name, json.loads(call.function.arguments)) == ("route", {"team": "bug"})
        assert finish == "tool_calls"

    def test_log_probabilities_are_those_of_labels(self, ask: Any, caller: Any) -> None:
        found = ask(chat(TICKET, "tickets", logprobs=True, top_logprobs=2))
        [token] = found.choices[0].logprobs.content
        assert (token.token, bytes(token.bytes)) == ("bug", b"bug")
        assert token.logprob == pytest.approx(math.log(0.9))
        assert token.top_logprobs[0].token == "bug"
        assert len(token.top_logprobs) == 2
        chunks = ask(streamed(chat(TICKET, "tickets", logprobs=True, stream=True)))
        assert chunks[0].choices[0].logprobs.content[0].token == "bug"


#: What is sent beside or instead of a good request, and the `param` of the refusal.
REFUSED: tuple[tuple[dict[str, Any], str | None], ...] = (
    ({"temperature": 0}, "temperature"),
    ({"seed": 1}, "seed"),
    ({"max_tokens": 10}, "max_tokens"),
    ({"n": 2}, "n"),
    ({"n": True}, "n"),
    ({"store": True}, "store"),
    ({"zebra": 1}, "zebra"),
    ({"zebra": None}, "zebra"),
    ({"stream": 1}, "stream"),
    ({"stream_options": {"include_usage": True}}, "stream_options"),
    ({"stream": True, "stream_options": {"more": True}}, "stream_options.more"),
    ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation"),
    ({"messages": []}, "messages"),
    ({"messages": "hello"}, "messages"),
    ({"messages": [{"role": "system", "content": "be kind"}, USER | {"content": "a"}]}, "messages[0]"),
    ({"messages": [USER | {"content": "a"}, USER | {"content": "b"}]}, "messages[1]"),
    ({"messages": [USER | {"content": "a", "name": "me"}]}, "messages[0].name"),
    ({"messages": [USER | {"content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages[0].content[0]"),
    ({"messages": [USER]}, "messages[0].content"),
    ({"messages": [USER | {"content": ""}]}, "messages[0].content.text"),
    ({"logprobs": True}, "logprobs"),
    ({"top_logprobs": 2}, "top_logprobs"),
    ({"tools": [function("say", object_of(reply={"type": "string"}))]}, "tool_choice"),
    ({"tools": [{"type": "web_search"}], "tool_choice": "required"}, "tools[0]"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tool_choice": {"type": "function", "function": {"name": "say"}}}, "tool_choice"),
    ({"tool_choice": 3}, "tool_choice"),
    ({"response_format": {"type": "grammar"}}, "response_format.type"),
    ({"response_format": "json"}, "response_format"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ({"response_format": schema_format({})}, "response_format.json_schema.schema"),
    (
        {"response_format": schema_format(object_of(reply={"type": "number"}))},
        "response_format.json_schema.schema.properties.reply",
    ),
    (
        {"response_format": schema_format(object_of(reply={"type": "string"}, more={"type": "string"}))},
        "response_format.json_schema.schema.required",
    ),
    (
        {"response_format": schema_format(object_of(reply={"type": "string", "pattern": "^a"}))},
        "response_format.json_schema.schema.properties.reply.pattern",
    ),
)


@pytest.mark.parametrize(("change", "param"), REFUSED, ids=[json.dumps(change)[:60] for change, _ in REFUSED])
def test_what_cannot_be_honoured_is_refused(caller: Any, change: dict[str, Any], param: str | None) -> None:
    body = {"model": "talk", "messages": [USER | {"content": "hello"}]} | change
    status, problem = caller.post("/v1/chat/completions", body)
    assert status == 400
    assert problem["error"].keys() == {"message", "type", "param", "code"}
    assert (problem["error"]["type"], problem["error"]["param"]) == ("invalid_request_error", param)


def test_labels_that_a_schema_does_not_allow_are_refused_before_anything_is_paid(caller: Any, tmp_path: Path) -> None:
    body = {
        "model": "tickets",
        "messages": [USER | {"content": TICKET}],
        "response_format": schema_format(object_of(team={"enum": ["bug", "billing"]})),
    }
    status, problem = caller.post("/v1/chat/completions", body)
    assert (status, problem["error"]["code"]) == (400, "unsupported_schema")
    assert paid(tmp_path) == 0
    assert caller.post("/v1/chat/completions", body | {"response_format": schema_format(TEAM)})[0] == 200
    assert paid(tmp_path) == 1


def paid(folder: Path) -> int:
    """How many calls were paid for."""
    with closing(sqlite3.connect(folder / "state" / "spend.db")) as database:
        return int(database.execute("SELECT count(*) FROM money").fetchone()[0])


@pytest.mark.parametrize("name", ["frequency_penalty", "n", "store", "user", "seed", "stop", "temperature"])
def test_null_is_as_if_nothing_were_sent(caller: Any, name: str) -> None:
    body = {"model": "talk", "messages": [USER | {"content": "hello"}], name: None}
    assert caller.post("/v1/chat/completions", body)[0] == 200


class TestResponses:
    def test_text_in_text_out(self, ask: Any) -> None:
        found = ask(respond("hello there"))
        assert (found.output_text, found.status, found.store) == ("You said: hello there", "completed", False)
        assert (found.usage.input_tokens, found.usage.output_tokens) == (2, 2)
        items = [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}]
        assert ask(respond(items)).output_text == "You said: hello"  # type: ignore[arg-type]

    @pytest.mark.parametrize("model", ["talk", "tickets"])
    def test_the_events_of_a_stream(self, ask: Any, model: str) -> None:
        events = ask(streamed(respond(TICKET, model, stream=True)))
        assert [event.sequence_number for event in events] == list(range(len(events)))
        kinds = [event.type.removeprefix("response.") for event in events]
        assert kinds[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
        assert set(kinds[4:-4]) == {"output_text.delta"}
        assert kinds[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
        joined = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert joined == events[-4].text == events[-1].response.output_text
        assert events[-1].response.usage.total_tokens >= 0

    def test_json_by_a_schema(self, ask: Any) -> None:
        wanted = {"format": {"type": "json_schema", "name": "answer", "schema": TEAM, "strict": True}}
        found = ask(respond(TICKET, "tickets", text=wanted))
        assert json.loads(found.output_text) == {"team": "bug"}
        assert found.text.format.type == "json_schema"

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_function_is_called(self, ask: Any, stream: bool) -> None:
        tool = {"type": "function", "name": "route", "parameters": TEAM, "strict": True}
        asking = respond(TICKET, "tickets", tools=[tool], tool_choice="required", stream=stream)
        if stream:
            events = ask(streamed(asking))
            assert [event.sequence_number for event in events] == list(range(len(events)))
            kinds = [event.type.removeprefix("response.") for event in events]
            assert kinds[2:5] == [
                "output_item.added", "function_call_arguments.delta", "function_call_arguments.done",
            ]  # fmt: skip
            found = events[-1].response
        else:
            found = ask(asking)
        [call] = found.output
        assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "route", {"team": "bug"})

    def test_log_probabilities(self, ask: Any) -> None:
        found = ask(respond(TICKET, "tickets", include=["message.output_text.logprobs"], top_logprobs=1))
        assert found.output[0].content[0].logprobs[0].token == "bug"

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"instructions": "be kind"}, "instructions"),
            ({"previous_response_id": "resp_1"}, "previous_response_id"),
            ({"store": True}, "store"),
            ({"conversation": "c"}, "conversation"),
            ({"background": True}, "background"),
            ({"zebra": 1}, "zebra"),
            ({"text": {"verbosity": "low"}}, "text"),
            ({"include": ["reasoning.encrypted_content"]}, "include"),
            ({"top_logprobs": 1}, "top_logprobs"),
            ({"input": [{"role": "developer", "content": "a"}]}, "input[0]"),
            ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
            ({"input": 3}, "input"),
        ],
    )
    def test_what_cannot_be_honoured_is_refused(self, caller: Any, change: Any, param: str) -> None:
        status, problem = caller.post("/v1/responses", {"model": "talk", "input": "hello"} | change)
        assert (status, problem["error"]["param"]) == (400, param)

    def test_none_is_kept(self, ask: Any) -> None:
        for what in ("retrieve", "delete"):
            with pytest.raises(openai.NotFoundError):
                ask(lambda api, what=what: getattr(api.responses, what)("resp_1"))


class TestModels:
    def test_they_are_listed_for_both_protocols(self, ask: Any, caller: Any) -> None:
        listed = ask(lambda api: api.models.list()).data
        assert [model.id for model in listed] == list(MODELS)
        assert listed[0].created == 1795867200
        assert caller.get("/v1/models")[1]["models"] == list(MODELS)

    def test_one_is_described(self, ask: Any, caller: Any) -> None:
        assert ask(lambda api: api.models.retrieve("talk")).id == "talk"
        status, told = caller.get("/v1/models/talk")
        assert (status, told["name"], told["ready"]) == (200, "talk", True)
        with pytest.raises(openai.NotFoundError) as caught:
            ask(lambda api: api.models.retrieve("nobody"))
        assert caught.value.code == "model_not_found"


class TestErrors:
    @pytest.mark.parametrize("model", ["nobody", "talk@000000000000", ""])
    def test_an_unknown_model(self, ask: Any, model: str) -> None:
        for asking in (chat("hello", model), respond("hello", model)):
            with pytest.raises(openai.NotFoundError) as caught:
                ask(asking)
            assert (caught.value.code, caught.value.param) == ("model_not_found", "model")

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"model": 3}', b'{"model": "talk", "model": "talk"}'])
    @pytest.mark.parametrize("path", ["chat/completions", "responses", "embeddings"])
    def test_no_body(self, caller: Any, path: str, body: bytes) -> None:
        status, content, _ = caller.send("POST", f"/v1/{path}", body)
        assert status == 400
        assert json.loads(content)["error"]["type"] == "invalid_request_error"

    def test_other_paths_and_methods(self, caller: Any) -> None:
        for method, path, status in (("GET", "/v1/chat/completions", 405), ("POST", "/v1/completions", 404)):
            found, content, _ = caller.send(method, path)
            assert (found, json.loads(content)["error"].keys()) == (status, {"message", "type", "param", "code"})

    def test_no_time_is_left(self, caller: Any) -> None:
        body = json.dumps({"model": "talk", "messages": [USER | {"content": "hang"}]}).encode()
        status, content, headers = caller.send("POST", "/v1/chat/completions", body, {"x-request-timeout": "0.05"})
        assert (status, json.loads(content)["error"]["type"]) == (504, "server_error")
        assert headers["x-should-retry"] == "false"

    def test_a_stream_that_breaks_off_says_why(self, caller: Any) -> None:
        chat_body = {"model": "talk", "messages": [USER | {"content": "please stall"}], "stream": True}
        response_body = {"model": "talk", "input": "please stall", "stream": True}
        for path, body in (("chat/completions", chat_body), ("responses", response_body)):
            status, content, _ = caller.send(
                "POST", f"/v1/{path}", json.dumps(body).encode(), {"x-request-timeout": "0.1"}
            )
            last = json.loads(content.decode().split("\n\n")[-2].rpartition("data: ")[2])
            error = last["error"] if "error" in last else last["response"]["error"]
            assert status == 200
            assert error["message"].startswith("no answer within the time")
            assert b"[DONE]" not in content

    def test_metrics_name_the_model(self, caller: Any) -> None:
        caller.post("/v1/responses", {"model": "talk", "input": "hello"})
        metrics = caller.send("GET", "/metrics")[1].decode()
        assert 'code="200",model="talk",protocol="openai"' in metrics


def test_a_key_is_a_bearer_token(client: Any, churn: Path, tmp_path: Path, row: Any) -> None:
    from smeaton.service.auth.keyfile import new_key, render

    key, kept = new_key("ci", ("predict",))
    (tmp_path / "keys.toml").write_text(render([kept]))
    (tmp_path / "keys.toml").chmod(0o600)
    caller = client(churn, key_file=str(tmp_path / "keys.toml"))
    body = json.dumps({"model": "churn", "messages": [USER | {"content": json.dumps(row)}]}).encode()
    status, content, _ = caller.send("POST", "/v1/chat/completions", body, {"authorization": "Bearer wrong"})
    assert (status, json.loads(content)["error"]["code"]) == (401, "invalid_api_key")
    assert caller.send("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}"})[0] == 200


def test_a_table_of_vectors_has_no_text(client: Any, points: Path) -> None:
    caller = client(points)
    body = {"model": "points", "messages": [USER | {"content": '{"point": [1, 2, 3]}'}]}
    assert caller.post("/v1/chat/completions", body)[1]["choices"][0]["message"]["content"] == "6.0"
    body["messages"] = [USER | {"content": "1, 2, 3"}]
    status, problem = caller.post("/v1/chat/completions", body)
    assert (status, problem["error"]["param"]) == (400, "messages[0].content")
    assert "a JSON object of the model's inputs was expected: point" in problem["error"]["message"]


def test_numbers_fit_schemas_of_numbers_only(client: Any, sums: Any) -> None:
    caller = client(sums(a=Type(type="number"), b=Type(type="integer")))
    body = {"model": "sums", "messages": [USER | {"content": '{"a": 1, "b": 2}'}]}
    for schema, status in (({"type": "number"}, 200), ({"type": "integer"}, 400), ({"type": "string"}, 400)):
        wish = body | {"response_format": schema_format(object_of(total=schema))}
        assert caller.post("/v1/chat/completions", wish)[0] == status

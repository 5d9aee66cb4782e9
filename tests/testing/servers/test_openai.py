"""The chat wire, asked by the official client."""

import math
from collections.abc import Iterator

import openai
import pytest

from smeaton.testing.servers import Rule, Say, Script, Server, serve

SCHEMA = {
    "type": "object",
    "properties": {"team": {"type": "string", "enum": ["bug", "billing"]}},
    "required": ["team"],
    "additionalProperties": False,
}
RULES = [
    Rule(user="^refund", say=Say(json={"team": "billing"}, odds={"billing": 0.75, "bug": 0.25})),
    Rule(user="^tool", say=Say(calls=[("look_up", {"id": 7})])),
    Rule(user="^schema", say=Say(schema=True)),
    Rule(user="^no", say=Say(fault="refusal")),
    Rule(user="^blocked", say=Say(fault="filter")),
    Rule(user="^long", say="one two three four five six"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(Script(RULES, default="a plain answer", key="right")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url("openai"), api_key="right", max_retries=0) as made:
        yield made


def ask(client: openai.OpenAI, text: str, **more):
    messages = [{"role": "system", "content": "be short"}, {"role": "user", "content": text}]
    return client.chat.completions.create(model=more.pop("model", "gpt-4o"), messages=messages, **more)


def test_text_and_usage(client, server):
    reply = ask(client, "hello there")
    assert reply.choices[0].message.content == "a plain answer"
    assert reply.choices[0].finish_reason == "stop"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (2 + 4 + 2 + 4, 3)
    asked = server.requests[-1]
    assert (asked.wire, asked.user, asked.system, asked.model) == ("openai", "hello there", "be short", "gpt-4o")


def test_log_probabilities_follow_the_odds(client):
    reply = ask(client, "refund please", logprobs=True, top_logprobs=5)
    tokens = reply.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == '{"team":"billing"}'
    (weighed,) = [token for token in tokens if token.token == "billing"]
    assert weighed.logprob == pytest.approx(math.log(0.75))
    assert [(entry.token, round(math.exp(entry.logprob), 6)) for entry in weighed.top_logprobs] == [
        ("billing", 0.75),
        ("bug", 0.25),
    ]


def test_stream_joins_to_the_reply_and_ends_with_usage(client):
    chunks = list(ask(client, "refund", stream=True, stream_options={"include_usage": True}))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == '{"team":"billing"}'
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 9
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_tools_are_called(client):
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}]
    reply = ask(client, "tool", tools=tools)
    (call,) = reply.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("look_up", '{"id":7}')
    assert reply.choices[0].finish_reason == "tool_calls"
    parts = [
        part
        for chunk in ask(client, "tool", tools=tools, stream=True)
        for part in chunk.choices[0].delta.tool_calls or ()
    ]
    assert "".join(part.function.arguments for part in parts) == '{"id":7}'


def test_an_answer_from_the_schema(client):
    form = {"type": "json_schema", "json_schema": {"name": "team", "schema": SCHEMA, "strict": True}}
    assert ask(client, "schema", response_format=form).choices[0].message.content == '{"team":"bug"}'


def test_the_limit_cuts(client):
    choice = ask(client, "long", max_tokens=2).choices[0]
    assert (choice.message.content, choice.finish_reason) == ("one two", "length")
    assert ask(client, "long", stop=[" four"]).choices[0].message.content == "one two three"


def test_refusal_and_filter(client):
    refused = ask(client, "no").choices[0].message
    assert refused.content is None
    assert refused.refusal
    assert ask(client, "blocked").choices[0].finish_reason == "content_filter"


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"extra_body": {"temprature": 1}}, "temprature"),
        ({"temperature": 3}, "temperature"),
        ({"top_logprobs": 2}, "logprobs"),
        ({"model": "gpt-5-mini", "temperature": 0}, "temperature"),
        ({"model": "gpt-5-mini", "max_tokens": 5}, "max_completion_tokens"),
        ({"reasoning_effort": "huge"}, "huge"),
        ({"stream_options": {"include_usage": True}}, "stream"),
        ({"response_format": {"type": "json_object"}}, "json"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": SCHEMA}}}, "name"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "thing"}}}},
            "thing",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "strict": True, "schema": {"type": "object", "properties": {}}},
                }
            },
            "additionalProperties",
        ),
        ({"tool_choice": "auto"}, "tools"),
        ({"extra_body": {"messages": []}}, "messages"),
        ({"extra_body": {"messages": [{"role": "robot", "content": "x"}]}}, "robot"),
        ({"extra_body": {"tools": [{"type": "function"}]}}, "function"),
    ],
)
def test_what_the_service_refuses_is_refused(client, server, more, word):
    before = len(server.requests)
    with pytest.raises(openai.BadRequestError, match=word):
        ask(client, "hello", **more)
    assert len(server.requests) == before
    assert word in server.refused[-1]


def test_a_wrong_key_is_told(server):
    with (
        openai.OpenAI(base_url=server.url("openai"), api_key="wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        ask(client, "hello")


def test_models_and_embeddings(client):
    assert [model.id for model in client.models.list()] == ["fake-small", "fake-large"]
    assert client.models.retrieve("fake-small").id == "fake-small"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other")
    first, second, third = client.embeddings.create(model="e", input=["a", "b", "a"], dimensions=8).data
    assert len(first.embedding) == 8
    assert first.embedding == third.embedding != second.embedding
    assert sum(value**2 for value in first.embedding) == pytest.approx(1, abs=1e-5)


def test_the_dialect_of_llama_cpp_python():
    form = {"type": "json_schema", "json_schema": {"name": "team", "schema": SCHEMA}}
    script = Script(default=Say(schema=True), dialect="llama-cpp-python")
    with serve(script) as server, openai.OpenAI(base_url=server.url(), api_key="any", max_retries=0) as client:
        with pytest.raises(openai.InternalServerError, match="json_object"):
            ask(client, "x", response_format=form)
        loose = {"type": "json_object", "schema": SCHEMA}
        reply = ask(client, "x", response_format=loose, extra_body={"top_k": 1})
        assert reply.choices[0].message.content == '{"team":"bug"}'
        chunks = list(ask(client, "x", stream=True, stream_options={"include_usage": True}))
        assert all(chunk.usage is None for chunk in chunks)
        assert ask(client, "x", max_completion_tokens=1).choices[0].finish_reason == "stop"

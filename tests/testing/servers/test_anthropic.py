"""The messages wire, asked by the official client."""

from collections.abc import Iterator

import anthropic
import pytest

from smeaton.testing.servers import Rule, Say, Script, Server, serve

RULES = [
    Rule(user="^json", say=Say(schema=True)),
    Rule(user="^tool", say=Say(text="I look.", calls=[("look_up", {"id": 7})])),
    Rule(user="^no", say=Say(fault="refusal")),
    Rule(user="^cached", say=Say(text="ok", usage={"input": 100, "cached": 60, "cache_write": 30})),
]
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
TOOL = {"name": "look_up", "input_schema": {"type": "object"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(Script(RULES, default="one two three")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url("anthropic"), api_key="any", max_retries=0) as made:
        yield made


def ask(client: anthropic.Anthropic, text: str, **more):
    given = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    return client.messages.create(**(given | more))


def test_text_usage_and_end(client, server):
    reply = ask(client, "hello", system="be short")
    assert (reply.content[0].text, reply.stop_reason) == ("one two three", "end_turn")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (2 + 4 + 1 + 4, 3)
    assert (server.requests[-1].system, server.requests[-1].user) == ("be short", "hello")
    cut = ask(client, "hello", max_tokens=2)
    assert (cut.content[0].text, cut.stop_reason) == ("one two", "max_tokens")
    assert ask(client, "no").stop_reason == "refusal"


def test_the_cache_is_counted_apart(client):
    usage = ask(client, "cached").usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (10, 60, 30)


def test_an_answer_from_the_schema(client):
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert ask(client, "json", output_config=form).content[0].text == '{"n":0}'


def test_text_and_a_tool_call_stream(client):
    with client.messages.stream(
        model="claude-haiku-4-5", max_tokens=50, messages=[{"role": "user", "content": "tool"}], tools=[TOOL]
    ) as stream:
        assert "".join(stream.text_stream) == "I look."
        message = stream.get_final_message()
    assert message.stop_reason == "tool_use"
    assert (message.content[1].name, message.content[1].input) == ("look_up", {"id": 7})
    assert message.usage.output_tokens == 3 + 1 + 7


def test_a_tool_s_answer_goes_back(client, server):
    turns = [
        {"role": "user", "content": "what"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "look_up", "input": {"id": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "42"}]},
    ]
    ask(client, "", messages=turns, tools=[TOOL])
    assert server.requests[-1].texts[1:] == (("assistant", '{"id":1}'), ("user", "42"))


def test_models_and_counts(client):
    assert [model.id for model in client.models.list()] == ["fake-small", "fake-large"]
    counted = client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "two words"}])
    assert counted.input_tokens == 6


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"extra_body": {"seed": 1}}, "seed"),
        ({"extra_body": {"max_tokens": None}}, "max_tokens"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "role"),
        ({"model": "claude-opus-5", "extra_body": {"temperature": 0}}, "temperature"),
        ({"messages": [{"role": "user", "content": ""}]}, "content"),
        ({"extra_body": {"temperature": 1.5}}, "temperature"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "additionalProperties"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "max_tokens"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "other"}}, "other"),
    ],
)
def test_what_the_service_refuses_is_refused(client, more, word):
    with pytest.raises(anthropic.BadRequestError, match=word):
        ask(client, "hello", **more)

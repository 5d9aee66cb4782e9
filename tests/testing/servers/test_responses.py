"""The responses wire, asked by the official client."""

from collections.abc import Iterator

import openai
import pytest

from smeaton.testing.servers import Rule, Say, Script, Server, serve

RULES = [
    Rule(user="^json", say=Say(json={"n": 1}, reasoning=5)),
    Rule(user="^tool", say=Say(calls=[("look_up", {"id": 7})])),
    Rule(user="^no", say=Say(fault="refusal")),
    Rule(user="^blocked", say=Say(fault="filter")),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(Script(RULES, default=" ".join(["word"] * 40))) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url("responses"), api_key="any", max_retries=0) as made:
        yield made


def test_reasoning_is_counted_before_the_answer(client, server):
    reply = client.responses.create(
        model="gpt-5-mini", instructions="be short", input="json", reasoning={"effort": "low"}
    )
    assert (reply.status, reply.output_text) == ("completed", '{"n":1}')
    assert [item.type for item in reply.output] == ["reasoning", "message"]
    assert reply.usage.output_tokens_details.reasoning_tokens == 5
    assert reply.usage.output_tokens == 5 + 7
    assert server.requests[-1].system == "be short"


def test_events_are_numbered_and_end_with_the_whole(client):
    events = list(client.responses.create(model="gpt-4o", input="json", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == '{"n":1}'
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == '{"n":1}'


def test_a_tool_call_streams(client):
    with client.responses.stream(model="gpt-4o", input="tool") as stream:
        (item,) = stream.get_final_response().output
    assert (item.name, item.arguments) == ("look_up", '{"id":7}')


def test_a_tool_s_answer_goes_back(client, server):
    items = [
        {"role": "user", "content": "what"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "42"},
    ]
    client.responses.create(model="gpt-4o", input=items)
    assert server.requests[-1].texts[-1] == ("tool", "42")


def test_log_probabilities(client):
    reply = client.responses.create(
        model="gpt-4o", input="json", top_logprobs=1, include=["message.output_text.logprobs"]
    )
    assert [entry.token for entry in reply.output[-1].content[0].logprobs] == ["{", '"', "n", '"', ":", "1", "}"]


def test_ends(client):
    cut = client.responses.create(model="gpt-4o", input="hello", max_output_tokens=16)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    blocked = client.responses.create(model="gpt-4o", input="blocked")
    assert blocked.incomplete_details.reason == "content_filter"
    assert client.responses.create(model="gpt-4o", input="no").output[0].content[0].type == "refusal"
    events = list(client.responses.create(model="gpt-4o", input="no", stream=True))
    assert "response.refusal.done" in [event.type for event in events]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"extra_body": {"messages": []}}, "messages"),
        ({"previous_response_id": "r1"}, "previous_response_id"),
        ({"max_output_tokens": 3}, "max_output_tokens"),
        ({"input": ""}, "input"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "name"),
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"model": "o4-mini", "temperature": 0.5}, "temperature"),
    ],
)
def test_what_the_service_refuses_is_refused(client, more, word):
    with pytest.raises(openai.BadRequestError, match=word):
        client.responses.create(**({"model": "gpt-4o", "input": "hello"} | more))

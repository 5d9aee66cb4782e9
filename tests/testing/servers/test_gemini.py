"""The wire of Gemini, asked by the official client."""

import math
from collections.abc import Iterator

import pytest
from google import genai
from google.genai import errors

from smeaton.testing.servers import Rule, Say, Script, Server, serve

RULES = [
    Rule(user="^json", say=Say(schema=True)),
    Rule(user="^label", say=Say(text="bug", odds={"bug": 0.6, "billing": 0.4}, reasoning=3)),
    Rule(user="^tool", say=Say(calls=[("look_up", {"id": 7})])),
    Rule(user="^blocked", say=Say(fault="filter")),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(Script(RULES, default="one two three")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[genai.Client]:
    with genai.Client(api_key="any", http_options={"base_url": server.url("gemini")}) as made:
        yield made


def ask(client: genai.Client, text: str, **config):
    return client.models.generate_content(model="gemini-2.5-flash", contents=text, config=config)


def test_text_usage_and_end(client, server):
    reply = ask(client, "hello", system_instruction="be short")
    assert (reply.text, reply.candidates[0].finish_reason.value) == ("one two three", "STOP")
    assert (reply.usage_metadata.prompt_token_count, reply.usage_metadata.candidates_token_count) == (11, 3)
    asked = server.requests[-1]
    assert (asked.model, asked.system, asked.user) == ("gemini-2.5-flash", "be short", "hello")
    cut = ask(client, "hello", max_output_tokens=2)
    assert (cut.text, cut.candidates[0].finish_reason.value) == ("one two", "MAX_TOKENS")


def test_log_probabilities_and_thoughts(client):
    reply = ask(client, "label", response_logprobs=True, logprobs=2)
    result = reply.candidates[0].logprobs_result
    assert [entry.token for entry in result.chosen_candidates] == ["bug"]
    top = {entry.token: math.exp(entry.log_probability) for entry in result.top_candidates[0].candidates}
    assert top == pytest.approx({"bug": 0.6, "billing": 0.4})
    assert (reply.usage_metadata.thoughts_token_count, reply.usage_metadata.candidates_token_count) == (3, 1)


def test_an_answer_from_either_form_of_schema(client):
    google = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}}
    plain = {"type": "object", "properties": {"n": {"type": "integer"}}}
    for key, schema in (("response_schema", google), ("response_json_schema", plain)):
        reply = ask(client, "json", response_mime_type="application/json", **{key: schema})
        assert reply.text == '{"n":0}'


def test_streams(client):
    parts = list(client.models.generate_content_stream(model="gemini-2.5-flash", contents="hello"))
    assert "".join(part.text or "" for part in parts) == "one two three"
    assert parts[-1].candidates[0].finish_reason.value == "STOP"
    assert parts[-1].usage_metadata.total_token_count == 8


def test_tools_are_called_and_counted(client):
    tool = {"function_declarations": [{"name": "look_up", "parameters": {"type": "OBJECT", "properties": {}}}]}
    (call,) = ask(client, "tool", tools=[tool]).function_calls
    assert (call.name, call.args) == ("look_up", {"id": 7})
    assert client.models.count_tokens(model="m", contents="two words").total_tokens == 6


def test_names_with_underscores_are_taken_too(client, server):
    function = {"name": "look_up", "parameters_json_schema": {"type": "object", "properties": {}}}
    ask(client, "tool", tools=[{"function_declarations": [function]}])
    assert server.requests[-1].tools == {"look_up": {"type": "object", "properties": {}}}


def test_a_blocked_prompt_has_no_candidate(client):
    reply = ask(client, "blocked")
    assert not reply.candidates
    assert reply.prompt_feedback.block_reason.value == "SAFETY"


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"temperature": 3}, "temperature"),
        ({"logprobs": 2}, "response_logprobs"),
        ({"response_json_schema": {"type": "object"}}, "response_mime_type"),
        ({"response_mime_type": "application/json", "response_json_schema": {"type": "thing"}}, "thing"),
    ],
)
def test_what_the_service_refuses_is_refused(client, config, word):
    with pytest.raises(errors.ClientError, match=word):
        ask(client, "hello", **config)

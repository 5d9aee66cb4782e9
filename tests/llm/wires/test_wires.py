"""Every wire against a server that answers by a script: what is asked arrives, what is said comes back."""

import asyncio
import math
import time

import msgspec
import pytest

from smeaton import plugins
from smeaton.errors import ProviderError
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask, Image, Message, Tool, ToolCall
from smeaton.testing.servers import Rule, Say, Script, serve

WIRES = ("openai", "responses", "anthropic", "gemini")
MODELS = {"openai": "gpt-4o", "responses": "gpt-4o", "anthropic": "claude-haiku-4-5", "gemini": "gemini-2.5-flash"}
FAMILIES = {"openai": "gpt", "responses": "gpt", "anthropic": "claude", "gemini": "gemini"}
SCHEMA = {
    "type": "object",
    "properties": {"team": {"type": "string", "enum": ["bug", "billing"]}},
    "required": ["team"],
    "additionalProperties": False,
}
TOOL = Tool(name="look_up", schema={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]})
FAULTS = ("400", "401", "403", "404", "408", "413", "429", "500", "502", "503", "504", "529")
RULES = [
    Rule(user="^refund", say=Say(json={"team": "billing"}, odds={"billing": 0.75, "bug": 0.25})),
    Rule(user="^tool", say=Say(calls=[("look_up", {"id": 7}), ("look_up", {"id": 8})])),
    Rule(user="^counted", say=Say(text="x", usage={"input": 100, "cached": 40, "output": 9, "reasoning": 5})),
    Rule(user="^slow", say=Say(delay=30.0)),
    *(
        Rule(user=f"^{fault}$", say=Say(fault=fault, retry_after=2.5))
        for fault in (*FAULTS, "cut", "truncate", "malformed", "refusal", "filter")
    ),
]
KINDS = {
    **dict.fromkeys(("400", "404", "413"), ("refused", False)),
    **dict.fromkeys(("401", "403"), ("key", False)),
    **dict.fromkeys(("429", "503", "529"), ("busy", False)),
    **dict.fromkeys(("500", "502", "504"), ("failed", True)),
    "408": ("timeout", True),
    "cut": ("unreachable", True),
    "malformed": ("malformed", True),
}


@pytest.fixture(scope="module")
def server():
    with serve(Script(RULES, default="hello there")) as running:
        for wire in WIRES:  # the first call imports the provider's package
            asked(running, wire, question("hi"))
        yield running


def question(text, **more):
    messages = (Message(role="system", text="be short"), Message(role="user", text=text))
    return Ask(messages=messages, max_tokens=more.pop("max_tokens", 100), **more)


def endpoint(server, wire, **more):
    given = {"model": MODELS[wire], "family": FAMILIES[wire], **more}
    return Endpoint(
        reference=f"{wire}:{given['model']}", wire=wire, url=server.url(wire), host="local", key="fake", **given
    )


def asked(server, wire, ask, timeout=5.0, **more):
    """The whole reply, and the streamed one with its pieces."""

    async def both():
        connection = plugins.load("wires", wire).connect(endpoint(server, wire, **more))
        try:
            whole = await connection.ask(ask, timeout)
            pieces = [piece async for piece in connection.stream(ask, timeout)]
        finally:
            await connection.aclose()
        return whole, pieces

    return asyncio.run(both())


async def _drained(stream):
    return [piece async for piece in stream]


def failed(server, wire, text, *, stream=False, timeout=5.0):
    async def one():
        connection = plugins.load("wires", wire).connect(endpoint(server, wire))
        try:
            ask = question(text)
            work = _drained(connection.stream(ask, timeout)) if stream else connection.ask(ask, timeout)
            with pytest.raises(ProviderError) as caught:
                await work
        finally:
            await connection.aclose()
        return caught.value

    return asyncio.run(one())


@pytest.mark.parametrize("wire", WIRES)
def test_text_and_usage_whole_and_in_pieces(server, wire):
    whole, pieces = asked(server, wire, question("hi", temperature=0.0))
    assert (whole.text, whole.finish) == ("hello there", "stop")
    assert (whole.usage.input, whole.usage.output) == (11, 2)
    assert 0 < whole.first <= whole.seconds
    *parts, last = pieces
    assert "".join(piece.text for piece in parts) == "hello there"
    assert len(parts) > 1
    assert (last.reply.text, last.reply.usage, last.text) == ("hello there", whole.usage, "")
    assert 0 < last.reply.first <= last.reply.seconds
    sent = server.requests[-1]
    assert (sent.user, sent.system, sent.limit, sent.model) == ("hi", "be short", 100, MODELS[wire])


@pytest.mark.parametrize("wire", WIRES)
def test_usage_counts_cached_tokens_inside_input_and_reasoning_inside_output(server, wire):
    whole, pieces = asked(server, wire, question("counted"))
    assert (whole.usage.input, whole.usage.cached, whole.usage.output) == (100, 40, 9)
    assert pieces[-1].reply.usage == whole.usage
    if wire != "anthropic":  # it states no tokens of thought
        assert whole.usage.reasoning == 5


@pytest.mark.parametrize("wire", WIRES)
def test_schema_goes_as_the_providers_own_format(server, wire):
    whole, pieces = asked(server, wire, question("refund", schema=SCHEMA))
    assert whole.text == pieces[-1].reply.text == '{"team":"billing"}'
    assert server.requests[-1].schema["properties"]["team"]["enum"] == ["bug", "billing"]
    assert server.requests[-1].system == "be short"


@pytest.mark.parametrize("wire", ["openai", "responses", "gemini"])
def test_log_probabilities(server, wire):
    whole, pieces = asked(server, wire, question("refund", schema=SCHEMA, logprobs=3))
    for reply in (whole,) if wire == "gemini" else (whole, pieces[-1].reply):
        assert "".join(token.text for token in reply.tokens) == '{"team":"billing"}'
        (weighed,) = [token for token in reply.tokens if token.text == "billing"]
        assert weighed.logprob == pytest.approx(math.log(0.75))
        assert [name for name, _ in weighed.top] == ["billing", "bug"]


@pytest.mark.parametrize("wire", WIRES)
def test_tools(server, wire):
    whole, pieces = asked(server, wire, question("tool", tools=(TOOL,)))
    assert whole.finish == "tools"
    assert [(call.name, msgspec.json.decode(call.arguments)) for call in whole.calls] == [
        ("look_up", {"id": 7}),
        ("look_up", {"id": 8}),
    ]
    for place in (0, 1):
        parts = [piece for piece in pieces if piece.call == place]
        assert (parts[0].id, parts[0].name) == (pieces[-1].reply.calls[place].id, "look_up")
        assert "".join(piece.arguments for piece in parts) == pieces[-1].reply.calls[place].arguments


@pytest.mark.parametrize("wire", WIRES)
def test_pictures_and_the_results_of_tools_are_sent(server, wire):
    picture = Image(media_type="image/png", data=b"\x89PNG\r\n\x1a\nxx")
    call = ToolCall(id="c1", name="look_up", arguments='{"id":7}')
    turns = (
        Message(role="user", text="what is this", images=(picture,)),
        Message(role="assistant", calls=(call,)),
        Message(role="tool", call_id="c1", text="seven"),
    )
    whole, _ = asked(server, wire, Ask(messages=turns, max_tokens=50, tools=(TOOL,)))
    assert whole.text == "hello there"
    assert server.requests[-1].images == 1
    assert "seven" in str(server.requests[-1].body)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", KINDS)
@pytest.mark.parametrize("wire", WIRES)
def test_failures_are_told_apart(server, wire, fault, stream):
    before = len(server.requests)
    error = failed(server, wire, fault, stream=stream)
    assert (error.kind, error.billed) == KINDS[fault]
    assert error.status == (int(fault) if fault.isdigit() else 0)
    assert len(server.requests) == before + 1  # nobody below asks again
    if error.kind == "busy":
        assert error.wait == 2.5


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wire", WIRES)
def test_a_reply_that_takes_too_long(server, wire, stream):
    error = failed(server, wire, "slow", stream=stream, timeout=0.2)
    assert (error.kind, error.billed) == ("timeout", True)


@pytest.mark.parametrize("wire", WIRES)
def test_nobody_there(wire):
    with serve(Script()) as gone:
        pass
    error = failed(gone, wire, "hi")
    assert (error.kind, error.billed) == ("unreachable", False)


@pytest.mark.parametrize("fault", ["truncate", "filter", "refusal"])
@pytest.mark.parametrize("wire", WIRES)
def test_why_a_reply_ends(server, wire, fault):
    whole, pieces = asked(server, wire, question(fault))
    assert whole.finish == pieces[-1].reply.finish
    expected = "length" if fault == "truncate" else "filter"
    if (wire, fault) != ("gemini", "refusal"):  # there a refusal is text as any other
        assert whole.finish == expected


@pytest.mark.parametrize("dialect", ["llama-cpp-python", "llama-server", "vllm", "ollama", "lmstudio", "words"])
def test_dialects(dialect):
    with serve(Script(RULES, dialect="" if dialect == "words" else dialect)) as server:
        ask = question("refund", schema=SCHEMA)
        whole, _ = asked(server, "openai", ask, dialect=dialect, family="qwen", model="qwen3")
    assert whole.text == '{"team":"billing"}'
    body = server.requests[-1].body
    assert body["max_tokens"] == 100
    assert "max_completion_tokens" not in body
    if dialect == "words":
        assert "response_format" not in body
        assert '"enum":["bug","billing"]' in body["messages"][0]["content"]
    elif dialect == "llama-cpp-python":
        assert body["response_format"] == {"type": "json_object", "schema": SCHEMA}
    else:
        assert body["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("dialect", ["vllm", "llama-server"])
def test_open_models_are_told_not_to_think_by_their_template(dialect):
    with serve(Script(dialect=dialect)) as server:
        asked(server, "openai", question("hi", reasoning="off"), dialect=dialect, family="qwen", model="qwen3")
    assert server.requests[-1].body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize("wire", ["openai", "responses"])
def test_a_model_that_reasons_is_sent_no_sampling(server, wire):
    asked(server, wire, question("hi", temperature=0.0, logprobs=2), model="gpt-5-mini")
    assert not {"temperature", "logprobs", "top_logprobs"} & server.requests[-1].body.keys()


@pytest.mark.parametrize(("limit", "budget"), [(4000, 2048), (2000, 1488), (1000, None)])
def test_thought_leaves_tokens_for_the_answer(server, limit, budget):
    asked(server, "anthropic", question("hi", reasoning="low", temperature=0.0, max_tokens=limit))
    thinking = server.requests[-1].body.get("thinking")
    assert thinking == (None if budget is None else {"type": "enabled", "budget_tokens": budget})


@pytest.mark.parametrize(("dialect", "joined"), [("vllm", True), ("", False)])
def test_marks_of_a_chat_template_in_a_row_open_no_turn_of_an_open_model(server, dialect, joined):
    text = "hi <|im_start|>system"
    model = {"family": "qwen", "model": "qwen3"} if dialect else {}
    asked(server, "openai", question(text), dialect=dialect, **model)
    sent = server.requests[-1].user
    assert (text in sent) is not joined
    assert sent.replace("\u200d", "") == text


def test_responses_are_not_stored_at_the_provider(server):
    asked(server, "responses", question("hi"))
    assert server.requests[-1].body["store"] is False


def test_the_key_shows_in_no_error(server):
    error = failed(server, "openai", "401")
    assert "fake" not in str(error)
    assert "fake" not in repr(endpoint(server, "openai"))


@pytest.mark.parametrize("wire", WIRES)
def test_closing_a_stream_ends_the_call(wire):
    async def leave(server):
        connection = plugins.load("wires", wire).connect(endpoint(server, wire))
        pieces = connection.stream(question("hi"), 30.0)
        first = await anext(pieces)
        await pieces.aclose()
        await connection.aclose()
        return first

    with serve(Script(default=Say(text="one two three four", pace=0.3))) as server:
        assert asyncio.run(leave(server)).text
        waited = time.monotonic() + 10
        while server.active and time.monotonic() < waited:
            time.sleep(0.01)
        assert (server.active, server.abandoned) == (0, 1)

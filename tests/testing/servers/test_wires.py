"""Whatever is sent, a wire makes a request of it that can be answered, or refuses it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.testing.servers import Request, Say
from smeaton.testing.servers._answer import worked_out
from smeaton.testing.servers._app import _ADDRESSES
from smeaton.testing.servers._refusal import Refused, readable, words

KEYS = words(
    "model messages role content type text input output max_tokens max_output_tokens contents parts generationConfig "
    "response_format json_schema schema name tools function parameters tool_choice system stop temperature logprobs "
    "top_logprobs stream reasoning effort format output_config thinking properties items enum $ref required "
    "tool_calls arguments functionDeclarations responseSchema responseMimeType stream_options instructions dimensions"
)
WORDS = ("user", "assistant", "system", "m", "text", "json_schema", "object", "array", "#", "#/$defs/x", "function", "")
plain = st.one_of(st.none(), st.booleans(), st.integers(-2, 40), st.floats(allow_nan=False), st.sampled_from(WORDS))
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(KEYS)), inner, max_size=4)
)
bodies = st.dictionaries(st.sampled_from(sorted(KEYS)), values, max_size=8)
GOOD = {
    "/v1/chat/completions": {"model": "m", "messages": [{"role": "user", "content": "x"}]},
    "/v1/responses": {"model": "m", "input": "x"},
    "/v1/embeddings": {"model": "m", "input": "x"},
    "/v1/messages": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]},
    "/v1beta/models/{model}:{method}": {"contents": [{"parts": [{"text": "x"}]}]},
}


@pytest.mark.parametrize("dialect", ["", "llama-cpp-python"])
@pytest.mark.parametrize("address", GOOD)
@given(change=bodies)
def test_any_json_is_answered_or_refused(address, dialect, change):
    wire = _ADDRESSES[address]
    path = {"model": "m", "method": "generateContent"}
    for body in (change, GOOD[address] | change):
        try:
            with readable():
                request = wire.read(body, path, dialect)
        except Refused as refused:
            msgspec.json.encode(wire.error(refused))
            continue
        assert isinstance(request, Request)
        for say in (Say(text="a b c"), Say(schema=True), Say(calls=[("f", {"a": 1})]), Say(fault="refusal")):
            answer = worked_out(request, say)
            msgspec.json.encode(wire.whole(request, answer))
            assert all(isinstance(data, bytes) for data, _ in wire.events(request, answer))


@pytest.mark.parametrize(
    ("address", "change"),
    [("/v1/chat/completions", {"stop": ["a", None]}), ("/v1/messages", {"stop_sequences": [1]})],
)
def test_a_stop_that_is_no_text_is_refused(address, change):
    with pytest.raises(Refused, match="stop"):
        _ADDRESSES[address].read(GOOD[address] | change, {}, "")

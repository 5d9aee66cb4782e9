import math

from hypothesis import given
from hypothesis import strategies as st

from smeaton.testing.servers import Request, Say
from smeaton.testing.servers._answer import input_tokens, tokens, worked_out


@given(st.text(max_size=200))
def test_tokens_joined_are_the_text_and_no_more_than_its_bytes(text):
    assert "".join(tokens(text)) == text
    assert len(tokens(text)) <= len(text.encode("utf-8", "surrogatepass"))


@given(st.text(max_size=60), st.integers(1, 30))
def test_no_reply_is_longer_than_its_limit(text, limit):
    answer = worked_out(Request(wire="openai", model="m", limit=limit), Say(text=text))
    assert text.startswith(answer.text)
    assert answer.counts.output <= limit
    assert (answer.end == "length") == (len(tokens(text)) > limit)


def test_input_counts_everything_that_was_sent():
    request = Request(wire="openai", model="m", texts=(("system", "be short"), ("user", "hello")), images=2)
    assert input_tokens(request) == 2 + 4 + 1 + 4 + 2 * 85
    with_schema = Request(wire="openai", model="m", texts=request.texts, schema={"type": "object"})
    assert input_tokens(with_schema) == 11 + len(tokens('{"type":"object"}'))


def test_words_with_the_same_beginning_share_its_chance():
    say = Say(text="how-to", odds={"how-to": 0.5, "how-many": 0.25, "bug": 0.25})
    first, *rest = worked_out(Request(wire="openai", model="m"), say).pieces
    assert math.isclose(math.exp(first.logprob), 0.75)
    assert [text for text, _ in first.top] == ["how", "bug"]
    assert [piece.text for piece in rest] == ["-", "to"]


def test_hidden_tokens_count_against_the_limit():
    answer = worked_out(Request(wire="openai", model="m", limit=6), Say(text="a b c d", reasoning=4))
    assert (answer.text, answer.end, answer.counts.output, answer.counts.reasoning) == ("a b", "length", 6, 4)


def test_counts_can_be_stated():
    answer = worked_out(Request(wire="openai", model="m"), Say(text="a", usage={"input": 1000, "cached": 900}))
    assert (answer.counts.input, answer.counts.cached, answer.counts.output) == (1000, 900, 1)

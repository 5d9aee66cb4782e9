import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.llm.client import Answer
from smeaton.llm.messages import Ask, Message, Reply
from smeaton.llm.typed import bare, typed

ASK = Ask(messages=(Message(role="user", text="hi"),), max_tokens=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Scripted:
    def __init__(self, *replies):
        self.replies, self.asks, self.terms = list(replies), [], []

    async def ask(self, ask, **terms):
        self.asks.append(ask)
        self.terms.append(terms)
        reply = self.replies[len(self.asks) - 1]
        return Answer(reply if isinstance(reply, Reply) else Reply(text=reply), 0.5, False, "a:b", 2)


def check(text):
    value = msgspec.json.decode(text, type=dict[str, int])
    if value["n"] < 0:
        raise ValueError("n is negative")
    return value["n"]


def run(client, repairs=2, **paying):
    return asyncio.run(typed(client, ASK, check, repairs, **paying))


def test_a_good_reply_needs_one_call():
    client = Scripted('{"n": 3}')
    value, answer, why = run(client, salt=4)
    assert (value, why, answer.cost, answer.attempts) == (3, "", 0.5, 2)
    assert client.terms == [{"salt": 4}]


def test_a_bad_reply_is_sent_back_with_the_reason():
    client = Scripted('{"n": -3}', "no", 'Here: {"n": 3}.')
    value, answer, why = run(client)
    assert (value, why, answer.cost, answer.attempts) == (3, "", 1.5, 6)
    *_, said, wish = client.asks[1].messages
    assert (said.role, said.text) == ("assistant", '{"n": -3}')
    assert "n is negative" in wish.text
    assert len(client.asks[2].messages) == 5


def test_the_tries_end():
    client = Scripted('{"n": -1}', '{"n": -2}', '{"n": -3}', '{"n": 4}')
    value, answer, why = run(client)
    assert (value, why, len(client.asks), answer.reply.text) == (None, "n is negative", 3, '{"n": -3}')


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(text="I can't.", finish="filter"), "the model refused: I can't."),
        (Reply(text="", finish="filter"), "filtered"),
        (Reply(text='{"n": ', finish="length"), "the reply was cut off at 20 tokens"),
    ],
)
def test_what_asking_again_does_not_mend(reply, why):
    client = Scripted(reply)
    value, _, said = run(client)
    assert value is None
    assert said.startswith(why)
    assert len(client.asks) == 1


@given(
    value=st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    before=st.sampled_from(["", "Sure! ", "It is {x}: "]),
)
def test_prose_and_fences_are_cut_away(value, before):
    text = msgspec.json.encode(value).decode()
    for around in (
        text,
        f"{before}{text}",
        f"{before}{text}\nDone.",
        f"{before}```json\n{text}\n```\n",
        f"```\n{text}```",
    ):
        assert msgspec.json.decode(bare(around)) == value


@given(st.text())
def test_any_text_is_taken(text):
    assert isinstance(bare(text), str)


def test_a_text_of_braces_takes_no_time():
    text = "{" * 100_000
    assert bare(text) == text

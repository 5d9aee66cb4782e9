import socket
import subprocess
import sys
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.llm import prices
from smeaton.llm.messages import Ask, Image, Message, Tool, Usage

HI = Ask(messages=(Message(role="user", text="hi"),), max_tokens=100)


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    (tmp_path / "llm.toml").write_text(
        """
        [providers.mine]
        wire = "openai"
        url = "https://models.example.com/v1"
        [providers.here]
        wire = "openai"
        url = "http://localhost:8000/v1"
        [prices."mine:big"]
        input = 2.0
        output = 4.0
        cached = 0.5
        as_of = "2026-11-28"
        [prices."openai:gpt-5-mini"]
        input = 1.0
        output = 1.0
        """
    )
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "llm.toml"))


@pytest.fixture
def nothing_listens(monkeypatch):
    def refuse(*_args, **_more):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def test_the_price_list_needs_no_network(nothing_listens):
    assert prices.price("anthropic:claude-haiku-4-5", Usage(input=1_000_000)) == pytest.approx(1.0)
    assert prices.rate("gemini:gemini-2.5-flash").source.startswith("genai-prices ")
    assert prices.bound("openai:gpt-4o", HI) > 0
    assert prices.price("local:any", Usage(input=1_000_000)) == 0.0


def test_cached_and_written_tokens_have_prices_of_their_own():
    usage = Usage(input=1_000_000, cached=500_000, cache_write=100_000, output=10_000)
    expected = 0.4 * 1.0 + 0.5 * 0.1 + 0.1 * 1.25 + 0.01 * 5.0
    assert prices.price("anthropic:claude-haiku-4-5", usage) == pytest.approx(expected)


def test_long_calls_have_their_tier():
    short, long = Usage(input=100_000), Usage(input=400_000)
    ratio = prices.price("gemini:gemini-2.5-pro", long) / prices.price("gemini:gemini-2.5-pro", short)
    assert ratio == pytest.approx(8.0)


def test_the_operators_price_is_above_the_list():
    assert prices.price("openai:gpt-5-mini", Usage(input=1_000_000, output=1_000_000)) == pytest.approx(2.0)
    assert prices.price("mine:big", Usage(input=1_000_000, cached=400_000)) == pytest.approx(0.6 * 2 + 0.4 * 0.5)
    rate = prices.rate("mine:big")
    assert (rate.input, rate.output, rate.cached, rate.as_of) == (2.0, 4.0, 0.5, "2026-11-28")


@pytest.mark.parametrize("reference", ["openai:no-such-model", "mine:unpriced"])
def test_an_unknown_model_has_no_price(reference):
    assert prices.price(reference, Usage(input=1)) is None
    assert prices.bound(reference, HI) is None
    assert prices.estimate(reference, 10, 10) is None
    assert prices.rate(reference) is None


def test_this_machine_is_free_unless_the_operator_says_otherwise():
    assert prices.bound("here:any", HI) == 0.0
    assert prices.estimate("local:", 10, 10) == 0.0


def test_an_estimate_takes_parts_of_tokens():
    assert prices.estimate("mine:big", 0.5, 0.25) == pytest.approx(2e-6)
    assert prices.estimate("mine:big", 10, 1.5) == pytest.approx(26e-6)


def test_prices_of_a_day():
    assert prices.price("openai:gpt-4o", Usage(input=1_000_000), date(2026, 1, 1)) == pytest.approx(2.5)


@given(
    texts=st.lists(st.text(max_size=40), min_size=1, max_size=4),
    limit=st.integers(1, 5000),
    share=st.floats(0, 1),
    tools=st.booleans(),
)
def test_no_call_costs_more_than_its_bound(texts, limit, share, tools):
    ask = Ask(
        messages=tuple(Message(role="user", text=text) for text in texts),
        max_tokens=limit,
        tools=(Tool(name="look_up", description="finds"),) if tools else (),
    )
    most = sum(len(text.encode()) for text in texts) + 8 * len(texts) + 500 * tools  # a token is at least a byte
    for reference in ("openai:gpt-4o", "anthropic:claude-haiku-4-5", "gemini:gemini-2.5-pro", "mine:big"):
        written = int(most * share) if reference.startswith("anthropic") else 0
        usage = Usage(input=most, cache_write=written, output=limit)
        assert prices.price(reference, usage) <= prices.bound(reference, ask)


def test_a_small_picture_counts_for_what_a_large_one_may():
    picture = Image(media_type="image/png", data=b"x" * 3000)
    asked = msgspec.structs.replace(HI, messages=(Message(role="user", images=(picture,)),))
    assert prices.bound("openai:gpt-4o", asked) > 50_000 * 2.5e-6


def test_asking_for_a_price_imports_no_client_of_a_provider():
    code = """
import sys
from smeaton.llm import client, prices, providers
providers.missing("openai:gpt-4o"), providers.is_model("x.py:y")
assert not {"genai_prices", "pydantic", "pydantic_ai", "openai", "httpx2"} & sys.modules.keys(), "before a price"
prices.estimate("openai:gpt-4o", 1, 1)
assert not {"pydantic_ai", "openai", "anthropic"} & sys.modules.keys(), "after a price"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr

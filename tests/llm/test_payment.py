"""Whatever fails, whoever leaves: every ticket is settled exactly once."""

import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smeaton.errors import CallError, InputError, ProviderError
from smeaton.llm.attempt import Attempt
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask, Message, Piece, Reply, Usage
from smeaton.llm.payment import Payment
from smeaton.llm.purse import MemoryPurse
from smeaton.llm.terms import Policy, Terms, stays

ASK = Ask(messages=(Message(role="user", text="hi"),), max_tokens=10)
BOUND = 0.01
ENDPOINT = Endpoint(reference="here:m", wire="openai", url="http://127.0.0.1:9/v1", model="m", host="local")
CONFIG = """
[providers.here]
wire = "openai"
url = "http://127.0.0.1:9/v1"
[prices."here:m"]
input = 1000.0
output = 1000.0
"""
ENDS = ("whole", "early", "busy", "billed", "broken", "slow")


@pytest.fixture(scope="module", autouse=True)
def configured(tmp_path_factory):
    path = tmp_path_factory.mktemp("llm") / "llm.toml"
    path.write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMEATON_LLM_CONFIG", str(path))
        yield path


class Counting(MemoryPurse):
    """Counts what is reserved and settled. With `wait` it keeps replies too, and takes its time as a disk does."""

    def __init__(self, wait: float) -> None:
        super().__init__(10.0)
        self.wait, self.reserved_, self.settled = wait, [], []

    def reserve(self, amount, why):
        time.sleep(self.wait)
        ticket = super().reserve(amount, why)
        self.reserved_.append(ticket)
        return ticket

    def settle(self, ticket, amount):
        time.sleep(self.wait)
        super().settle(ticket, amount)
        self.settled.append(ticket)


class Keeping(Counting):
    """The same with replies."""

    def recall(self, key):
        return None

    def claim(self, amount, why, key):
        return self.reserve(amount, why)

    def keep(self, ticket, amount, key, reply):
        self.settle(ticket, amount)


class Connection:
    """Ends as it is told, after a while."""

    def __init__(self, end: str, wait: float) -> None:
        self.end, self.wait = end, wait

    async def ask(self, ask, timeout):
        return [piece async for piece in self.stream(ask, timeout)][-1].reply

    async def stream(self, ask, timeout):
        if self.end == "slow":  # a connection keeps the time it is given
            await asyncio.sleep(timeout)
            raise ProviderError("late", kind="timeout", billed=True)
        await asyncio.sleep(self.wait)
        if self.end in ("busy", "billed"):
            raise ProviderError("no", kind="busy", billed=self.end == "billed")
        if self.end == "broken":
            raise RuntimeError("a fault of ours")
        yield Piece(text="hello")
        await asyncio.sleep(self.wait)
        if self.end == "whole":
            yield Piece(reply=Reply(text="hello", usage=Usage(input=1, output=1)))
        if self.end == "early":
            raise ProviderError("cut", kind="unreachable", billed=True)

    async def aclose(self):
        pass


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    end=st.sampled_from(ENDS),
    stream=st.booleans(),
    keeps=st.booleans(),
    disk=st.sampled_from([0.0, 0.002]),
    wait=st.sampled_from([0.0, 0.002]),
    leave=st.sampled_from([None, 0.0, 0.001, 0.003, 0.005, 0.008]),
    again=st.booleans(),
    watched=st.booleans(),
)
def test_every_ticket_is_settled_exactly_once(end, stream, keeps, disk, wait, leave, again, watched):
    purse = Keeping(disk) if keeps else Counting(disk)
    terms = Terms(purse, time.monotonic() + 0.05, (lambda: False) if watched else stays)
    attempt = Attempt(
        ENDPOINT, Connection(end, wait), ASK, terms, Policy(timeout=1.0), Payment(purse, "here:m", BOUND, "key")
    )

    async def run():
        if not stream:
            return await attempt.whole()
        source = attempt.pieces()
        try:
            return [piece async for piece in source]
        finally:
            await source.aclose()

    async def main():
        task = asyncio.ensure_future(run())
        if leave is not None:
            await asyncio.sleep(leave)
            task.cancel()
            if again:  # leaving twice changes nothing
                await asyncio.sleep(0)
                task.cancel()
        await asyncio.wait([task])
        return task

    task = asyncio.run(main())
    assert sorted(purse.settled) == sorted(purse.reserved_)
    assert purse.reserved == 0.0
    assert 0.0 <= purse.spent <= BOUND
    if not task.cancelled() and task.exception() is None:
        assert end == "whole"
        assert purse.spent == pytest.approx(0.002)
    elif not task.cancelled():
        assert isinstance(task.exception(), CallError | RuntimeError)


def test_damaged_prices_leave_no_ticket_open(configured, monkeypatch, tmp_path):
    damaged = tmp_path / "llm.toml"
    damaged.write_text("[")
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(damaged))
    purse = Counting(0.0)
    attempt = Attempt(
        ENDPOINT, Connection("whole", 0.0), ASK, Terms(purse), Policy(), Payment(purse, "here:m", BOUND, "key")
    )
    with pytest.raises(InputError):
        asyncio.run(attempt.whole())
    assert (purse.spent, purse.reserved) == (BOUND, 0.0)


def test_a_purse_on_disk_does_not_hold_up_the_loop():
    purse = Keeping(0.2)
    attempt = Attempt(
        ENDPOINT, Connection("whole", 0.0), ASK, Terms(purse), Policy(), Payment(purse, "here:m", BOUND, "key")
    )

    async def main():
        task = asyncio.ensure_future(attempt.whole())
        turns = 0
        while not task.done():
            await asyncio.sleep(0.005)
            turns += 1
        return turns

    assert asyncio.run(main()) > 10


def test_an_unsent_call_costs_nothing():
    purse = Counting(0.0)
    attempt = Attempt(
        ENDPOINT, Connection("busy", 0.0), ASK, Terms(purse), Policy(), Payment(purse, "here:m", BOUND, "key")
    )
    with pytest.raises(ProviderError):
        asyncio.run(attempt.whole())
    assert purse.spent == 0.0

"""The client over connections that follow a script: retries, fallback, time, leaving, money."""

import asyncio
import time

import pytest

from smeaton.errors import Cancelled, DeadlineExceeded, InputError, OutOfMoney, ProviderError
from smeaton.llm import client as module
from smeaton.llm.client import Client, Policy
from smeaton.llm.ledger import Ledger
from smeaton.llm.messages import Ask, Message, Piece, Reply, Usage
from smeaton.llm.purse import MemoryPurse

ASK = Ask(messages=(Message(role="user", text="hi"),), max_tokens=10)
REPLY = Reply(text="hello", usage=Usage(input=100, output=10))
COST = (100 * 1.0 + 10 * 10.0) / 1e6
QUICK = Policy(timeout=5.0, attempts=3, backoff=0.001)
CONFIG = """
[providers.first]
wire = "openai"
url = "https://first.example.com/v1"
[providers.second]
wire = "openai"
url = "https://second.example.com/v1"
[providers.here]
wire = "openai"
url = "http://127.0.0.1:9/v1"
[prices."first:m"]
input = 1.0
output = 10.0
[prices."second:m"]
input = 1.0
output = 10.0
"""


class Scripted:
    """Says what it is given, in order; the last again and again."""

    def __init__(self, *says):
        self.says, self.asked, self.closed, self.now, self.most = list(says), 0, 0, 0, 0

    async def _next(self):
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
            if isinstance(said, float):
                await asyncio.sleep(said)
                said = REPLY
            await asyncio.sleep(0)
            if isinstance(said, Exception):
                raise said
            return said
        finally:
            self.now -= 1

    async def ask(self, ask, timeout):
        try:
            async with asyncio.timeout(timeout):
                return await self._next()
        except TimeoutError as error:
            raise fault("timeout", billed=True) from error

    async def stream(self, ask, timeout):
        reply = await self.ask(ask, timeout)
        for letter in reply.text:
            yield Piece(text=letter)
        if reply.finish == "length":
            raise fault("unreachable", billed=True)
        yield Piece(reply=reply)

    async def aclose(self):
        self.closed += 1


def fault(kind, *, billed=False, wait=None, status=0):
    return ProviderError(kind, kind=kind, billed=billed, wait=wait, status=status)


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    (tmp_path / "llm.toml").write_text(CONFIG)
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "llm.toml"))

    def made(*says, **more):
        connections = {"first:m": Scripted(*says), **{f"{name}:m": Scripted(*said) for name, said in more.items()}}
        monkeypatch.setattr(module, "connected", lambda endpoint: connections[endpoint.reference])
        return connections

    return made


def asked(references=("first:m",), policy=QUICK, **terms):
    async def one():
        async with Client(references, policy) as client:
            return await client.ask(ASK, **terms)

    return asyncio.run(one())


def streamed(references=("first:m",), policy=QUICK, stop=None, **terms):
    async def one():
        async with Client(references, policy) as client:
            source = client.stream(ASK, **terms)
            pieces = []
            async for piece in source:
                pieces.append(piece)
                if len(pieces) == stop:
                    break
            await source.aclose()
            return pieces

    return asyncio.run(one())


def test_an_answer_is_paid_for(scripted):
    connections = scripted(REPLY)
    purse = MemoryPurse(1.0)
    answer = asked(purse=purse)
    assert (answer.reply, answer.reference, answer.attempts, answer.recalled) == (REPLY, "first:m", 1, False)
    assert answer.cost == pytest.approx(COST)
    assert (purse.spent, purse.reserved) == (pytest.approx(COST), 0.0)
    assert connections["first:m"].closed == 1


@pytest.mark.parametrize("kind", ["unreachable", "timeout", "busy", "failed", "malformed"])
def test_what_may_pass_is_tried_again(scripted, kind):
    connections = scripted(fault(kind), fault(kind), REPLY)
    assert asked(purse=MemoryPurse(1.0)).attempts == 3
    assert connections["first:m"].asked == 3


@pytest.mark.parametrize("kind", ["refused", "filtered", "key"])
def test_what_will_not_pass_is_not_tried_again(scripted, kind):
    connections = scripted(fault(kind))
    with pytest.raises(ProviderError) as caught:
        asked(purse=MemoryPurse(1.0))
    assert (caught.value.kind, connections["first:m"].asked) == (kind, 1)


@pytest.mark.parametrize(
    ("kind", "calls"), [("unreachable", 3), ("timeout", 3), ("failed", 3), ("busy", 3), ("key", 1)]
)
def test_the_next_model_is_asked_where_the_first_cannot_answer(scripted, kind, calls):
    connections = scripted(fault(kind), second=[REPLY])
    answer = asked(("first:m", "second:m"), purse=MemoryPurse(1.0))
    assert (answer.reference, answer.attempts, connections["first:m"].asked) == ("second:m", calls + 1, calls)


@pytest.mark.parametrize("kind", ["refused", "filtered"])
def test_no_other_model_gets_an_input_that_one_refuses(scripted, kind):
    connections = scripted(fault(kind), second=[REPLY])
    with pytest.raises(ProviderError):
        asked(("first:m", "second:m"), purse=MemoryPurse(1.0))
    assert connections["second:m"].asked == 0


def test_the_server_says_how_long_to_wait(scripted):
    scripted(fault("busy", wait=0.2), REPLY)
    start = time.monotonic()
    asked(purse=MemoryPurse(1.0))
    assert time.monotonic() - start >= 0.2


def test_a_wait_that_is_too_long_is_not_waited(scripted):
    connections = scripted(fault("busy", wait=31.0), second=[REPLY])
    assert asked(("first:m", "second:m"), purse=MemoryPurse(1.0)).reference == "second:m"
    assert connections["first:m"].asked == 1


def test_no_wait_goes_beyond_the_deadline(scripted):
    scripted(fault("busy", wait=20.0))
    start = time.monotonic()
    with pytest.raises(ProviderError):
        asked(purse=MemoryPurse(1.0), deadline=time.monotonic() + 5)
    assert time.monotonic() - start < 4


@pytest.mark.parametrize("ask", [asked, streamed])
def test_the_deadline_ends_a_call_which_may_be_charged(scripted, ask):
    scripted(60.0)
    purse = MemoryPurse(1.0)
    with pytest.raises(DeadlineExceeded):
        ask(purse=purse, deadline=time.monotonic() + 0.1)
    assert purse.spent > COST
    assert purse.reserved == 0.0


def test_a_deadline_that_has_passed_asks_nobody(scripted):
    connections = scripted(REPLY)
    with pytest.raises(DeadlineExceeded):
        asked(purse=MemoryPurse(1.0), deadline=time.monotonic() - 1)
    assert connections["first:m"].asked == 0


@pytest.mark.parametrize("ask", [asked, streamed])
def test_who_leaves_ends_the_call_which_may_be_charged(scripted, ask):
    scripted(60.0)
    purse, start = MemoryPurse(1.0), time.monotonic()
    with pytest.raises(Cancelled):
        ask(purse=purse, cancelled=lambda: time.monotonic() > start + 0.1)
    assert time.monotonic() - start < 5
    assert purse.spent > COST
    assert purse.reserved == 0.0


def test_failures_are_paid_for_where_they_may_be_charged(scripted):
    scripted(fault("failed", billed=True), fault("busy"), REPLY)
    purse = MemoryPurse(1.0)
    asked(purse=purse)
    assert purse.reserved == 0.0
    assert purse.spent > 2 * COST  # the first in full, the second not, the third as it was


def test_a_reply_without_token_counts_is_paid_in_full(scripted):
    scripted(Reply(text="hello"))
    purse = MemoryPurse(1.0)
    assert asked(purse=purse).cost == purse.spent > COST


def test_paid_models_need_money(scripted):
    connections = scripted(REPLY)
    with pytest.raises(OutOfMoney, match="no money was allowed"):
        asked()
    with pytest.raises(OutOfMoney, match="is left"):
        asked(purse=MemoryPurse(0.0))
    assert connections["first:m"].asked == 0


def test_a_model_without_a_price_is_not_asked(scripted):
    connections = scripted(REPLY, first_=[REPLY])
    connections["first:other"] = connections["first:m"]
    with pytest.raises(OutOfMoney, match=r'\[prices\."first:other"\]'):
        asked(("first:other",), purse=MemoryPurse(1.0))
    assert connections["first:m"].asked == 0


def test_a_model_on_this_machine_is_free(scripted):
    scripted(REPLY, here=[REPLY])
    assert asked(("here:m",)).cost == 0.0


@pytest.mark.parametrize("ask", [asked, streamed])
def test_what_was_paid_for_is_not_asked_again(scripted, tmp_path, ask):
    connections = scripted(REPLY)
    ledger = Ledger(tmp_path / "ledger.db", 1.0)
    ask(purse=ledger)
    again = asked(purse=ledger)
    assert (again.reply, again.recalled, again.attempts) == (REPLY, True, 0)
    assert again.cost == pytest.approx(COST)
    assert (connections["first:m"].asked, ledger.used) == (1, pytest.approx(COST))
    asked(purse=ledger, salt=1)
    assert connections["first:m"].asked == 2
    ledger.close()


@pytest.mark.parametrize("second", ["ask", "stream"])
def test_a_question_that_is_under_way_is_not_asked_again(scripted, tmp_path, second):
    connections = scripted(0.3)
    first, other = Ledger(tmp_path / "ledger.db", cap=1.0), Ledger(tmp_path / "ledger.db")

    async def both():
        async with Client(("first:m",), QUICK) as client:
            begun = asyncio.create_task(client.ask(ASK, purse=first))
            await asyncio.sleep(0.1)
            if second == "ask":
                answer = await client.ask(ASK, purse=other)
                return (await begun).recalled, answer.recalled, answer.reply
            told = []
            last = [piece async for piece in client.stream(ASK, purse=other, told=told.append)][-1]
            return (await begun).recalled, told[0].recalled, last.reply

    assert asyncio.run(both()) == (False, True, REPLY)
    assert connections["first:m"].asked == 1
    assert other.used == pytest.approx(COST)


def test_who_waits_for_a_question_under_way_asks_it_where_that_call_failed(scripted, tmp_path):
    connections = scripted(REPLY)
    ledger = Ledger(tmp_path / "ledger.db", cap=1.0)
    ticket = ledger.claim(0.1, "a call elsewhere", module._key(Client(("first:m",)).endpoints[0], ASK, 0))

    async def waiting():
        async with Client(("first:m",), QUICK) as client:
            task = asyncio.create_task(client.ask(ASK, purse=ledger))
            await asyncio.sleep(0.1)
            assert not connections["first:m"].asked
            ledger.settle(ticket, 0.0)
            return await task

    answer = asyncio.run(waiting())
    assert (answer.reply, answer.recalled, connections["first:m"].asked) == (REPLY, False, 1)


def test_the_next_models_paid_reply_is_found_too(scripted, tmp_path):
    connections = scripted(fault("key"), second=[REPLY])
    ledger = Ledger(tmp_path / "ledger.db", 1.0)
    asked(("first:m", "second:m"), purse=ledger)
    assert asked(("first:m", "second:m"), purse=ledger).recalled
    assert (connections["first:m"].asked, connections["second:m"].asked) == (1, 1)
    ledger.close()


@pytest.mark.parametrize("leaves", [{}, {"cancelled": lambda: False}])
def test_a_stream_ends_with_the_reply_and_its_cost(scripted, leaves):
    scripted(fault("busy"), REPLY)
    purse, told = MemoryPurse(1.0), []
    pieces = streamed(purse=purse, told=told.append, **leaves)
    assert "".join(piece.text for piece in pieces) == "hello"
    assert [piece.reply for piece in pieces] == [None] * 5 + [REPLY]
    assert [(answer.cost, answer.attempts) for answer in told] == [(pytest.approx(COST), 2)]
    assert purse.spent == pytest.approx(COST)


def test_a_stream_that_breaks_off_is_not_begun_again(scripted):
    connections = scripted(Reply(text="hello", finish="length"))
    purse = MemoryPurse(1.0)
    with pytest.raises(ProviderError, match="unreachable"):
        streamed(purse=purse)
    assert connections["first:m"].asked == 1
    assert purse.spent > COST
    assert purse.reserved == 0.0


@pytest.mark.parametrize("leaves", [{}, {"cancelled": lambda: False}])
def test_a_stream_that_is_left_is_paid_in_full(scripted, leaves):
    scripted(REPLY)
    purse = MemoryPurse(1.0)
    assert len(streamed(purse=purse, stop=2, **leaves)) == 2
    assert purse.spent > COST
    assert purse.reserved == 0.0


def test_all_clients_of_a_process_share_the_calls_a_model_gets(scripted):
    connections = scripted(0.02)

    async def many():
        policy = Policy(parallel=3)
        clients = [Client(["first:m"], policy) for _ in range(4)]
        await asyncio.gather(*(client.ask(ASK, purse=MemoryPurse(1.0)) for client in clients for _ in range(3)))

    asyncio.run(many())
    assert (connections["first:m"].asked, connections["first:m"].most) == (12, 3)


def test_a_client_works_in_one_event_loop_after_another(scripted):
    connections = scripted(REPLY)
    client = Client(["first:m"], QUICK)
    for _ in range(2):
        assert asyncio.run(client.ask(ASK, purse=MemoryPurse(1.0))).reply == REPLY
    client.close()
    assert connections["first:m"].asked == 2


def test_no_models_are_no_client():
    with pytest.raises(InputError, match="at least one"):
        Client([])

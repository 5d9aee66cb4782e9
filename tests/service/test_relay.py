"""Broadcasts through the supervisor: one result each, one order for all, nobody waits for the dead."""

import time

import pytest

from smeaton.service.channel import Message
from smeaton.service.relay import Relay


class FakePeer:
    def __init__(self) -> None:
        self.got: list[Message] = []

    def send(self, message: Message) -> None:
        self.got.append(message)


@pytest.fixture
def peers() -> list[FakePeer]:
    return [FakePeer(), FakePeer()]


def test_results_come_in_the_order_of_workers(peers: list[FakePeer]) -> None:
    first, second = peers
    relay = Relay(lambda: peers)
    relay.ask(first, 7, {"do": "x"}, 5)
    number = second.got[0]["id"]
    assert second.got[0] == {"kind": "do", "id": number, "message": {"do": "x"}, "seconds": 5}
    relay.done(second, number, {"n": 2})
    assert len(first.got) == 1
    relay.done(first, number, {"n": 1})
    assert first.got[1] == {"kind": "told", "id": 7, "result": [{"n": 1}, {"n": 2}]}


def test_a_second_broadcast_waits_for_the_first(peers: list[FakePeer]) -> None:
    first, second = peers
    relay = Relay(lambda: peers)
    relay.ask(first, 1, {"do": "a"}, 5)
    relay.ask(second, 2, {"do": "b"}, 5)
    assert [message["message"]["do"] for message in first.got] == ["a"]
    for peer in peers:
        relay.done(peer, first.got[0]["id"], {})
    assert [message["message"]["do"] for message in second.got if message["kind"] == "do"] == ["a", "b"]


def test_a_late_or_repeated_result_counts_for_nothing(peers: list[FakePeer]) -> None:
    first, second = peers
    relay = Relay(lambda: peers)
    relay.ask(first, 1, {}, 5)
    number = first.got[0]["id"]
    relay.done(first, number - 1, {"n": "late"})
    relay.done(first, number, {"n": 1})
    relay.done(first, number, {"n": "again"})
    relay.done(second, number, {"n": 2})
    relay.done(second, number, {"n": "after"})
    assert first.got[1]["result"] == [{"n": 1}, {"n": 2}]
    assert len(first.got) == 2


def test_one_that_ended_has_an_error_as_its_result(peers: list[FakePeer]) -> None:
    first, second = peers
    relay = Relay(lambda: peers)
    relay.ask(first, 1, {}, 5)
    relay.done(first, first.got[0]["id"], {"n": 1})
    relay.gone(second)
    assert first.got[1]["result"][0] == {"n": 1}
    assert "ended" in first.got[1]["result"][1]["error"]["message"]


def test_one_that_asked_and_ended_is_not_told(peers: list[FakePeer]) -> None:
    first, second = peers
    live = list(peers)
    relay = Relay(lambda: live)
    relay.ask(first, 1, {"do": "a"}, 5)
    relay.ask(second, 2, {"do": "b"}, 5)
    number = first.got[0]["id"]
    live.remove(first)
    relay.gone(first)
    relay.done(second, number, {})
    relay.done(second, second.got[1]["id"], {"n": 2})
    assert second.got[2] == {"kind": "told", "id": 2, "result": [{"n": 2}]}
    assert len(first.got) == 1


def test_nobody_waits_beyond_the_time(peers: list[FakePeer], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = peers
    relay = Relay(lambda: peers)
    relay.ask(first, 1, {"do": "a"}, 5)
    relay.ask(first, 2, {"do": "b"}, 5)
    relay.done(second, first.got[0]["id"], {"n": 2})
    later = time.monotonic() + 7
    monkeypatch.setattr(time, "monotonic", lambda: later)
    relay.tick()
    told = next(message for message in first.got if message["kind"] == "told")
    assert "no answer within 5 s" in told["result"][0]["error"]["message"]
    assert told["result"][1] == {"n": 2}
    assert [message["message"]["do"] for message in second.got] == ["a", "b"]
    assert not any(message["kind"] == "told" and message["id"] == 2 for message in first.got)


def test_without_workers_the_answer_is_empty() -> None:
    asker = FakePeer()
    Relay(lambda: []).ask(asker, 3, {}, 5)
    assert asker.got == [{"kind": "told", "id": 3, "result": []}]

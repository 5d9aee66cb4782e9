"""The closed loop against a server with known faults."""

import asyncio
from typing import Any

import pytest
from tests.service.load.fake_service import Answer, fake_service, free_port, good, reply

from smeaton.errors import InputError
from smeaton.service.load import How, closed, scheduled
from smeaton.service.load.schedule import Pace
from smeaton.service.load.target import target_of


def test_a_number_of_requests_in_turn() -> None:
    with fake_service(good) as fake:
        target = target_of(fake.url)
        sample = closed(fake.url, [target.request(b"a"), target.request(b"b")], How(connections=1), count=5)
    assert fake.bodies == [b"a", b"b", b"a", b"b", b"a"]
    assert fake.connections == 1
    assert (sample.requests, sample.errors) == (5, {})
    assert len(sample.latencies) == 5
    assert sample.bytes == 5 * len(reply())
    assert sample.rate == pytest.approx(5 / sample.seconds)


def test_callers_wait_for_their_answers() -> None:
    async def slow(number: int) -> bytes:
        await asyncio.sleep(0.05)
        return reply()

    with fake_service(slow) as fake:
        sample = closed(fake.url, [target_of(fake.url).request()], How(connections=4, warmup=0.1), seconds=0.4)
    assert fake.connections == 4
    assert sample.latencies.min() >= 0.045
    assert 0.2 <= sample.seconds < 5
    assert sample.rate <= 4 / 0.045


def test_what_was_measured_leaves_the_warm_up_out() -> None:
    with fake_service(good) as fake:
        sample = closed(fake.url, [target_of(fake.url).request()], How(connections=2, warmup=0.2), seconds=0.2)
    assert 0 < sample.requests < fake.asked


FAULTS: dict[str, tuple[bytes | None, str]] = {
    "status": (reply(500), "500"),
    "status with close": (reply(503, more="Connection: close\r\n"), "503"),
    "reset": (None, "connection reset"),
    "truncated": (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nabc", "answer cut off"),
    "reset before": (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n", "answer cut off"),
    "garbage": (b"SSH-2.0-OpenSSH\r\n", "malformed answer"),
}


def every_third(content: bytes | None) -> Answer:
    async def answer(number: int) -> bytes | None:
        return content if number % 3 == 0 else reply()

    return answer


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_faults_are_counted_by_kind(fault: str) -> None:
    content, reason = FAULTS[fault]
    with fake_service(every_third(content)) as fake:
        sample = closed(fake.url, [target_of(fake.url).request()], How(connections=1), count=12)
    assert sample.errors == {reason: 4}
    assert len(sample.latencies) == 8


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_faults_are_counted_in_the_open_loop_too(fault: str) -> None:
    content, reason = FAULTS[fault]
    with fake_service(every_third(content)) as fake:
        pace = Pace(100, 0.3, "constant")
        sample = scheduled(fake.url, [target_of(fake.url).request()], pace, How(connections=1))
    assert sample.errors == {reason: 10}
    assert len(sample.latencies) == 20


def test_connections_that_are_not_kept_are_made_anew() -> None:
    async def closing(number: int) -> bytes:
        return reply(more="Connection: close\r\n")

    with fake_service(closing) as fake:
        sample = closed(fake.url, [target_of(fake.url).request()], How(connections=1), count=5)
    assert (fake.connections, len(sample.latencies), sample.errors) == (5, 5, {})


def test_who_has_nothing_left_to_ask_does_not_come_back() -> None:
    async def first_fails(number: int) -> bytes | None:
        if number == 1:
            return None
        await asyncio.sleep(0.2)
        return reply()

    with fake_service(first_fails) as fake:
        sample = closed(fake.url, [target_of(fake.url).request()], How(connections=2), count=2)
    assert (fake.connections, sample.errors) == (2, {"connection reset": 1})


@pytest.mark.parametrize(
    "wrong", [{"connections": 0}, {"warmup": -1}, {"warmup": float("nan")}, {"timeout": 0}, {"timeout": float("inf")}]
)
def test_ways_to_ask_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="at least 1 connection"):
        How(**wrong)


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    sample = closed(url, [target_of(url).request()], How(connections=2), count=6)
    assert sample.errors == {"connection refused": 6}
    sample = scheduled(url, [target_of(url).request()], Pace(50, 0.3))
    assert sample.errors == {"connection refused": 15}
    assert sample.rate == 0


def test_no_answer_in_time() -> None:
    async def never(number: int) -> bytes:
        if number == 2:
            await asyncio.sleep(30)
        return reply()

    with fake_service(never) as fake:
        sample = closed(fake.url, [target_of(fake.url).request()], How(connections=1, timeout=0.2), count=4)
    assert sample.errors == {"no answer in time": 1}
    assert len(sample.latencies) == 3


def test_answers_are_checked() -> None:
    async def answer(number: int) -> bytes:
        return reply(422 if number == 2 else 200, str(number).encode())

    def check(number: int, status: int, body: bytes) -> str | None:
        return None if body == str(number + 1).encode() and number != 3 else f"wrong answer to {number}"

    with fake_service(answer) as fake:
        sample = closed(fake.url, [target_of(fake.url).request()], How(connections=1, check=check), count=5)
    assert sample.errors == {"wrong answer to 3": 1}  # the 422 is right: the check says so


def test_what_is_watched_is_read_at_both_ends() -> None:
    readings = iter([10.0, 12.5])
    with fake_service(good) as fake:
        how = How(connections=1, watch=lambda: next(readings))
        sample = closed(fake.url, [target_of(fake.url).request()], how, count=5)
    assert sample.service_cpu == 2.5


@pytest.mark.parametrize("length", [{}, {"seconds": 1.0, "count": 5}, {"count": 0}, {"seconds": -1.0}])
def test_how_long_is_said_once(length: dict[str, float]) -> None:
    with pytest.raises(InputError):
        closed("http://127.0.0.1:1/", [b"x"], **length)  # type: ignore[arg-type]


def test_no_requests() -> None:
    with pytest.raises(InputError):
        closed("http://127.0.0.1:1/", [], count=1)
    with pytest.raises(InputError):
        scheduled("http://127.0.0.1:1/", [], Pace(1, 1))


def test_another_machine_is_not_loaded() -> None:
    with pytest.raises(InputError, match="not this machine"):
        closed("http://192.0.2.1/", [b"x"], count=1)
    with pytest.raises(InputError, match="not this machine"):
        scheduled("http://192.0.2.1/", [b"x"], Pace(1, 1))

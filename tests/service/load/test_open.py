"""The open loop: what a stall does to those who would have asked meanwhile is seen."""

import asyncio
import time

import numpy as np
import pytest
from tests.service.load.fake_service import fake_service, good, reply

from smeaton.service.load import How, Pace, closed, scheduled
from smeaton.service.load.sample import GIVEN_UP
from smeaton.service.load.target import target_of

STALL = 0.25


async def stalls_once(number: int) -> bytes:
    """The whole server stands still at one request."""
    if number == 30:
        time.sleep(STALL)
    return reply()


def test_a_stall_is_seen_by_the_open_loop_and_hidden_by_the_closed_one() -> None:
    """Coordinated omission: a stall of 0.25 s concerns 50 of 200 requests a second; a closed loop sends one of them."""
    with fake_service(stalls_once) as fake:
        request = [target_of(fake.url).request()]
        seen = scheduled(fake.url, request, Pace(200, 0.6, "constant"), How(connections=4))
    with fake_service(stalls_once) as fake:
        hidden = closed(fake.url, [target_of(fake.url).request()], How(connections=1), count=120)
    assert seen.requests == hidden.requests == 120
    assert not seen.errors
    assert np.sum(seen.latencies > STALL / 5) >= 35  # 40 of the 50
    assert np.sum(hidden.latencies > STALL / 5) <= 10  # one, and what a busy machine adds
    # Latencies fall evenly from the stall's whole length to nothing.
    slow = np.sort(seen.latencies[seen.latencies > STALL / 5])[::-1]
    assert slow[0] >= STALL - 0.05
    assert slow[0] - slow[30] == pytest.approx(30 / 200, abs=0.05)


def test_the_rate_is_kept_whatever_the_answers_do() -> None:
    async def slow(number: int) -> bytes:
        await asyncio.sleep(0.1)
        return reply()

    with fake_service(slow) as fake:
        sample = scheduled(fake.url, [target_of(fake.url).request()], Pace(200, 0.5), How(connections=64, warmup=0.2))
    assert sample.requests == 100
    assert fake.asked == 140
    assert sample.asked == pytest.approx(200, rel=0.25)
    assert sample.rate == pytest.approx(200, rel=0.25)
    assert sample.latencies.min() >= 0.09
    assert len(sample.lateness) == 100
    assert sample.lateness.min() >= 0
    assert 15 <= sample.most <= 64


def test_requests_go_out_in_turn() -> None:
    with fake_service(good) as fake:
        target = target_of(fake.url)
        requests = [target.request(body) for body in (b"a", b"b", b"c")]
        scheduled(fake.url, requests, Pace(50, 0.2, "constant"), How(connections=1))
    assert fake.bodies == [b"a", b"b", b"c"] * 3 + [b"a"]


def test_waiting_for_a_connection_counts() -> None:
    """One connection and 0.05 s an answer: ten requests due at once wait for each other."""

    async def slow(number: int) -> bytes:
        await asyncio.sleep(0.05)
        return reply()

    with fake_service(slow) as fake:
        pace = Pace(100, 0.1, "constant")
        sample = scheduled(fake.url, [target_of(fake.url).request()], pace, How(connections=1))
    assert sample.requests == 10
    assert sample.most == 1
    assert sample.latencies.max() >= 0.4
    assert sample.rate < 40


def test_an_overload_is_given_up() -> None:
    async def slow(number: int) -> bytes:
        await asyncio.sleep(0.05)
        return reply()

    with fake_service(slow) as fake:
        begun = time.monotonic()
        how = How(connections=2, patience=0.3)
        sample = scheduled(fake.url, [target_of(fake.url).request()], Pace(500, 20.0), how)
        took = time.monotonic() - begun
    assert took < 5
    assert sample.gave_up
    assert sample.errors[GIVEN_UP] > 50
    assert sample.rate < 60


def test_an_overload_in_the_warm_up_is_given_up_too() -> None:
    async def slow(number: int) -> bytes:
        await asyncio.sleep(0.2)
        return reply()

    with fake_service(slow) as fake:
        how = How(connections=1, patience=0.3, warmup=5.0)
        sample = scheduled(fake.url, [target_of(fake.url).request()], Pace(100, 5.0), how)
    assert sample.gave_up
    assert sample.failed >= 1


def test_the_cpu_of_the_generator_is_told() -> None:
    with fake_service(good) as fake:
        sample = scheduled(fake.url, [target_of(fake.url).request()], Pace(200, 0.3), How(connections=4))
    assert sample.cpu_per_request is not None
    assert 0 < sample.cpu_per_request < 0.05

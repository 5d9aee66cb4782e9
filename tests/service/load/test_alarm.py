"""The alarm rings at its moment, never before it."""

import asyncio
import time

import pytest

from smeaton.service.load import alarm
from smeaton.service.load.alarm import Alarm
from smeaton.service.load.links import run


async def rings(moments: list[float]) -> list[float]:
    """When it rang, from now, for moments from now, each set when the one before rang."""
    loop, heard, done = asyncio.get_running_loop(), list[float](), asyncio.Event()
    start = time.monotonic()
    left = list(moments)

    def ring() -> None:
        heard.append(time.monotonic() - start)
        if left:
            one.set(start + left.pop(0))
        else:
            done.set()

    one = Alarm(loop, ring)
    one.set(start + left.pop(0))
    await asyncio.wait_for(done.wait(), 10)
    one.close()
    return heard


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_it_rings_at_its_moments(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if alarm.sys.platform != "linux" and platform == "linux":
        pytest.skip("timerfd is Linux")
    monkeypatch.setattr(alarm.sys, "platform", platform)
    moments = [0.0, 0.0003, 0.02, 0.021, 0.021, 0.05]
    heard = run(rings(moments))
    assert len(heard) == len(moments)
    early = 0.0 if platform == "linux" else 0.002  # timers of a loop count in milliseconds
    assert all(at >= moment - early for at, moment in zip(heard, moments, strict=True))
    assert heard[-1] < 1


def test_a_moment_that_has_passed_rings_at_once() -> None:
    assert run(rings([-5.0]))[0] < 1


def test_a_later_moment_replaces_an_earlier_one() -> None:
    async def replaced() -> int:
        heard: list[int] = []
        one = Alarm(asyncio.get_running_loop(), lambda: heard.append(1))
        one.set(time.monotonic() + 0.01)
        one.set(time.monotonic() + 0.03)
        await asyncio.sleep(0.1)
        one.close()
        return len(heard)

    assert run(replaced()) == 1

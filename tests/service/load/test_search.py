"""The search, against services that are a formula; time is counted, not spent."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.load.sample import GIVEN_UP, Sample
from smeaton.service.load.search import Search, Step, judge

LIMIT = 0.05


def seen(
    asked: float = 100.0,
    p99: float = 0.01,
    *,
    reached: float | None = None,
    errors: dict[str, int] | None = None,
    late: float = 0.0,
    cpu: float = 0.1,
    gave_up: bool = False,
) -> Sample:
    """A sample of 10 seconds."""
    return Sample(
        latencies=np.full(100, p99),
        errors=errors or {},
        seconds=10.0,
        rate=asked if reached is None else reached,
        bytes=0,
        cpu=cpu * 10,
        asked=asked,
        lateness=np.full(100, late),
        gave_up=gave_up,
    )


@pytest.mark.parametrize(
    ("sample", "cause"),
    [
        (seen(), ""),
        (seen(p99=LIMIT), ""),
        (seen(p99=LIMIT * 1.01), "late"),
        (seen(errors={"500": 1}), "errors"),
        (seen(errors={"500": 1}, p99=1.0, late=1.0), "errors"),
        (seen(1000, reached=981), ""),
        (seen(1000, reached=979), "behind"),
        (seen(errors={GIVEN_UP: 9}, gave_up=True), "behind"),
        (seen(errors={GIVEN_UP: 9, "429": 2}, gave_up=True), "errors"),
        (seen(p99=1.0, late=LIMIT), "generator"),
        (seen(p99=1.0, cpu=0.95), "generator"),
        (seen(1000, reached=900, late=LIMIT), "generator"),
        (seen(late=LIMIT), ""),  # late, and yet all was within the limit
    ],
)
def test_what_breaks_a_step(sample: Sample, cause: str) -> None:
    assert judge(sample, LIMIT) == cause


@dataclass
class Model:
    """A service that holds `capacity` requests a second; a step takes its time and half a second more."""

    capacity: float
    now: float = 0.0
    tried: list[tuple[float, float]] = field(default_factory=list)
    moods: dict[int, Sample] = field(default_factory=dict)

    def measure(self, rate: float, seconds: float) -> Sample:
        self.now += seconds + 0.5
        self.tried.append((rate, seconds))
        if len(self.tried) in self.moods:
            return self.moods[len(self.tried)]
        return seen(rate, 0.001 if rate <= self.capacity else 1.0)

    def search(self, start: float, seconds: float = 60.0, **more: float) -> Search:
        search = Search(self.measure, LIMIT, seconds, clock=lambda: self.now)
        search.run(start)
        return search


@given(st.floats(50, 50_000), st.floats(0.05, 2))
def test_it_finds_the_capacity(capacity: float, first: float) -> None:
    model = Model(capacity)
    search = model.search(capacity * first, 120.0)
    held, broken = search.held, search.broken
    assert held is not None
    assert broken is not None
    assert held.rate <= capacity < broken.rate
    if search.ended == "found":
        assert broken.rate / held.rate <= 1.06
    assert held.confirming
    assert model.tried[-1] == (held.rate, 24.0)
    assert all(seconds >= 3 for _, seconds in model.tried)
    assert model.now <= 120 + 2 * 24 + 5


def test_it_fits_into_a_minute() -> None:
    model = Model(4870)
    search = model.search(1250)
    assert search.ended == "found"
    assert model.now <= 62
    assert [step.rate for step in search.steps[:4]] == [1250, 2500, 5000, 5000]
    assert search.held is not None
    assert search.held.rate >= 4870 / 1.06


def test_it_ends_when_the_time_is_over() -> None:
    model = Model(1e9)
    search = model.search(10, 30.0)
    assert search.ended == "time"
    assert search.broken is None
    assert search.held is not None
    assert search.held.rate == max(rate for rate, _ in model.tried)
    assert model.now <= 31


def test_a_disturbance_that_is_not_seen_twice_caps_nothing() -> None:
    model = Model(5000, moods={2: seen(2000, 1.0)})
    search = model.search(1000)
    assert [rate for rate, _ in model.tried[:4]] == [1000, 2000, 2000, 4000]
    assert search.held is not None
    assert search.held.rate >= 4600


def test_what_is_not_confirmed_is_not_claimed() -> None:
    model = Model(1000)
    search = Search(model.measure, LIMIT, 60.0, clock=lambda: model.now)

    def worse_for_longer(rate: float, seconds: float) -> Sample:
        model.now += seconds
        return seen(rate, 0.001 if rate <= (1000 if seconds < 10 else 900) else 1.0)

    search.measure = worse_for_longer
    search.run(200)
    assert search.held is not None
    assert search.held.confirming
    assert 800 < search.held.rate <= 900


def test_nothing_holds() -> None:
    model = Model(0.0)
    search = model.search(100)
    assert search.held is None
    assert search.broken is not None
    assert search.ended == "time"
    assert model.now <= 61


def test_slow_models_are_asked_long_enough() -> None:
    model = Model(3.0)
    search = model.search(1.0)
    assert model.tried[0] == (1.0, 12.0)
    assert search.held is not None


def test_one_rate() -> None:
    heard: list[Step] = []
    model = Model(100)
    search = Search(model.measure, LIMIT, 60.0, heard.append)
    search.once(50)
    assert model.tried == [(50, 12.0)]
    assert search.held is heard[0]


def test_an_interrupted_search_keeps_what_is_known() -> None:
    model = Model(1000)

    def measure(rate: float, seconds: float) -> Sample:
        if len(model.tried) == 2:
            raise KeyboardInterrupt
        return model.measure(rate, seconds)

    search = Search(measure, LIMIT, 60.0)
    with pytest.raises(KeyboardInterrupt):
        search.run(100)
    assert search.held is not None
    assert (search.held.rate, search.ended) == (200, "interrupted")

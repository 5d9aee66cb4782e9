"""Moments: as many as the rate says, within the time, the same each time."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smeaton.errors import InputError
from smeaton.service.load.schedule import Pace

RATES = st.floats(0.5, 500)
LENGTHS = st.floats(0.1, 5)


@given(RATES, LENGTHS, st.floats(0, 2), st.sampled_from(["constant", "poisson"]), st.integers(0, 99))
def test_moments(rate: float, seconds: float, warmup: float, arrivals: str, seed: int) -> None:
    assume(round(rate * seconds))
    pace = Pace(rate, seconds, arrivals, seed)  # type: ignore[arg-type]
    moments = pace.moments(warmup)
    measured = moments[moments >= warmup]
    assert len(measured) == round(rate * seconds)
    assert len(moments) - len(measured) == round(rate * warmup)
    assert np.all(np.diff(moments) >= 0)
    assert moments[0] >= 0
    assert moments[-1] < warmup + seconds
    assert np.array_equal(moments, pace.moments(warmup))


@given(RATES, LENGTHS)
def test_constant_gaps_are_equal(rate: float, seconds: float) -> None:
    assume(round(rate * seconds) > 1)
    gaps = np.diff(Pace(rate, seconds, "constant").moments())
    assert np.allclose(gaps, seconds / round(rate * seconds), rtol=1e-6)


def test_poisson_gaps_are_exponential() -> None:
    gaps = np.diff(Pace(1000, 20, seed=3).moments()) * 1000
    assert gaps.mean() == pytest.approx(1, abs=0.02)
    assert gaps.std() == pytest.approx(1, abs=0.05)
    assert np.mean(gaps > 1) == pytest.approx(np.exp(-1), abs=0.02)


def test_another_seed_gives_other_moments() -> None:
    assert not np.array_equal(Pace(100, 1, seed=1).moments(), Pace(100, 1, seed=2).moments())


@pytest.mark.parametrize(
    "pace", [Pace(0, 1), Pace(-5, 1), Pace(5, 0), Pace(float("inf"), 1), Pace(0.1, 1), Pace(5, 1, seed=-1)]
)
def test_a_pace_that_cannot_be(pace: Pace) -> None:
    with pytest.raises(InputError):
        pace.moments()

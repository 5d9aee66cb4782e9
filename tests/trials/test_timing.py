import math

from hypothesis import given
from hypothesis import strategies as st

from smeaton.families import Space
from smeaton.trials.timing import Size, TimeModel, slowness

SPACES = {"linear": Space(starts=({},), effort=1), "boosting": Space(starts=({},), effort=5)}


def model(rows: int = 10_000) -> TimeModel:
    return TimeModel(SPACES, Size(rows, 20))


def test_guess_grows_with_rows_effort_and_slowness() -> None:
    assert Size(1000, 20).guess(1) < Size(1000, 20).guess(5) < Size(100_000, 20).guess(5)
    assert Size(1000, 20, slowness=2).guess(1) == 2 * Size(1000, 20).guess(1)


@given(st.floats(0.1, 100), st.integers(1, 20))
def test_learns_what_is_steady(seconds: float, count: int) -> None:
    times = model()
    for _ in range(count):
        times.learn("boosting", 1.0, seconds)
    estimate = times.expect("boosting")
    assert 0.5 * seconds < estimate.mean < 2 * seconds
    assert estimate.high >= estimate.mean


def test_learns_the_power_of_the_fidelity() -> None:
    times = model()
    for fidelity in (0.05, 0.1, 0.2, 0.4, 1.0):
        times.learn("boosting", fidelity, 10 * math.sqrt(fidelity))
    assert 0.5 < times.expect("boosting", 0.01).mean < 1.5


def test_one_family_tells_a_little_of_the_machine() -> None:
    times = model()
    before = times.expect("boosting").mean
    for _ in range(3):
        times.learn("linear", 1.0, 20 * Size(10_000, 20).guess(1))
    assert 2 * before < times.expect("boosting").mean < 20 * before


def test_newer_fits_count_more() -> None:
    times = model()
    for seconds in (8.0, 1.0, 1.0, 1.0):
        times.learn("linear", 1.0, seconds)
    assert times.expect("linear").mean < 2


def test_slowness_is_a_sane_factor() -> None:
    assert 0.5 <= slowness() <= 4.0

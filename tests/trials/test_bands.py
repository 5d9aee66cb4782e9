"""Bands around numbers: they hold what they promise on new rows, and are as narrow as the rows allow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.runtime.ops.interval import Band, ends
from smeaton.task.table import Array
from smeaton.trials.bands import Bounds, Residuals, enough, fit, interval_score


def residuals(prediction: Array, target: Array, group: Array | None = None) -> Residuals:
    known = np.ones(len(target), dtype=bool)
    return Residuals(prediction, target, np.ones(len(target)), group).take(known)


def even(rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
    prediction = rng.normal(0, 5, rows)
    return prediction, prediction + rng.normal(0, 2, rows)


def fanned(rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Errors that grow with the answer."""
    prediction = rng.uniform(1, 100, rows)
    return prediction, prediction * (1 + 0.3 * rng.normal(0, 1, rows))


def skewed(rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
    prediction = rng.normal(0, 1, rows)
    return prediction, prediction + rng.exponential(3, rows) - 3


def held(band: Band, rows: tuple[Array, Array]) -> float:
    low, high = ends(band, rows[0])
    return float(((low <= rows[1]) & (rows[1] <= high)).mean())


@pytest.mark.parametrize("make", [even, fanned, skewed])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("rows", [30, 200, 2_000])
def test_new_rows_lie_within_as_often_as_promised(make, level: float, rows: int) -> None:
    rng = np.random.default_rng(rows)
    times = 60 if rows < 1_000 else 12
    found = [held(fit(residuals(*make(rows, rng)), level), make(1_000, rng)) for _ in range(times)]
    error = np.std(found) / np.sqrt(times)
    # At least the level; above it by what the finite sample costs, and by no more.
    assert level - 3 * error - 0.012 <= np.mean(found) <= level + 1.5 / rows + 3 * error + 0.012


def test_the_width_follows_the_answer_where_errors_do() -> None:
    rng = np.random.default_rng(1)
    band = fit(residuals(*fanned(1_000, rng)), 0.9)
    assert len(band.points) > 3
    low, high = ends(band, np.array([5.0, 90.0]))
    assert (high - low)[1] > 5 * (high - low)[0]
    new = fanned(4_000, rng)
    constant = float(np.quantile(np.abs(new[1] - new[0]), 0.9))
    flat = interval_score(new[0] - constant, new[0] + constant, new[1], 0.9).mean()
    assert interval_score(*ends(band, new[0]), new[1], 0.9).mean() < 0.85 * flat


def test_it_is_one_width_where_errors_are_alike() -> None:
    band = fit(residuals(*even(2_000, np.random.default_rng(2))), 0.9)
    assert (band.points, band.scales) == ((0.0,), (1.0,))
    assert band.high == -band.low == pytest.approx(2 * 1.645, rel=0.08)


def test_sides_are_told_apart_where_errors_lean() -> None:
    band = fit(residuals(*skewed(2_000, np.random.default_rng(3))), 0.9)
    assert band.high > 1.7 * -band.low > 0


def test_the_quantile_is_the_conservative_one() -> None:
    """Of n rows the ceil((n + 1) * level)-th smallest residual."""
    off = np.arange(1.0, 20.0)
    band = fit(residuals(np.zeros(19), off * np.resize([1, -1], 19)), 0.5)
    assert band.high == 10.0
    few = fit(residuals(np.zeros(5), np.arange(5.0)), 0.9)
    assert few.high == 4.0
    assert not enough(5, 0.9)
    assert not enough(8, 0.9)
    assert enough(9, 0.9)


def test_groups_count_as_one_each() -> None:
    rng = np.random.default_rng(4)
    shift = rng.normal(0, 3, 12)
    group = np.repeat(np.arange(12), 50)
    target = shift[group] + rng.normal(0, 0.5, 600)
    by_group = fit(residuals(np.zeros(600), target, group), 0.9)
    by_row = fit(residuals(np.zeros(600), target), 0.9)
    assert by_group.high > by_row.high


def test_weights_are_repeated_rows() -> None:
    rng = np.random.default_rng(5)
    prediction, target = even(3_000, rng)
    times = rng.integers(0, 3, 3_000)
    weighed = Residuals(prediction, target, times.astype(np.float64)).take(np.ones(3_000, dtype=bool))
    many = np.repeat(np.arange(3_000), times)
    repeated = residuals(prediction[many], target[many])
    assert fit(weighed, 0.8).high == pytest.approx(fit(repeated, 0.8).high, rel=0.06)


def test_what_cannot_teach_is_left_out() -> None:
    weight = np.array([1.0, 1.0, 0.0, 1.0])
    some = Residuals(np.array([1.0, np.nan, 1.0, 2.0]), np.arange(4.0), weight).take(np.ones(4, dtype=bool))
    assert some.target.tolist() == [0.0, 3.0]
    many = Residuals(np.zeros(30_000), np.arange(30_000.0), np.ones(30_000)).take(np.ones(30_000, dtype=bool))
    assert len(many) == 10_000
    assert many.target[-1] == 29_999


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=150), st.booleans())
def test_any_rows_give_a_band_that_can_be_served(rows: list[tuple[float, float]], whole: bool) -> None:
    prediction, target = (np.array(column) for column in zip(*rows, strict=True))
    band = fit(residuals(prediction, np.round(target) if whole else target), 0.9, Bounds(None, None, whole))
    low, high = ends(band, prediction)
    assert np.isfinite(low).all()
    assert (low <= prediction).all()
    assert (prediction <= high).all()
    if len(rows) >= 20:
        inside = (low - 1e-6 <= target) & (target <= high + 1e-6)
        assert inside.mean() >= 0.7

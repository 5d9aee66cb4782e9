"""Prediction intervals for a later period: they cover what plain intervals of today's score do not."""

from collections.abc import Callable

import numpy as np
import pytest

from smeaton import plugins
from smeaton.metrics import Metric
from smeaton.metrics._intervals import interval
from smeaton.metrics._later import Period, later
from smeaton.task.table import Array

REPEATS = 60
KNOWN, LAST = 160, 200
CUTS = (slice(640, 800), slice(800, 1_000), slice(1_000, 1_200))
Losses = Callable[[np.random.Generator, int], Array]


def walking(rng: np.random.Generator, rows: int) -> Array:
    """Losses whose size wanders."""
    level = np.cumsum(rng.normal(size=rows)) / np.sqrt(rows)
    return np.exp(level) * rng.chisquare(1, rows)


def moody(rng: np.random.Generator, rows: int) -> Array:
    """Losses whose size rises and falls over tens of rows."""
    level = np.zeros(rows)
    for place in range(1, rows):
        level[place] = 0.95 * level[place - 1] + 0.3 * rng.normal()
    return np.exp(0.7 * level) * rng.chisquare(1, rows)


def still(rng: np.random.Generator, rows: int) -> Array:
    return rng.chisquare(1, rows)


def in_time(losses: Losses, metric: Metric) -> tuple[float, float]:
    """How often the later value lies in the predicted interval, and in the plain one of the last period."""
    rng, hits, plain = np.random.default_rng(5), 0, 0
    time = np.arange(KNOWN + 2 * LAST).astype("datetime64[us]")
    for _ in range(REPEATS):
        stats = losses(rng, len(time))[:, None]
        cuts = (slice(0, KNOWN), slice(KNOWN, KNOWN + LAST))
        found = later(metric, [Period(stats[cut], time=time[cut]) for cut in cuts])
        assert found is not None
        then = float(metric.value(stats[KNOWN + LAST :].mean(axis=0)))
        assert found[0] == pytest.approx(float(metric.value(stats[cuts[1]].mean(axis=0))))
        hits += found[1] <= then <= found[2]
        _, low, high = interval(metric, stats[cuts[1]], None, None)
        plain += low <= then <= high
    return hits / REPEATS, plain / REPEATS


@pytest.mark.parametrize("losses", [walking, moody])
@pytest.mark.parametrize("name", ["rmse", "mae"])
def test_drift_is_covered_where_a_plain_interval_is_not(losses: Losses, name: str) -> None:
    predicted, plain = in_time(losses, plugins.load("metrics", name))
    assert predicted >= 0.9
    assert plain <= 0.7


def fitted(x: Array, y: Array) -> Array:
    return np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ y)


def test_programs_that_age_are_covered() -> None:
    """Weights wander; least squares fitted before each period, as a build does."""
    rmse, rng, hits, plain = plugins.load("metrics", "rmse"), np.random.default_rng(3), 0, 0
    time = np.arange(1_200).astype("datetime64[us]")
    for _ in range(REPEATS):
        x = rng.normal(size=(1_200, 4))
        walk = np.cumsum(rng.normal(size=(1_200, 4)), axis=0) * 2 / np.sqrt(1_200)
        y = (x * (1 + walk)).sum(axis=1) + rng.normal(size=1_200)
        first, second = fitted(x[:560], y[:560]), fitted(x[:800], y[:800])
        stats = [
            np.square(x[cut] @ one - y[cut])[:, None] for cut, one in zip(CUTS, (first, second, second), strict=True)
        ]
        found = later(rmse, [Period(one, time=time[cut]) for one, cut in zip(stats[:2], CUTS, strict=False)])
        assert found is not None
        then = float(np.sqrt(stats[2].mean()))
        hits += found[1] <= then <= found[2]
        _, low, high = interval(rmse, stats[1], None, None)
        plain += low <= then <= high
    assert hits / REPEATS >= 0.85
    assert plain / REPEATS <= 0.5


def test_where_nothing_drifts_the_luck_of_the_later_rows_still_counts() -> None:
    predicted, plain = in_time(still, plugins.load("metrics", "rmse"))
    assert predicted >= 0.95
    assert plain <= 0.93


def test_new_groups_are_covered_where_an_interval_of_the_mean_is_not() -> None:
    mae, rng, hits, plain = plugins.load("metrics", "mae"), np.random.default_rng(6), 0, 0
    for _ in range(30):
        parts = []
        for count, first in ((30, 0), (8, 30), (8, 38)):
            group = np.repeat(np.arange(count) + first, rng.integers(1, 15, count))
            level = np.exp(rng.normal(size=count))
            parts.append((level[group - first] * rng.exponential(size=len(group)), group))
        known = [Period(stats[:, None], group=group) for stats, group in parts[:2]]
        found = later(mae, known)
        assert found is not None
        hits += found[1] <= parts[2][0].mean() <= found[2]
        _, low, high = interval(mae, known[0].stats, None, known[0].group)
        plain += low <= parts[2][0].mean() <= high
    assert hits / 30 >= 0.9
    assert plain / 30 <= 0.8


def test_a_share_stays_a_share() -> None:
    accuracy = plugins.load("metrics", "accuracy")
    time = np.arange(40).astype("datetime64[us]")
    right = np.ones((40, 1))
    right[3] = 0
    found = later(accuracy, [Period(right[:20], time=time[:20]), Period(right[20:], time=time[20:])])
    assert found is not None
    assert 0 <= found[1] <= found[0] <= found[2] <= 1


def test_weights_count() -> None:
    mae = plugins.load("metrics", "mae")
    stats, time = np.arange(60.0)[:, None], np.arange(60).astype("datetime64[us]")
    weight = np.where(np.arange(60) >= 40, 2.0, 1.0)
    weight[45:] = 0.5
    found = later(
        mae, [Period(stats[:30], weight[:30], time=time[:30]), Period(stats[30:], weight[30:], time=time[30:])]
    )
    assert found is not None
    assert found[0] == pytest.approx(np.average(stats[30:, 0], weights=weight[30:]))


def test_it_is_deterministic_and_says_nothing_where_nothing_can_be_told() -> None:
    mae = plugins.load("metrics", "mae")
    stats = np.random.default_rng(0).random((40, 1))
    group = np.arange(40) // 4
    assert later(mae, [Period(stats, group=group)], 3) == later(mae, [Period(stats, group=group)], 3)
    assert later(mae, [Period(stats)]) is None
    assert later(mae, []) is None
    assert later(mae, [Period(stats, group=group // 5)]) is None  # two groups
    two = (np.arange(40) // 20).astype("datetime64[us]")
    assert later(mae, [Period(stats, time=two)]) is None

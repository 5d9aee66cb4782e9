"""Cheap intervals against what they stand in for."""

import numpy as np
import pytest

from smeaton import plugins
from smeaton.metrics._intervals import paired
from smeaton.reporting.sections._jackknife import difference, mean
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import PREDICTION


def stats(name: str, said: np.ndarray, true: np.ndarray) -> np.ndarray:
    found: np.ndarray = plugins.load("metrics", name).rows({PREDICTION: said}, true, ())
    return found


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_a_difference_has_the_interval_that_the_bootstrap_gives(name: str) -> None:
    draw = np.random.default_rng(0)
    true = draw.normal(size=600)
    near, far = true + draw.normal(size=600), true + 2 * draw.normal(size=600)
    metric = plugins.load("metrics", name)
    after, before = stats(name, far, true).astype(float), stats(name, near, true).astype(float)
    found = difference(metric, after, before, Units(np.ones(600)))
    goal = paired(metric, after, before, None, None)
    assert found[0] == pytest.approx(goal[0])
    assert found[2] - found[1] == pytest.approx(goal[2] - goal[1], rel=0.2)


def test_rows_that_belong_together_make_the_interval_wider() -> None:
    draw = np.random.default_rng(1)
    group = np.repeat(np.arange(20), 50)
    values = draw.normal(size=20)[group] + 0.1 * draw.normal(size=1000)
    plain, joined = mean(values, Units(np.ones(1000))), mean(values, Units(np.ones(1000), (group,)))
    assert plain[0] == joined[0]
    assert joined[2] - joined[1] > 4 * (plain[2] - plain[1])


def test_a_mean_has_the_usual_interval_and_a_wider_one_for_a_higher_level() -> None:
    values = np.random.default_rng(2).normal(size=400)
    value, low, high = mean(values, Units(np.ones(400)))
    assert value == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.966 * values.std(ddof=1) / 20, rel=0.01)
    sure = mean(values, Units(np.ones(400)), level=0.999)
    assert sure[2] - sure[1] > 1.5 * (high - low)


def test_one_cluster_tells_nothing_of_how_they_differ() -> None:
    units = Units(np.ones(3), (np.zeros(3, dtype=np.int64),))
    assert mean(np.array([1.0, 2.0, 6.0]), units) == (3.0, -2.0, 8.0)
    metric = plugins.load("metrics", "mae")
    assert difference(metric, np.ones((3, 1)), np.zeros((3, 1)), units)[1] == -np.inf

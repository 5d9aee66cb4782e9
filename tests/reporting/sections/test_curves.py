"""Thresholds: counts, areas and what is drawn of a curve."""

from itertools import pairwise

import numpy as np
import pytest

from smeaton.reporting.sections._curves import MOST_POINTS, area, average_precision, drawn, sweep, thinned
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import Array


def some(rows: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """Probabilities with ties, what is true, weights."""
    draw = np.random.default_rng(seed)
    truth = draw.random(rows) < 0.3
    chance = np.round(np.clip(0.25 * truth + 0.7 * draw.random(rows), 0, 1), 2)
    return chance, truth, draw.integers(1, 4, rows).astype(np.float64)


def by_pairs(chance: Array, truth: Array, weight: Array) -> float:
    one, other = chance[truth][:, None], chance[~truth][None, :]
    mass = weight[truth][:, None] * weight[~truth][None, :]
    return float((((one > other) + 0.5 * (one == other)) * mass).sum() / mass.sum())


def test_the_area_is_the_chance_that_a_pair_is_in_order() -> None:
    chance, truth, weight = some(200)
    found = sweep(chance, truth, weight)
    assert found is not None
    value, low, high = area(found, truth, Units(weight))
    assert value == pytest.approx(by_pairs(chance, truth, weight))
    assert low < value < high


def test_average_precision_is_the_sum_of_its_steps() -> None:
    chance, truth, weight = some(200)
    found = sweep(chance, truth, weight)
    assert found is not None
    expected, before = 0.0, 0.0
    for threshold in np.unique(chance)[::-1]:
        said = chance >= threshold
        recall = weight[said & truth].sum() / weight[truth].sum()
        expected += (recall - before) * weight[said & truth].sum() / weight[said].sum()
        before = recall
    assert average_precision(found, truth, Units(weight))[0] == pytest.approx(expected)


@pytest.mark.parametrize("one", [area, average_precision])
def test_intervals_are_as_wide_as_values_spread(one: object) -> None:
    values, widths = [], []
    for seed in range(150):
        chance, truth, _ = some(150, seed)
        found = sweep(chance, truth, np.ones(150))
        assert found is not None
        value, low, high = one(found, truth, Units(np.ones(150)))  # type: ignore[operator]
        values.append(value)
        widths.append(high - low)
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(values), rel=0.2)


def test_rows_twice_are_no_news_if_they_belong_together() -> None:
    chance, truth, _ = some(120)
    once, twice = (
        sweep(chance, truth, np.ones(120)),
        sweep(*(np.repeat(one, 2) for one in (chance, truth, np.ones(120)))),
    )
    assert once is not None
    assert twice is not None
    pair = Units(np.ones(240), (np.repeat(np.arange(120), 2),))
    for one in (area, average_precision):
        expected = one(once, truth, Units(np.ones(120)))
        assert one(twice, np.repeat(truth, 2), pair) == pytest.approx(expected, abs=0.01)


def test_perfect_order_still_has_an_interval() -> None:
    truth = np.arange(40) >= 30
    found = sweep(np.arange(40) / 40, truth, np.ones(40))
    assert found is not None
    for one in (area, average_precision):
        value, low, high = one(found, truth, Units(np.ones(40)))
        assert (value, high) == (1.0, 1.0)
        assert 0.6 < low < 0.9


def test_a_threshold_counts_the_rows_that_reach_it() -> None:
    found = sweep(np.array([0.1, 0.5, 0.5, 0.9]), np.array([0, 1, 0, 1]), np.ones(4))
    assert found is not None
    assert found.at(0.5) == (2.0, 3.0)
    assert found.at(0.51) == (1.0, 1.0)
    assert found.at(0.95) == (0.0, 0.0)
    assert found.at(0.0) == (2.0, 4.0)


@pytest.mark.parametrize("truth", [np.zeros(5), np.ones(5)])
def test_rows_of_one_side_have_no_curve(truth: Array) -> None:
    assert sweep(np.linspace(0, 1, 5), truth, np.ones(5)) is None


def test_a_thinned_line_keeps_its_shape() -> None:
    draw = np.random.default_rng(3)
    chance = draw.random(20_000)
    found = sweep(chance, draw.random(20_000) < chance**2, np.ones(20_000))
    assert found is not None
    kept = thinned(found.alarm, found.recall)
    assert len(kept) <= MOST_POINTS
    assert (kept[0], kept[-1]) == (0, len(found.recall) - 1)
    for first, last in pairwise(kept.tolist()):
        along = np.array([found.alarm[last] - found.alarm[first], found.recall[last] - found.recall[first]])
        between = np.stack([found.alarm, found.recall], axis=1)[first : last + 1] - [
            found.alarm[first],
            found.recall[first],
        ]
        off = np.abs(along[0] * between[:, 1] - along[1] * between[:, 0]) / np.hypot(*along)
        assert off.max() < 0.005


def test_a_straight_line_needs_its_ends_alone() -> None:
    assert thinned(np.linspace(0, 1, 500), np.linspace(0, 1, 500)).tolist() == [0, 499]
    assert drawn(np.array([0.5]), np.array([1 / 3])) == ([0.5], [0.333333])

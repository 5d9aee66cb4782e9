"""How far probabilities are what they say, and what chance makes of that."""

import numpy as np
import pytest

from smeaton.reporting.sections._calibration import MOST_BINS, Calibration, calibration
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import Array


def found(chance: Array, truth: Array, weight: Array | None = None) -> Calibration:
    result = calibration(chance, truth, Units(np.ones(len(chance)) if weight is None else weight))
    assert result is not None
    return result


def test_perfect_probabilities_hold_about_95_times_in_100() -> None:
    held, errors, expected = [], [], []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        chance = draw.random(300)
        one = found(chance, draw.random(300) < chance)
        held.append(one.holds)
        errors.append(one.error)
        expected.append(one.chance)
    assert np.mean(held) >= 0.85
    assert np.mean(errors) == pytest.approx(np.mean(expected), rel=0.1)


def test_probabilities_that_are_too_sure_do_not_hold() -> None:
    draw = np.random.default_rng(0)
    chance = draw.random(3_000)
    one = found(np.clip(1.8 * (chance - 0.5) + 0.5, 0.001, 0.999), draw.random(3_000) < chance)
    assert not one.holds
    assert one.off.sum() >= 4
    assert one.error == pytest.approx(0.15, abs=0.05)


def test_the_error_is_the_mean_distance_by_weight() -> None:
    chance = np.repeat([0.2, 0.6], 100)
    truth, weight = np.tile([True, False], 100), np.repeat([1.0, 3.0], 100)
    one = found(chance, truth, weight)
    assert one.rows.tolist() == [100, 100]
    assert one.error == pytest.approx((100 * 0.3 + 300 * 0.1) / 400)


def test_equal_probabilities_stay_together() -> None:
    chance = np.concatenate([np.full(900, 0.1), np.linspace(0.2, 0.9, 100)])
    one = found(chance, np.arange(1_000) % 7 == 0)
    assert one.rows[0] == 900
    assert 2 <= len(one.rows) <= MOST_BINS + 1
    assert one.rows.sum() == 1_000


def test_a_few_rows_and_rows_without_weight() -> None:
    assert found(np.array([0.3, 0.7]), np.array([False, True])).rows.sum() == 2
    assert calibration(np.array([0.3]), np.array([True]), Units(np.zeros(1))) is None
    assert found(np.array([0.3, 0.9]), np.array([True, False]), np.array([1.0, 0.0])).rows.tolist() == [1]


def test_what_chance_does_falls_with_the_rows_beyond_those_drawn() -> None:
    draw = np.random.default_rng(5)
    limits = []
    for rows in (20_000, 80_000):
        chance = draw.random(rows)
        limits.append(found(chance, draw.random(rows) < chance).chance)
    assert limits[1] == pytest.approx(limits[0] / 2, rel=0.15)

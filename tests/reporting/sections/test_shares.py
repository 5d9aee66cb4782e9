"""Intervals of shares: Wilson's where rows stand for themselves, wider where they do not."""

from pathlib import Path

import numpy as np
import pytest
from tests.reporting.sections.answered import answered

from smeaton.reporting.sections._shares import Units, percent, shares, units_of
from smeaton.task.table import PREDICTION
from smeaton.task.types import Type
from smeaton.trials.outside import TWO_SIDED, wilson


def alone(rows: int) -> Units:
    return Units(np.ones(rows))


def test_of_plain_rows_it_is_wilsons_interval() -> None:
    hits = np.arange(40) < 13
    found = shares(hits, np.ones(40), alone(40))[0]
    assert found.tolist() == pytest.approx([13 / 40, *wilson(13 / 40, 40, TWO_SIDED)])


def test_rows_that_belong_together_count_as_one() -> None:
    hits = np.arange(30) % 3 == 0
    once = shares(hits, np.ones(30), alone(30))[0]
    ten = shares(np.repeat(hits, 10), np.ones(300), Units(np.ones(300), (np.repeat(np.arange(30), 10),)))[0]
    loose = shares(np.repeat(hits, 10), np.ones(300), alone(300))[0]
    assert ten[0] == pytest.approx(once[0])
    width = [one[2] - one[1] for one in (once, ten, loose)]
    assert width[2] < 0.4 * width[0] < width[1]  # with few clusters Student's quantile makes it a little wider
    assert width[1] < 1.1 * width[0]


def test_heavy_rows_make_it_wider_and_move_it() -> None:
    hits, weight = np.arange(100) < 50, np.where(np.arange(100) < 5, 50.0, 1.0)
    found = shares(hits, np.ones(100), Units(weight))[0]
    assert found[0] == pytest.approx((5 * 50 + 45) / weight.sum())
    low, high = wilson(float(found[0]), 100, TWO_SIDED)
    assert found[2] - found[1] > 1.2 * (high - low)


@pytest.mark.parametrize("hit", [False, True])
def test_all_or_none_still_has_an_interval(hit: bool) -> None:
    found = shares(np.full(20, hit), np.ones(20), alone(20))[0]
    assert found.tolist() == pytest.approx([float(hit), *wilson(float(hit), 20, TWO_SIDED)])


def test_nothing_to_divide_by_is_not_known() -> None:
    assert np.isnan(shares(np.zeros(4), np.zeros(4), alone(4))).all()


def test_one_cluster_says_next_to_nothing() -> None:
    found = shares(np.arange(50) < 25, np.ones(50), Units(np.ones(50), (np.zeros(50, dtype=np.int64),)))[0]
    assert found[1] < 0.1
    assert found[2] > 0.9


def test_f1_is_a_ratio_like_any_other() -> None:
    draw = np.random.default_rng(1)
    held = []
    for _ in range(300):
        true, said = draw.random(200) < 0.3, draw.random(200)
        named = np.where(true, said < 0.7, said < 0.2)  # F1 = 2 * .21 / (.3 + .35)
        found = shares(2.0 * (true & named), true * 1.0 + named, alone(200))[0]
        held.append(found[1] <= 0.42 / 0.65 <= found[2])
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_share_that_is_not_all_is_never_written_as_all() -> None:
    assert percent(1.0) == "100.0 %"
    assert percent(0.99999) == "over 99.9 %"
    assert percent(0.1234) == "12.3 %"


def test_rows_of_a_group_and_neighbours_in_time_belong_together(tmp_path: Path) -> None:
    time = np.datetime64("2026-01-01", "us") + np.arange(100) * np.timedelta64(1, "D")
    said = {PREDICTION: np.zeros(100)}
    build = answered(tmp_path, Type(type="number"), np.zeros(100), said, group=np.arange(100) % 7, time=time)
    group, runs = units_of(build.dataset, np.arange(100)).clusters
    assert len(np.unique(group)) == 7
    assert np.bincount(runs).tolist() == [10] * 10
    assert (np.diff(runs) >= 0).all()

"""Intervals: deterministic, fast, clustered, and right as often as they say."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from smeaton import plugins
from smeaton.metrics import Metric
from smeaton.metrics._custom import custom
from smeaton.metrics._intervals import interval, paired
from smeaton.task.table import Array, Table, object_column

REPEATS = 1000
ROWS = 200


def test_a_perfect_share_still_has_a_low_end() -> None:
    accuracy = plugins.load("metrics", "accuracy")
    value, low, high = interval(accuracy, np.ones((50, 1), dtype=bool), None, None)
    assert (value, high) == (1.0, 1.0)
    assert low == pytest.approx(0.025 ** (1 / 50))  # the exact interval of Clopper and Pearson
    assert interval(accuracy, np.zeros((50, 1), dtype=bool), None, None)[2] == pytest.approx(1 - 0.025 ** (1 / 50))


def test_groups_widen_the_interval() -> None:
    mae = plugins.load("metrics", "mae")
    stats = np.repeat(np.random.default_rng(0).random(60), 10)[:, None]
    alone, together = interval(mae, stats, None, None), interval(mae, stats, None, np.repeat(np.arange(60), 10))
    assert together[2] - together[1] > 2.5 * (alone[2] - alone[1])


def test_one_group_gives_the_width_of_single_rows() -> None:
    mae = plugins.load("metrics", "mae")
    stats = np.arange(5.0)[:, None]
    assert interval(mae, stats, None, np.zeros(5, dtype=np.int64)) == (2.0, 0.0, 4.0)


def test_blocks_of_many_rows_keep_the_width() -> None:
    mae = plugins.load("metrics", "mae")
    stats = np.random.default_rng(1).exponential(size=(50_000, 1))
    _, low, high = interval(mae, stats, None, None)
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(50_000), rel=0.1)


def _lasting(rng: np.random.Generator, rows: int) -> Array:
    """Rows that remember: each is four fifths of the one before."""
    found = np.zeros(rows + 50)
    for place in range(1, rows + 50):
        found[place] = 0.8 * found[place - 1] + 0.6 * rng.normal()
    return found[50:, None]


def test_rows_in_time_order_are_drawn_in_runs() -> None:
    mae, rng, hits, plain = plugins.load("metrics", "mae"), np.random.default_rng(4), 0, 0
    for _ in range(60):
        stats, time = _lasting(rng, 300), np.arange(300).astype("datetime64[us]")
        order = rng.permutation(300)  # the order of rows means nothing, that of moments all
        _, low, high = interval(mae, stats[order], None, None, 0, time[order])
        hits += low <= 0 <= high
        _, low, high = interval(mae, stats, None, None)
        plain += low <= 0 <= high
    assert hits / 60 >= 0.85
    assert plain / 60 <= 0.65


def test_runs_cost_little_where_rows_forget() -> None:
    mae = plugins.load("metrics", "mae")
    stats = np.random.default_rng(2).random((2_000, 1))
    alone, runs = interval(mae, stats, None, None), interval(mae, stats, None, None, 0, np.arange(2_000))
    assert runs[0] == pytest.approx(alone[0])
    assert (runs[2] - runs[1]) / (alone[2] - alone[1]) == pytest.approx(1.0, abs=0.3)


def test_time_and_groups_give_the_wider_ends() -> None:
    mae, time = plugins.load("metrics", "mae"), np.arange(600)
    stats = np.repeat(np.random.default_rng(0).random(60), 10)[:, None]
    groups = np.repeat(np.arange(60), 10)
    both = interval(mae, stats, None, groups, 0, time)
    apart = [interval(mae, stats, None, groups), interval(mae, stats, None, None, 0, time)]
    assert both[1:] == (min(one[1] for one in apart), max(one[2] for one in apart))


def test_many_moments_and_few() -> None:
    mae = plugins.load("metrics", "mae")
    stats = np.random.default_rng(1).exponential(size=(20_000, 1))
    _, low, high = interval(mae, stats, None, None, 0, np.arange(20_000))
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(20_000), rel=0.3)
    assert interval(mae, np.arange(5.0)[:, None], None, None, 0, np.zeros(5)) == (2.0, 0.0, 4.0)


def test_nothing_to_judge_is_an_error() -> None:
    mae = plugins.load("metrics", "mae")
    with pytest.raises(ValueError, match="no rows"):
        interval(mae, np.zeros((0, 1)), None, None)
    with pytest.raises(ValueError, match="weights"):
        interval(mae, np.zeros((3, 1)), np.zeros(3), None)


@pytest.mark.slow
def test_200_000_rows_take_a_moment() -> None:
    macro_f1 = plugins.load("metrics", "macro_f1")
    stats = np.random.default_rng(1).random((200_000, 9), dtype=np.float32)  # of three labels
    times = []
    for _ in range(3):
        start = time.process_time()  # not the wall clock: others use this machine too
        paired(macro_f1, stats, stats[::-1], None, None)
        times.append(time.process_time() - start)
    assert min(times) < 0.3


# --- coverage: a fresh sample REPEATS times, its interval against the value of the whole population ---


Sample = Callable[[np.random.Generator, int], tuple[Table, Array]]


def _chances(generator: np.random.Generator, rows: int) -> tuple[Table, Array]:
    signal = generator.normal(size=rows)
    target = (generator.random(rows) < 1 / (1 + np.exp(-1.5 * signal))).astype(np.int64)
    chance = 1 / (1 + np.exp(-2.2 * signal))  # overconfident: skewed losses
    return {
        "probability": np.stack([1 - chance, chance], 1),
        "prediction": object_column((0, 1))[(chance > 0.5) * 1],
    }, target


def _numbers(generator: np.random.Generator, rows: int) -> tuple[Table, Array]:
    target = generator.normal(size=rows)
    return {"prediction": target + generator.normal(size=rows) * 0.8}, target


def _covered(metric: Metric, sample: Sample, labels: tuple[int, ...]) -> float:
    generator = np.random.default_rng(11)
    truth = float(metric.value(metric.rows(*sample(generator, 1_000_000), labels).mean(axis=0, dtype=np.float64)))
    hits = 0
    for _ in range(REPEATS):
        _, low, high = interval(metric, metric.rows(*sample(generator, ROWS), labels), None, None)
        hits += low <= truth <= high
    return hits / REPEATS


@pytest.mark.slow
@pytest.mark.parametrize("name", ["log_loss", "accuracy", "roc_auc", "macro_f1", "f1", "brier", "precision"])
def test_coverage_of_classes(name: str) -> None:
    assert 0.93 <= _covered(plugins.load("metrics", name), _chances, (0, 1)) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rmse", "mae", "r2", "wape"])
def test_coverage_of_numbers(name: str) -> None:
    assert 0.93 <= _covered(plugins.load("metrics", name), _numbers, ()) <= 0.97


@pytest.mark.slow
def test_coverage_of_a_users_whole_table_function() -> None:
    def error(answers: Table, target: Array) -> float:
        return float(np.sqrt(np.square(answers["prediction"] - target).mean()))

    error.better = "lower"  # type: ignore[attr-defined]
    metric = custom(error, "mine.py:error")
    generator = np.random.default_rng(12)
    bounds = [interval(metric, metric.rows(*_numbers(generator, ROWS), ()), None, None) for _ in range(REPEATS)]
    assert 0.92 <= np.mean([low <= 0.8 <= high for _, low, high in bounds]) <= 0.97


@pytest.mark.slow
def test_coverage_with_groups() -> None:
    mae, generator, hits = plugins.load("metrics", "mae"), np.random.default_rng(13), 0
    for _ in range(REPEATS):
        groups = np.repeat(np.arange(50), generator.integers(1, 8, 50))
        shared = generator.normal(size=50)[groups]
        stats = np.square(shared + generator.normal(size=len(groups)))[:, None]
        _, low, high = interval(mae, stats, None, groups)
        hits += low <= 2.0 <= high
    assert 0.92 <= hits / REPEATS <= 0.97


@pytest.mark.slow
def test_coverage_of_paired_differences() -> None:
    rmse, generator, hits = plugins.load("metrics", "rmse"), np.random.default_rng(14), 0
    for _ in range(REPEATS):
        target, common = generator.normal(size=(2, ROWS))
        left, right = common + 0.3 * generator.normal(size=(2, ROWS))
        a, b = ({"prediction": target + off} for off in (left, right))
        _, low, high = paired(rmse, rmse.rows(a, target, ()), rmse.rows(b, target, ()), None, None)
        hits += low <= 0.0 <= high
    assert 0.93 <= hits / REPEATS <= 0.97

import time
from typing import Any

import numpy as np
import pytest
from tests.data._make import classes, numbers, with_table

from smeaton.data.profile import profile
from smeaton.task.profile import TargetProfile
from smeaton.task.table import object_column
from smeaton.task.types import Type

ROWS = 100


def test_columns() -> None:
    moments = np.datetime64("1970-01-02", "us") + np.arange(ROWS) * np.timedelta64(1, "s")
    moments[-1] = np.datetime64("NaT")
    table = {
        "n": np.where(np.arange(ROWS) % 10 == 0, np.nan, np.arange(ROWS) % 5),
        "t": moments,
        "c": object_column(["a"] * 50 + ["b"] * 40 + ["rare"] * 4 + [None] * 6),
        "f": object_column([True, False] * 50),
        "k": object_column([3, 4] * 50),
        "body": object_column(["four", None] * 50),
        "v": np.zeros((ROWS, 2), dtype=np.float32),
        "none": np.full(ROWS, np.nan),
    }
    kinds = {"n": "number", "t": "timestamp", "c": "category", "f": "boolean", "k": "category", "body": "text",
             "v": "vector", "none": "number"}  # fmt: skip
    types = {name: Type(type=kind) for name, kind in kinds.items()}  # type: ignore[arg-type]
    found = profile(with_table(classes(np.arange(ROWS) % 4), table, types), np.arange(ROWS))
    n, t = found["n"], found["t"]
    assert (n.missing, n.distinct, n.quantiles[0], n.quantiles[-1]) == (10, 5, 0.0, 4.0)
    held = table["n"][~np.isnan(table["n"])]
    assert n.mean == pytest.approx(held.mean())
    assert n.sd == pytest.approx(held.std())
    assert (t.missing, t.quantiles[0], t.quantiles[-1]) == (1, 86400.0, 86400.0 + ROWS - 2)
    assert (found["c"].values, found["c"].rare, found["c"].missing, found["c"].distinct) == (
        (("a", 50), ("b", 40)), 4, 6, 3)  # fmt: skip
    assert found["f"].values == (("false", 50), ("true", 50))
    assert found["k"].values == (("3", 50), ("4", 50))
    assert (found["body"].missing, found["body"].mean_length, found["body"].distinct) == (50, 4.0, 1)
    assert found["body"].values == ()
    assert found["none"].missing == ROWS
    assert found.shares == (0.25, 0.25, 0.25, 0.25)


def test_only_training_rows_are_seen() -> None:
    dataset = numbers(np.arange(50.0))
    found = profile(dataset, np.arange(10))
    assert found.rows == 10
    assert found.target_quantiles[-1] == 9
    assert found["x"].quantiles[-1] == dataset.table["x"][:10].max()
    assert found.shares == ()


def target_of(values: Any) -> TargetProfile:
    found = profile(numbers(np.asarray(values, dtype=float)), np.arange(len(values))).target
    assert found is not None
    return found


def test_the_shape_of_a_target() -> None:
    rng = np.random.default_rng(0)
    counts = target_of(rng.poisson(3.0, 4_000))
    assert counts.count
    assert counts.low == 0
    assert counts.dispersion == pytest.approx(1.0, abs=0.1)
    assert counts.zeros == pytest.approx(np.exp(-3), abs=0.02)
    assert not counts.skewed
    prices = target_of(np.exp(rng.normal(5, 1, 4_000)))
    assert prices.skewed
    assert not prices.count
    assert abs(prices.log_skew or 9) < 0.3
    rounded = target_of(np.round(np.exp(rng.normal(11, 0.5, 2_000)), -2))
    assert not rounded.count
    normal = target_of(rng.normal(0, 1, 4_000))
    assert not normal.skewed
    assert not normal.count
    assert normal.log_skew is None
    assert abs(normal.skew) < 0.2


def test_the_shape_of_large_and_of_constant_numbers_is_finite() -> None:
    assert np.isfinite(target_of([1e200, -1e200, 5e199] * 10).skew)
    assert target_of([0.0, 1.0] * 10).count is False
    assert profile(classes(np.arange(40) % 2), np.arange(40)).target is None


@pytest.mark.parametrize(("rows", "width"), [(200_000, 10), (5_000, 500)])
def test_is_fast(rows: int, width: int) -> None:
    rng = np.random.default_rng(0)
    table = {f"c{i}": rng.normal(size=rows) if i % 2 else object_column(rng.choice(["a", "b"], rows).tolist())
             for i in range(width)}  # fmt: skip
    types = {name: Type(type="number" if column.dtype != object else "category") for name, column in table.items()}
    dataset = with_table(numbers(np.arange(float(rows))), table, types)
    start = time.process_time()
    profile(dataset, np.arange(rows))
    assert time.process_time() - start < 3

"""Drift: what was planted is named with its size; parts dealt at random differ in nothing."""

from typing import Any

import numpy as np
import pytest
from tests.data._make import DAY, classes, with_table

from smeaton.data.dataset import Dataset
from smeaton.data.split import make_folds, split_test
from smeaton.quality._bins import binned
from smeaton.quality.conflicts import conflicts
from smeaton.quality.drift import bins_of, discoveries, shifts
from smeaton.quality.parts import drifts, split_of, units_of
from smeaton.quality.two_samples import told_apart
from smeaton.task.table import object_column
from smeaton.task.types import Type


def columns(rows: int, rng: np.random.Generator) -> dict[str, Any]:
    found: dict[str, Any] = {f"x{place}": rng.normal(size=rows) for place in range(6)}
    found["gaps"] = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))
    found["town"] = object_column(rng.choice([f"t{place}" for place in range(30)], rows).tolist())
    return found


def test_planted_shifts_are_named_with_their_size() -> None:
    rng = np.random.default_rng(0)
    table = columns(3_000, rng)
    second = np.arange(3_000) >= 2_000
    table["x2"][second] += 0.7
    table["gaps"][second & (rng.random(3_000) < 0.2)] = np.nan
    table["town"][second & (rng.random(3_000) < 0.05)] = "new town"
    found, tested, _ = shifts(bins_of(table, np.arange(3_000)), second, None)
    assert {(one.column, one.what) for one in found} >= {("x2", "values"), ("gaps", "missing"), ("town", "unseen")}
    assert {one.column for one in found} == {"x2", "gaps", "town"}
    by = {(one.column, one.what): one for one in found}
    assert by["x2", "values"].distance == pytest.approx(0.27, abs=0.06)  # of two normals 0.7 apart
    assert by["x2", "values"].psi > 0.25
    assert by["gaps", "missing"].second == pytest.approx(0.28, abs=0.05)
    assert by["town", "unseen"].second == pytest.approx(0.05, abs=0.03)
    assert tested >= 9


def test_parts_dealt_at_random_differ_in_nothing() -> None:
    false = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        table = columns(600, rng)
        second = rng.permutation(600) < 200
        false += len(shifts(bins_of(table, np.arange(600)), second, None, seed)[0]) > 0
    assert false <= 3  # 5 % of 20 are expected at most


def test_what_belongs_together_is_dealt_together() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), 50)
    table = {"x": rng.normal(size=40)[group] + 0.1 * rng.normal(size=2_000)}
    second = group >= 30
    alone = shifts(bins_of(table, np.arange(2_000)), second, None)[0]
    together = shifts(bins_of(table, np.arange(2_000)), second, group)[0]
    assert alone
    assert not together


def test_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]
    assert discoveries(p).tolist() == [True, True, *[False] * 6]
    assert discoveries([]).tolist() == []
    assert discoveries([0.04, 0.04]).tolist() == [True, True]


def test_a_classifier_finds_what_no_column_shows() -> None:
    rng = np.random.default_rng(0)
    rows = 3_000
    x, z = rng.normal(size=rows), rng.normal(size=rows)
    second = np.arange(rows) >= 1_500
    y = np.where(second, np.sign(x), -np.sign(x)) * np.abs(z)  # each column has the same distribution in both
    parts = np.flatnonzero(~second), np.flatnonzero(second)
    told = told_apart({"x": x, "y": y, "noise": rng.normal(size=rows)}, *parts, None)
    assert told is not None
    assert told.auc > 0.9
    assert set(told.columns) == {"x", "y"}
    assert told.p < 1e-6
    texts = object_column([f"text {rng.random()}" for _ in range(rows)])
    same = told_apart({"x": x, "z": z, "texts": texts}, *parts, None)
    assert same is not None
    assert same.low < 0.52
    assert told_apart({"x": x}, parts[0][:5], parts[1], None) is None


def test_a_classifier_is_not_sure_of_the_groups_it_saw() -> None:
    sure = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(30), 40)
        table = {"x": rng.normal(size=30)[group], "y": rng.normal(size=30)[group]}
        rows = np.arange(len(group))
        told = told_apart(table, rows[group < 20], rows[group >= 20], group, seed)
        sure += told is not None and told.p < 0.01
    assert sure <= 1


def timed(drift: bool) -> Dataset:
    rng = np.random.default_rng(1)
    rows = 1_200
    table = {f"x{place}": rng.normal(size=rows) for place in range(4)}
    if drift:
        table["x1"] = table["x1"] + np.linspace(0, 3, rows)
    moments = DAY + np.arange(rows) * np.timedelta64(1, "h")
    made = classes(rng.integers(0, 2, rows), time=moments)
    return with_table(made, table, {name: Type(type="number") for name in table})


@pytest.mark.parametrize("drift", [True, False])
def test_parts_of_a_build_by_time(drift: bool) -> None:
    dataset = timed(drift)
    train, test = split_test(dataset, 0)
    folds = make_folds(dataset, train, 3, 0)
    mine, tested = split_of(dataset, folds)
    assert (len(mine), len(tested)) == (len(train), len(test))
    found = drifts(dataset, folds)
    assert [one.second for one in found] == ["the sealed test", "the last third"]
    assert [[shift.column for shift in one.shifts] for one in found] == ([["x1"], ["x1"]] if drift else [[], []])
    assert units_of(dataset) is not None


def test_folds_dealt_at_random_do_not_differ() -> None:
    rng = np.random.default_rng(2)
    table = columns(900, rng)
    kinds = {"f": "number", "O": "category"}
    types = {name: Type(type=kinds[column.dtype.kind]) for name, column in table.items()}  # type: ignore[arg-type]
    dataset = with_table(classes(rng.integers(0, 2, 900)), table, types)
    train, test = split_test(dataset, 0)
    folds = make_folds(dataset, train, 5, 0)
    assert split_of(dataset, folds)[1].tolist() == test.tolist()
    found = drifts(dataset, folds)
    assert [one.second for one in found] == ["the sealed test", "one of the 5 folds"]
    assert found[1].shifts == ()
    assert found[1].tested > 40


def test_bins() -> None:
    numbers = binned("x", np.array([1.0, 2, 3, np.nan] * 50))
    assert numbers.ordered
    assert set(numbers.codes.tolist()) == {-1, 0, 1, 2}
    words = binned("c", object_column(["a", "b", None, "a"] * 50))
    assert words.values is not None
    assert words.count == 2
    texts = binned("t", object_column([f"{'long ' * (row % 7)}{row}" for row in range(100)]))
    assert texts.ordered
    assert binned("v", np.ones((10, 3))).count == 1
    assert binned("n", np.full(5, np.nan)).count == 0


def test_same_inputs_with_other_targets() -> None:
    table = {"a": np.array([1.0, 1, 2, 2, 2, 3]), "b": object_column(["x", "x", "y", "y", "y", "z"])}
    types = {"a": Type(type="number"), "b": Type(type="category")}
    dataset = with_table(classes([0, 1, 1, 1, 0, 0]), table, types)
    found = conflicts(dataset, np.arange(6))
    assert found.groups == ((2, 3, 4), (0, 1))
    assert (found.rows, found.right, found.of) == (5, 4, 6)
    assert conflicts(dataset, np.arange(5)[:0]).rows == 0

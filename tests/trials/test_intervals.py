"""Intervals of a trial: no row is judged by what was learnt from it, nor from its future."""

from dataclasses import replace

import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex
from smeaton.runtime.ops.interval import ends
from smeaton.task.table import Array, object_column, take
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.trials.bands import Bounds
from smeaton.trials.intervals import (
    Intervals,
    bounds_of,
    interval_words,
    judged,
    learn,
    numbers,
)
from smeaton.trials.lessons import NO_JUDGE

ROWS = 400


def dataset(**more: Array) -> Dataset:
    rng = np.random.default_rng(0)
    task = Task(data=Data(), inputs={"x": Type(type="number")}, output={"y": Type(type="number")})
    return Dataset(task, {"x": rng.random(ROWS)}, rng.normal(0, 1, ROWS), **more)


def folds(count: int) -> list[FoldIndex]:
    rows = np.arange(ROWS)
    none = rows[:0]
    if count == 1:
        return [FoldIndex(rows[:200], none, rows[200:])]
    return [FoldIndex(rows[rows % count != k], none, rows[rows % count == k]) for k in range(count)]


def answers(data: Dataset, index: list[FoldIndex]) -> list[dict[str, Array]]:
    return [{"prediction": np.zeros(len(fold.held))} for fold in index]


def learnt(data: Dataset, index: list[FoldIndex]) -> Intervals:
    found = learn(data, index, answers(data, index))
    assert found is not None
    return found


def moved(data: Dataset, rows: Array) -> Dataset:
    target = data.target.copy()
    target[rows] += 1_000
    return replace(data, target=target)


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_row_is_judged_without_itself_and_its_group(count: int, grouped: bool) -> None:
    group = np.arange(ROWS) // 4 if grouped else None
    data = dataset(group=group) if grouped else dataset()
    index = folds(count)
    if grouped and count > 1:  # as `make_folds` deals them: a group is in one fold
        code = np.arange(ROWS) // 4 % count
        index = [FoldIndex(np.flatnonzero(code != k), np.arange(0), np.flatnonzero(code == k)) for k in range(count)]
    rows = np.concatenate([fold.held for fold in index])
    before = judged(learnt(data, index), [[table] for table in answers(data, index)])
    one = int(rows[37])
    own = np.array([one]) if group is None else np.flatnonzero(group == group[one])
    after = judged(learnt(moved(data, own), index), [[table] for table in answers(data, index)])
    low, changed = (np.concatenate([tables[0]["low"] for tables in found]) for found in (before, after))
    assert np.isfinite(low).all()
    mine = np.isin(rows, own)
    np.testing.assert_array_equal(low[mine], changed[mine])


def test_the_future_judges_nothing_and_the_oldest_are_judged_by_nobody() -> None:
    time = np.datetime64("2024-01-01", "us") + np.arange(ROWS) * np.timedelta64(1, "h")
    data, index = dataset(time=time), folds(4)
    rows = np.concatenate([fold.held for fold in index])
    found = learnt(data, index)
    table = judged(found, [[one] for one in answers(data, index)])
    low = np.concatenate([tables[0]["low"] for tables in table])
    assert np.isnan(low[rows < 40]).all()
    assert np.isfinite(low[rows >= 40]).all()
    late = judged(learnt(moved(data, np.arange(200, ROWS)), index), [[one] for one in answers(data, index)])
    changed = np.concatenate([tables[0]["low"] for tables in late])
    np.testing.assert_array_equal(low[rows < 200], changed[rows < 200])
    # What ships comes from the newest half.
    old = learnt(moved(data, np.arange(0, 200)), index)
    assert old.ships == found.ships
    assert any("not exchangeable" in said for said in interval_words(found))


def test_what_failed_teaches_nothing_and_has_no_interval() -> None:
    data, index = dataset(), folds(2)
    given = answers(data, index)
    given[0]["error"] = object_column(["late", *[None] * 199])
    found = learn(data, index, given)
    assert found is not None
    table = judged(found, [[one] for one in given])[0][0]
    assert np.isnan(table["low"][0])
    assert np.isfinite(table["low"][1:]).all()
    assert found.units == ROWS - 1
    assert numbers({"prediction": object_column([1, "x", None, 2.5])}).tolist()[::3] == [1.0, 2.5]


def test_none_where_none_are_wanted_or_nothing_is_known() -> None:
    data, index = dataset(), folds(2)
    without = replace(data, task=data.task.with_(output={"y": Type(type="number", interval=0.0)}))
    assert learn(without, index, answers(data, index)) is None
    nothing = [{"prediction": np.full(len(fold.held), np.nan)} for fold in index]
    assert learn(data, index, nothing) is None


def test_bounds_follow_from_type_and_targets() -> None:
    whole = Task(data=Data(), output={"y": Type(type="integer", max=10)})
    assert bounds_of(whole, np.array([0.0, 3.0])) == Bounds(0.0, 10, True)
    assert bounds_of(whole, np.array([-1.0, 3.0])) == Bounds(None, 10, True)
    stated = Task(data=Data(), output={"y": Type(type="number", min=-5)})
    assert bounds_of(stated, np.array([1.0])) == Bounds(-5, None, False)


def test_few_rows_are_said() -> None:
    data = dataset()
    few = replace(data, table=take(data.table, np.arange(6)), target=data.target[:6])
    index = [FoldIndex(np.arange(0), np.arange(0), np.arange(6))]
    found = learn(few, index, [{"prediction": np.zeros(6)}])
    assert found is not None
    assert "6 rows are too few" in interval_words(found)[0]
    low, high = ends(found.ships, np.zeros(1))
    assert high[0] == -low[0] == np.abs(few.target).max()
    assert NO_JUDGE not in found.judged_by

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data._make import DAY, classes, numbers

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex, fold, make_folds, open_folds, save_folds, split_test, stop_share
from smeaton.errors import DataError, TaskError
from smeaton.task.task import TestShare

SEEDS = st.integers(0, 3)
FOLDS = st.integers(1, 6)
TARGETS = st.lists(st.integers(0, 4), min_size=20, max_size=150)


def check(train: np.ndarray, folds: list[FoldIndex]) -> None:
    """Disjoint, inside the training rows, none empty, no row held twice."""
    assert folds
    held = np.concatenate([one.held for one in folds])
    assert len(held) == len(set(held.tolist()))
    for one in folds:
        parts = [one.train, one.stop, one.held]
        assert all(len(part) for part in parts)
        joined = np.concatenate(parts)
        assert len(joined) == len(set(joined.tolist()))
        assert set(joined.tolist()) <= set(train.tolist())
        assert all((np.diff(part) > 0).all() for part in parts)


def same(a: list[FoldIndex], b: list[FoldIndex]) -> bool:
    return all(
        np.array_equal(getattr(x, part), getattr(y, part))
        for x, y in zip(a, b, strict=True)
        for part in ("train", "stop", "held")
    )


@settings(max_examples=120, deadline=None)
@given(TARGETS, FOLDS, SEEDS)
def test_classes(y: list[int], k: int, seed: int) -> None:
    dataset = classes(y)
    train, test = split_test(dataset, seed)
    assert sorted([*train, *test]) == list(range(len(y)))
    assert abs(len(test) - 0.2 * len(y)) <= 5
    assert set(dataset.target[train]) == set(y)
    folds = make_folds(dataset, train, k, seed)
    check(train, folds)
    counts = np.bincount(dataset.target[train])
    for one in folds:
        assert set(dataset.target[one.train]) == set(y)
        assert 0.05 <= len(one.stop) / (len(one.train) + len(one.stop)) <= 0.25
    if k > 1:
        assert len(folds) == k
        never = set(train.tolist()) - set(np.concatenate([one.held for one in folds]).tolist())
        assert never == {row for row in train.tolist() if counts[dataset.target[row]] == 1}
    assert same(folds, make_folds(dataset, train, k, seed))


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 200), FOLDS, SEEDS)
def test_numbers(rows: int, k: int, seed: int) -> None:
    dataset = numbers(np.arange(rows))
    train, test = split_test(dataset, seed)
    assert len(test) == max(round(0.2 * rows), 1)
    folds = make_folds(dataset, train, k, seed)
    check(train, folds)
    held = np.concatenate([one.held for one in folds])
    assert len(held) == (len(train) if k > 1 else max(round(0.2 * len(train)), 1))
    if k > 1:
        sizes = [len(one.held) for one in folds]
        assert max(sizes) - min(sizes) <= 1


@settings(max_examples=120, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=30, max_size=120), TARGETS, FOLDS, SEEDS)
def test_a_group_never_straddles(group: list[int], y: list[int], k: int, seed: int) -> None:
    rows = min(len(group), len(y))
    codes = np.array(group[:rows])
    dataset = classes(y[:rows], group=codes)
    if len(set(codes.tolist())) < 4:
        with pytest.raises(DataError, match="fewer than 4 groups"):
            split_test(dataset, seed)
        return
    train, test = split_test(dataset, seed)
    assert len(test)
    assert not set(codes[train]) & set(codes[test])
    folds = make_folds(dataset, train, k, seed)
    check(train, folds)
    for one in folds:
        sides = [set(codes[part]) for part in (one.train, one.stop, one.held)]
        assert sum(map(len, sides)) == len(set.union(*sides))


def test_many_groups_are_dealt_evenly() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 30_000, 60_000)
    dataset = classes(rng.integers(0, 2, 60_000), group=codes)
    train, test = split_test(dataset, 0)
    assert abs(len(test) / 60_000 - 0.2) < 0.01
    folds = make_folds(dataset, train, 5, 0)
    assert all(abs(len(one.held) / len(train) - 0.2) < 0.01 for one in folds)
    assert not set(codes[folds[0].held]) & set(codes[folds[0].train])


@settings(max_examples=120, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=30, max_size=120), FOLDS, SEEDS)
def test_time_goes_forward_and_ties_stay_together(days: list[int], k: int, seed: int) -> None:
    time = DAY + np.array(days) * np.timedelta64(1, "D")
    dataset = classes(np.arange(len(days)) % 3, time=time)
    if len(set(days)) < 8:
        return
    train, test = split_test(dataset, seed)
    assert time[train].max() < time[test].min()
    folds = make_folds(dataset, train, k, seed)
    check(train, folds)
    assert folds[0].held.max(initial=-1) >= 0
    for one in folds:
        assert time[one.train].max() < time[one.stop].min()
        assert time[one.stop].max() < time[one.held].min()
    newest = [time[one.held].max() for one in folds]
    assert newest == sorted(newest, reverse=True)


@settings(max_examples=80, deadline=None)
@given(st.integers(40, 120), FOLDS, SEEDS)
def test_time_with_group(rows: int, k: int, seed: int) -> None:
    time = DAY + np.arange(rows) * np.timedelta64(1, "h")
    group = np.arange(rows) // 3  # short visits: only few groups reach over a cut
    dataset = numbers(np.arange(rows), time=time, group=group)
    train, test = split_test(dataset, seed)
    assert not set(group[train]) & set(group[test])
    assert time[train].max() < time[test].min()
    for one in make_folds(dataset, train, k, seed):
        assert not set(group[one.train]) & (set(group[one.stop]) | set(group[one.held]))
        assert not set(group[one.stop]) & set(group[one.held])


def test_time_and_long_groups_are_refused() -> None:
    dataset = numbers(np.arange(100), time=DAY + np.arange(100), group=np.arange(100) % 5)
    with pytest.raises(DataError, match="do not go together") as caught:
        split_test(dataset, 0)
    assert "remove `rows.group`" in caught.value.fix


def test_one_moment_is_refused() -> None:
    dataset = numbers(np.arange(30), time=np.full(30, DAY))
    with pytest.raises(DataError, match="no rows on one side"):
        split_test(dataset, 0)
    with pytest.raises(DataError, match="too few different moments"):
        make_folds(dataset, np.arange(30), 1, 0)


def test_share_and_after() -> None:
    time = DAY + np.arange(100) * np.timedelta64(1, "D")
    _, test = split_test(numbers(np.arange(100), time=time, task={"test": TestShare(share=0.4)}), 0)
    assert test.tolist() == list(range(60, 100))
    _, test = split_test(numbers(np.arange(100), time=time, task={"test": TestShare(after="2026-04-08")}), 0)
    assert test.tolist() == [98, 99]
    with pytest.raises(DataError, match="no rows on one side"):
        split_test(numbers(np.arange(100), time=time, task={"test": TestShare(after="2030-01-01")}), 0)
    with pytest.raises(TaskError, match="needs a time column"):
        split_test(numbers(np.arange(100), task={"test": TestShare(after="2026-04-08")}), 0)
    with pytest.raises(TaskError) as caught:
        split_test(numbers(np.arange(100), time=time, task={"test": TestShare(after="soon")}), 0)
    assert caught.value.where == "test.after"


def test_a_given_test_is_the_sealed_one() -> None:
    train, test = split_test(numbers(np.arange(50), sealed=np.arange(40, 50)), 0)
    assert (train.tolist(), test.tolist()) == (list(range(40)), list(range(40, 50)))


def test_seeds_differ() -> None:
    dataset = classes(np.arange(200) % 2)
    assert not np.array_equal(split_test(dataset, 0)[1], split_test(dataset, 1)[1])


def test_folds_are_stored(tmp_path: Path) -> None:
    dataset = classes(np.arange(100) % 3)
    folds = make_folds(dataset, np.arange(100), 3, 0)
    save_folds(folds, tmp_path)
    assert same(open_folds(tmp_path), folds)
    (tmp_path / "folds.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="no readable folds"):
        open_folds(tmp_path)


def test_a_fold_shows_no_held_target() -> None:
    dataset: Dataset = classes(np.arange(60) % 3, weight=np.arange(60.0))
    index = make_folds(dataset, np.arange(60), 2, 0)[1]
    one = fold(dataset, index, 1)
    assert one.number == 1
    np.testing.assert_array_equal(one.train.y, dataset.target[index.train])
    np.testing.assert_array_equal(one.stop.weight, index.stop.astype(float))
    np.testing.assert_array_equal(one.held["x"], dataset.table["x"][index.held])
    np.testing.assert_array_equal(one.held_index, index.held)
    assert not hasattr(one, "held_y")


def test_many_rows_are_fitted_on_not_stopped_on() -> None:
    assert stop_share(1_000) == 0.15
    assert stop_share(25_000) == pytest.approx(0.1)
    assert stop_share(1_000_000) == 0.06


@pytest.mark.parametrize("role", ["", "time", "group"])
def test_a_share_of_nothing_seals_nothing(role: str) -> None:
    rows = np.arange(40)
    roles = {"time": {"time": DAY + rows.astype("timedelta64[D]")}, "group": {"group": rows // 5}}.get(role, {})
    dataset = numbers(rows, task={"test": TestShare(share=0.0)}, **roles)
    train, test = split_test(dataset, 0)
    assert train.tolist() == rows.tolist()
    assert not len(test)
    check(train, make_folds(dataset, train, 4, 0))

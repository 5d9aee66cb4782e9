"""Splits inside a fold: groups stay whole, the future stays away."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smeaton.data.fold import Rows
from smeaton.families._inner import inner_parts

SIZES = st.integers(1, 60)


def rows_of(size, seed, groups=0, moments=0, labels=3):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, size) if groups else None
    time = rng.integers(0, moments, size).astype("datetime64[D]").astype("datetime64[us]") if moments else None
    return Rows({}, rng.integers(0, labels, size), None, np.arange(size), group, time)


@given(SIZES, st.integers(2, 6), st.integers(0, 9), st.booleans())
def test_each_row_is_answered_once_by_others(size, parts, seed, classes):
    rows = rows_of(size, seed)
    answered = np.zeros(size, dtype=int)
    for learnt, held in inner_parts(rows, parts, seed, classes):
        assert not set(learnt) & set(held)
        answered[held] += 1
    alone = (
        np.isin(rows.y, np.flatnonzero(np.bincount(rows.y) == 1))
        if classes and len(set(rows.y)) > 1
        else np.zeros(size)
    )
    assert answered[alone == 0].tolist() == [1] * int((alone == 0).sum())
    assert (answered[alone == 1] == 0).all()


@given(SIZES, st.integers(2, 6), st.integers(0, 9), st.integers(1, 8))
def test_groups_stay_whole(size, parts, seed, groups):
    rows = rows_of(size, seed, groups)
    for learnt, held in inner_parts(rows, parts, seed, True):
        assert not set(rows.group[learnt]) & set(rows.group[held])


@given(SIZES, st.integers(2, 6), st.integers(0, 9), st.integers(1, 40), st.integers(0, 5))
def test_only_what_is_older_is_learnt_from(size, parts, seed, moments, groups):
    rows = rows_of(size, seed, groups, moments)
    answered = np.zeros(size, dtype=int)
    for learnt, held in inner_parts(rows, parts, seed, False):
        answered[held] += 1
        if len(learnt):
            assert rows.time[learnt].max() < rows.time[held].min()
            assert not groups or not set(rows.group[learnt]) & set(rows.group[held])
    assert answered.max() <= 1


def test_the_same_seed_gives_the_same_parts():
    rows = rows_of(50, 1)
    one, two, other = ([held.tolist() for _, held in inner_parts(rows, 4, seed, True)] for seed in (3, 3, 4))
    assert one == two != other

"""Folds of few rows: disjoint, every row held out once, something to fit on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.estimator.folds import FEW, few_folds


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=3, max_size=FEW - 1), st.integers(0, 5))
def test_folds_of_few_rows(labels: list[int], seed: int) -> None:
    classes = np.array(labels, dtype=np.int64)
    counts = np.bincount(classes)
    single = {row for row, code in enumerate(labels) if counts[code] == 1}
    if len(single) == len(labels):
        return  # nothing can be held out, and no target is read that way
    folds = few_folds(classes, seed)
    held = np.concatenate([fold.held for fold in folds])
    lone = single if len(set(labels)) > 1 else set()
    assert sorted(held.tolist()) == sorted(set(range(len(labels))) - lone)
    for fold in folds:
        assert len(fold.train) >= 1
        assert len(fold.stop) == 1
        together = np.concatenate([fold.train, fold.stop, fold.held])
        assert sorted(together.tolist()) == list(range(len(labels)))


def test_a_class_of_two_rows_is_fitted_on_where_it_is_held_out() -> None:
    classes = np.array([0, 0, 1, 1])
    folds = few_folds(classes, 0)
    assert len(folds) >= 2
    for fold in folds:
        assert set(classes[fold.train]) == {0, 1}

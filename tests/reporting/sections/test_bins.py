"""Bins of about equally many rows."""

import itertools

import numpy as np
import pytest

from smeaton.reporting.sections._bins import bins, starts


def test_values_that_differ_are_dealt_evenly() -> None:
    assert np.diff(starts(np.arange(100), 5)).tolist() == [20] * 4


def test_equal_values_stay_together() -> None:
    ranked = np.sort(np.concatenate([np.zeros(70), np.linspace(1, 2, 30)]))
    first = starts(ranked, 5)
    assert first[:2].tolist() == [0, 70]
    assert all(ranked[one - 1] < ranked[one] for one in first[1:].tolist())


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0, 3.0]])
def test_few_values(values: list[float]) -> None:
    assert len(starts(np.array(values), 4)) == min(1, len(values))


def test_every_row_is_in_one_bin() -> None:
    values = np.random.default_rng(0).integers(0, 9, 200).astype(np.float64)
    parts = bins(values, 6, 10)
    assert sorted(np.concatenate(parts).tolist()) == list(range(200))
    assert all(values[one].max() < values[other].min() for one, other in itertools.pairwise(parts))
    assert len(bins(values, 6, 1_000)) == 1

import numpy as np
import pytest

from smeaton.task.sentinels import KNOWN_MOMENTS, find_sentinels
from smeaton.task.table import Array
from smeaton.task.types import Type
from smeaton.task.values import parse_column, value_reader

RNG = np.random.default_rng(0)
AGES = RNG.integers(18, 90, 500).astype(np.float64)


def mixed(values: Array, value: float, rows: int) -> Array:
    """Values, the last of them replaced."""
    return np.concatenate([values[:-rows], np.full(rows, value)])


@pytest.mark.parametrize(
    ("values", "certain", "doubtful"),
    [
        (mixed(AGES, -999, 20), {-999.0: 20}, {}),
        (mixed(AGES, 999, 3), {999.0: 3}, {}),
        (mixed(AGES, 9999, 20), {9999.0: 20}, {}),
        (mixed(mixed(AGES, 9999, 20), -999, 5), {-999.0: 5, 9999.0: 15}, {}),
        (mixed(AGES, 999, 2), {}, {}),  # two may be two people's mistakes
        (mixed(AGES, -1, 20), {}, {-1.0: 20}),
        (mixed(AGES, 365243, 100), {}, {365243.0: 100}),
        (mixed(RNG.random(500) / 2, -1, 20), {-1.0: 20}, {}),
        (mixed(RNG.random(500) * 20_000, 9999, 20), {}, {}),  # in the middle of them
        (mixed(RNG.normal(0, 50, 500), -99, 20), {}, {}),
        (mixed(RNG.normal(20, 5, 500), -999.25, 20), {-999.25: 20}, {}),
        (np.array([1.0, 2.0, 9.0] * 50), {}, {}),  # codes
        (AGES, {}, {}),
        (np.exp(RNG.normal(0, 3, 500)), {}, {}),
        (np.full(9, np.nan), {}, {}),
        (np.full(50, 999.0), {}, {}),
    ],
)
def test_sentinels(values: Array, certain: dict[float, int], doubtful: dict[float, int]) -> None:
    found = find_sentinels(values)
    assert (found.certain, found.doubtful) == (certain, doubtful)
    gone = np.concatenate([values, [np.nan] * 5])
    assert find_sentinels(gone) == found


def test_days_that_stand_for_none() -> None:
    days = (np.datetime64("1980-01-01", "us") + RNG.integers(0, 9000, 300) * np.timedelta64(1, "D")).astype(np.int64)
    far = np.datetime64("9999-12-31", "us").astype(np.int64)
    found = find_sentinels(mixed(days.astype(np.float64), float(far), 9), KNOWN_MOMENTS.astype(np.int64).astype(float))
    assert found.certain == {float(far): 9}


@pytest.mark.parametrize("value", [-999, -999.0, "-999", "-999.0", " -999 ", np.float64(-999)])
def test_a_pinned_number_is_missing_in_every_form_it_comes_in(value: object) -> None:
    kind = Type(type="number", form="plain|-999", optional=True)
    assert value_reader(kind)(value) is None
    assert value_reader(kind)(-998) == -998


def test_a_pinned_number_is_missing_in_typed_columns() -> None:
    kind = Type(type="integer", form="plain|-999", optional=True)
    for raw in (np.array([1, -999]), np.array([1.0, -999.0]), np.array(["1", "-999"], dtype=object)):
        column, faults = parse_column(raw, kind, "c")
        assert not faults
        assert column[0] == 1
        assert np.isnan(column[1])
    column, faults = parse_column(np.array([1, -999]), Type(type="integer", form="plain|-999"), "c")
    assert [fault.row for fault in faults] == [1]


def test_a_pinned_day_is_missing_in_every_form_it_comes_in() -> None:
    kind = Type(type="timestamp", form="d.m.Y|1900-01-01", optional=True)
    read = value_reader(kind)
    assert [read(text) for text in ("1900-01-01", "01.01.1900", "1900-01-01T00:00:00Z")] == [None] * 3
    column, faults = parse_column(np.array(["1900-01-01", "2000-01-01"], dtype="datetime64[us]"), kind, "c")
    assert not faults
    assert np.isnat(column).tolist() == [True, False]

"""Columns as bars: what goes into which bar, and how bars are called."""

import numpy as np
import pytest

from smeaton.reporting.sections._coded import BARS, coded, labelled
from smeaton.task.table import object_column


def held(codes: np.ndarray, count: int) -> list[int]:
    return np.bincount(codes[codes >= 0], minlength=count).tolist()


def test_numbers_become_bars_of_equal_width_that_hold_all_of_them() -> None:
    found = coded("number", np.array([0.0, 5.0, 10.0, *np.linspace(0, 10, 97), np.nan]))
    assert found is not None
    assert found.edges is not None
    assert len(found.edges) == found.count + 1 == BARS + 1
    assert np.allclose(np.diff(found.edges), 1.0)
    assert sum(held(found.codes, found.count)) == 100
    assert found.codes[-1] == -1
    assert found.ends == ("0", "10")
    assert found.names[0] == "0 to 1"


def test_a_few_rows_far_from_all_others_do_not_squeeze_the_rest_into_one_bar() -> None:
    found = coded("number", np.array([*np.linspace(0, 10, 999), 1e9]))
    assert found is not None
    assert max(held(found.codes, found.count)) < 200
    assert found.ends[1].startswith("≥")
    assert found.names[-1].endswith("and more")


def test_few_different_numbers_are_shown_one_by_one_in_their_order() -> None:
    found = coded("integer", np.array([3, 1, 2, 1, 1]))
    assert found is not None
    assert (found.names, found.edges) == (("1", "2", "3"), None)
    assert held(found.codes, 3) == [3, 1, 1]


def test_bars_of_whole_numbers_say_the_numbers_that_they_hold() -> None:
    found = coded("integer", np.arange(8.0).repeat(5))
    assert found is not None
    assert found.names == tuple("01234567")
    wide = coded("integer", np.arange(100.0))
    assert wide is not None
    assert wide.names[0] == "0 to 9"


@pytest.mark.parametrize(("apart", "first"), [("h", "2024-03-01 00:00"), ("D", "2024-03-01"), ("W", "2024-03")])
def test_moments_are_written_as_precisely_as_they_are_apart(apart: str, first: str) -> None:
    moments = np.datetime64("2024-03-01", "us") + (100 * np.arange(10)).astype(f"timedelta64[{apart}]")
    found = coded("timestamp", np.array([*(moments if apart == "W" else moments[:10]), np.datetime64("NaT")]))
    assert found is not None
    assert found.codes[-1] == -1
    assert found.ends[0].startswith(first[:7])


def test_texts_are_bars_of_their_length() -> None:
    found = coded("text", object_column(["a" * size for size in range(1, 40)] + [None]))
    assert found is not None
    assert found.note == "characters a text"
    assert found.codes[-1] == -1


def test_the_commonest_values_come_first_and_the_rest_is_counted() -> None:
    cells = ["a"] * 5 + ["b"] * 9 + [f"rare {number}" for number in range(20)] + [None]
    found = coded("category", object_column(cells))
    assert found is not None
    assert found.names[:2] == ("b", "a")
    assert found.names[-1] == "18 others"
    assert held(found.codes, found.count) == [9, 5, 1, 1, 18]


def test_no_comes_before_yes() -> None:
    found = coded("boolean", object_column([True, True, False, None]))
    assert found is not None
    assert found.names == ("false", "true")
    assert found.codes.tolist() == [1, 1, 0, -1]


@pytest.mark.parametrize(
    "column",
    [
        np.full(5, np.nan),
        object_column([None, None]),
        np.full(3, np.datetime64("NaT", "us")),
        np.zeros((4, 3)),
        np.array([]),
        object_column([[1], [2]]),
    ],
)
def test_what_has_no_bars_has_no_picture(column: np.ndarray) -> None:
    assert coded("category", column) is None


@pytest.mark.parametrize(
    "column",
    [
        np.array([1e308, -1e308, *range(9)]),
        np.arange(9) * 5e-324,
        np.array([0.0, *np.full(99, 1.5), 7, 8, 9, 10, 11, 12]),
    ],
)
def test_extreme_numbers_have_bars_too(column: np.ndarray) -> None:
    found = coded("number", column)
    assert found is not None
    assert found.edges is not None
    assert np.isfinite(found.edges).all()
    assert (np.diff(found.edges) > 0).all()
    assert sum(held(found.codes, found.count)) == len(column)


def test_many_labels_are_the_commonest_and_the_rest() -> None:
    found = labelled(np.repeat(np.arange(10), np.arange(1, 11)), [f"l{number}" for number in range(10)])
    assert found.names == ("l9", "l8", "l7", "l6", "6 others")
    assert held(found.codes, 5) == [10, 9, 8, 7, 21]
    few = labelled(np.array([1, 0]), ["no", "yes"])
    assert (few.names, few.codes.tolist()) == (("no", "yes"), [1, 0])

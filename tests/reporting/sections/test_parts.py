"""Rows in parts by a column of any type."""

import numpy as np
import pytest

from smeaton.reporting.sections._parts import Parts, parts_of
from smeaton.task.table import Array, object_column
from smeaton.task.types import Type

NUMBER, TEXT, CATEGORY = Type(type="number"), Type(type="text"), Type(type="category")


def made(kind: Type, column: Array, **options: int) -> Parts:
    found = parts_of("c", kind, column, **options)
    assert found is not None
    assert len(found.codes) == len(column)
    assert found.counts.sum() == (found.codes >= 0).sum()
    return found


def test_numbers_fall_into_bins_of_about_as_many_rows() -> None:
    found = made(NUMBER, np.arange(1000.0))
    assert found.counts.tolist() == pytest.approx([200] * 5, abs=2)
    assert found.ordered
    assert found.names[0].startswith("up to ")
    assert found.names[-1].startswith("over ")


def test_few_numbers_are_values_of_their_own_and_missing_ones_a_part() -> None:
    found = made(NUMBER, np.array([1.0, 2.0, np.nan, 2.0, 3.5]))
    assert found.names == ("1", "2", "3.5", "missing")
    assert found.codes.tolist() == [0, 1, 3, 1, 2]


def test_rare_values_are_one_part_together() -> None:
    column = object_column(["a"] * 50 + ["b"] * 30 + [f"r{n}" for n in range(20)] + [None, ""])
    found = made(CATEGORY, column, values=2)
    assert found.names == ("a", "b", "21 other values", "missing")
    assert found.counts.tolist() == [50, 30, 21, 1]


def test_booleans_and_empty_texts_have_names() -> None:
    assert made(Type(type="boolean"), object_column([True, False, True])).names == ("true", "false")
    assert made(CATEGORY, object_column(["", "x", ""])).names == ("(empty)", "x")


def test_moments_are_named_by_days_or_by_minutes() -> None:
    start = np.datetime64("2024-01-01T00:00", "us")
    days = made(Type(type="timestamp"), start + np.arange(300) * np.timedelta64(1, "D"))
    minutes = made(Type(type="timestamp"), start + np.arange(300) * np.timedelta64(1, "m"))
    assert days.names[0] == "up to 2024-02-29" or days.names[0].startswith("up to 2024-0")
    assert ":" in minutes.names[0]
    assert days.counts.tolist() == pytest.approx([60] * 5, abs=1)


def test_texts_are_cut_by_their_length() -> None:
    found = made(TEXT, object_column(["x" * n for n in range(100)] + [None]))
    assert found.names[0].endswith(" characters")
    assert found.names[-1] == "missing"


@pytest.mark.parametrize(
    "column",
    [np.zeros((4, 2), dtype=np.float32), np.ones(4), np.full(4, np.nan), object_column([["a"], ["b"], None, []])],
)
def test_columns_that_do_not_tell_rows_apart_have_no_parts(column: Array) -> None:
    assert parts_of("c", Type(type="json") if column.dtype == object else NUMBER, column) is None

"""`X` as columns: what each kind of table becomes, and what is refused."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from smeaton.errors import DataError
from smeaton.estimator.columns import array_columns, frame_columns, is_frame, learn_columns, settled

ROWS = 12


def kinds(**columns: Any) -> dict[str, str]:
    frame = pd.DataFrame(columns)
    return {name: kind.type for name, kind in learn_columns(frame, frame_columns(frame)).types.items()}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.arange(ROWS, dtype=np.uint8) % 5, "number"),
        (np.arange(ROWS).astype(np.float16), "number"),
        (pd.array([1, None, *range(10)], dtype="Int64"), "number"),
        ([Decimal(number) for number in range(ROWS)], "number"),
        (pd.array([True, None] * 6, dtype="boolean"), "boolean"),
        (pd.Categorical([3, 5] * 6), "category"),
        (["red", "blue"] * 6, "category"),
        ([f"{number} words and {number} more of them" for number in range(ROWS)], "text"),
        (pd.date_range("2024-01-01", periods=ROWS, tz="Europe/Berlin"), "timestamp"),
        ([date(2024, 1, 1) + timedelta(days=number) for number in range(ROWS)], "timestamp"),
        (["2024-01-01", "2024-02-01"] * 6, "timestamp"),
        (["1.5", "2.5"] * 6, "number"),
    ],
)
def test_the_type_of_a_column_is_what_its_values_say(values: Any, kind: str) -> None:
    assert kinds(column=values) == {"column": kind}


@pytest.mark.parametrize("value", [b"x", object(), 1j, pd.Timedelta(hours=1)])
def test_what_no_type_takes_is_named(value: object) -> None:
    with pytest.raises(DataError, match="'odd'"):
        kinds(odd=pd.Series([value, None] * 6, dtype=object))


def test_what_says_nothing_is_left_out_of_a_frame() -> None:
    frame = pd.DataFrame({"a": np.arange(ROWS) % 3, "same": 1.0, "none": None, "id": [f"i{n}" for n in range(ROWS)]})
    learnt = learn_columns(frame, frame_columns(frame))
    assert list(learnt.types) == ["a"]
    assert len(learnt.left) == 3
    assert not any("under `inputs`" in line for line in learnt.left)


def test_columns_that_vary_in_nothing_are_kept_where_there_are_no_others() -> None:
    assert set(kinds(a=[1.0] * ROWS, b=["x"] * ROWS)) == {"a", "b"}


def test_an_array_keeps_its_columns() -> None:
    whole = np.column_stack([np.arange(ROWS), np.ones(ROWS)])
    learnt = learn_columns(whole, array_columns(whole))
    assert list(learnt.types) == ["x0", "x1"]
    assert learnt.table["x0"].dtype == np.float64
    mixed = np.array([["u", 1.5, {"a": 1}], ["v", None, 2.5]] * 6, dtype=object)
    learnt = learn_columns(mixed, array_columns(mixed))
    assert {name: kind.type for name, kind in learnt.types.items()} == {"x0": "category", "x1": "number"}
    assert "x2" in learnt.left[0]


def test_a_value_may_be_missing_later_if_that_is_allowed() -> None:
    frame = pd.DataFrame({"a": np.arange(ROWS) % 3, "b": [None, "x", "y"] * 4})
    raw = frame_columns(frame)
    assert all(kind.optional for kind in learn_columns(frame, raw).types.values())
    strict = learn_columns(frame, raw, lenient=False).types
    assert (strict["a"].optional, strict["b"].optional) == (False, True)


def test_lazy_and_masked_tables_are_settled() -> None:
    assert settled(pl.LazyFrame({"a": [1]})).shape == (1, 1)
    masked = settled(np.ma.masked_array([[1, 2]], [[False, True]]))
    assert masked[0, 0] == 1
    assert np.isnan(masked[0, 1])
    assert settled([1]) == [1]


def test_frames_are_known_without_their_package() -> None:
    assert is_frame(pd.DataFrame())
    assert not is_frame(pd.Series([1]))
    assert not is_frame(np.zeros((2, 2)))

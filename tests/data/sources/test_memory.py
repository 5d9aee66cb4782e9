from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from smeaton.data.sources.memory import part
from smeaton.errors import DataError
from smeaton.task.table import Array

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
COLUMNS: dict[str, list[Any]] = {
    "whole": [1, 2, 3],
    "gaps": [1, None, 3],
    "real": [1.5, None, -2.0],
    "text": ["x", None, ""],
    "flag": [True, None, False],
    "moment": [MOMENT, None, MOMENT],
    "day": [date(2026, 1, 2), None, date(1969, 12, 31)],
}


def read(thing: Any) -> dict[str, Array]:
    assert part.takes(thing)
    [chunk] = part.chunks(thing, None, None)
    return chunk.table


@pytest.mark.parametrize(
    "thing",
    [
        COLUMNS,
        [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
        pd.DataFrame(COLUMNS),
        pd.DataFrame(COLUMNS).convert_dtypes(),
        pl.DataFrame(COLUMNS),
        pl.DataFrame(COLUMNS).lazy(),
        pa.table(COLUMNS),
        pa.record_batch(COLUMNS),
        {name: pa.chunked_array([values]) for name, values in COLUMNS.items()},
        {name: pd.Series(values) for name, values in COLUMNS.items()},
    ],
    ids=["mapping", "rows", "pandas", "pandas nullable", "polars", "lazy", "arrow", "batch", "arrow columns", "series"],
)
def test_all_forms_give_the_same_columns(thing: Any) -> None:
    table = read(thing)
    assert list(table) == list(COLUMNS)
    assert table["whole"].dtype == np.int64
    np.testing.assert_array_equal(table["whole"], [1, 2, 3])
    # pandas holds integers with gaps as floats unless told otherwise
    assert table["gaps"].tolist() == [1, None, 3] or table["gaps"].dtype == np.float64
    np.testing.assert_array_equal(table["real"], [1.5, np.nan, -2])
    assert table["text"].tolist() == ["x", None, ""]
    assert table["flag"].tolist() == [True, None, False]
    assert [type(value) for value in table["flag"]] == [bool, type(None), bool]
    moment = np.datetime64("2026-01-02T03:04:05.000006")
    np.testing.assert_array_equal(table["moment"], np.array([moment, "NaT", moment], dtype="datetime64[us]"))
    np.testing.assert_array_equal(table["day"], np.array(["2026-01-02", "NaT", "1969-12-31"], dtype="datetime64[us]"))


def test_zoned_moments_become_utc() -> None:
    series = pd.Series(pd.to_datetime(["2026-01-01 12:00"])).dt.tz_localize("Europe/Paris")
    expected = np.array(["2026-01-01T11:00"], dtype="datetime64[us]")
    np.testing.assert_array_equal(read(pd.DataFrame({"a": series}))["a"], expected)
    frame = pl.DataFrame({"a": series.dt.tz_convert("UTC").dt.to_pydatetime().tolist()})
    frame = frame.with_columns(pl.col("a").dt.convert_time_zone("Asia/Tokyo"))
    np.testing.assert_array_equal(read(frame)["a"], expected)
    np.testing.assert_array_equal(read(frame.to_arrow())["a"], expected)


def test_categories_decimals_narrow_numbers_and_vectors() -> None:
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y", None]), "b": np.array([1, 2, 3], dtype=np.uint8)})
    assert read(frame)["a"].tolist() == ["x", "y", None]
    assert read(frame)["b"].dtype == np.int64
    table = read(pl.DataFrame({"a": ["x", "y"], "d": ["1.5", None]}).with_columns(
        pl.col("a").cast(pl.Categorical), pl.col("d").cast(pl.Decimal(10, 2))))  # fmt: skip
    assert table["a"].tolist() == ["x", "y"]
    np.testing.assert_array_equal(table["d"], [1.5, np.nan])
    assert read(pa.table({"a": pa.array(["x", "y"]).dictionary_encode()}))["a"].tolist() == ["x", "y"]
    assert read({"v": np.zeros((2, 3))})["v"].dtype == np.float32
    assert read({"b": np.array([True, False]), "u": np.array(["x", "y"])})["b"].tolist() == [True, False]


def test_only_the_columns_asked_for_are_touched() -> None:
    [chunk] = part.chunks({"a": [1], "b": object()}, None, ["a"])
    assert list(chunk.table) == ["a"]


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ({"a": [1, 2], "b": [1]}, "'b' has 1 rows, 'a' has 2"),
        ({"a": "text"}, "must be a sequence"),
        ({"a": np.array([1j])}, "dtype complex128"),
        ({1: [1], "1": [2]}, "'1' appears 2 times"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' appears 2 times"),
        (pa.table([[1], [2]], names=["a", "a"]), "'a' appears 2 times"),
        (pd.Series([1]), "not a table"),
        (pl.Series([1]), "not a table"),
        (pa.array([1]), "not a table"),
    ],
)
def test_bad_tables(thing: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(thing)
    assert caught.value.fix


def test_chunks() -> None:
    chunks = list(part.chunks({"a": list(range(5))}, 2, None))
    assert [chunk.table["a"].tolist() for chunk in chunks] == [[0, 1], [2, 3], [4]]
    assert [len(chunk.table["a"]) for chunk in part.chunks({"a": []}, 2, None)] == [0]
    assert part.place(None, 3) == "row 3"

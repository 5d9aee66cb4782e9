import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smeaton.errors import TaskError
from smeaton.task.table import object_column
from smeaton.task.types import KINDS, Type
from smeaton.task.values import NULL_TEXT, parse_column, value_reader

TYPES = [
    Type(type="number"),
    Type(type="number", optional=True, form="plain|NA|n.a."),
    Type(type="number", min=-1.5, max=100),
    Type(type="integer"),
    Type(type="integer", optional=True, min=0),
    Type(type="number", optional=True, form="1.234,5 EUR|-999|k.A."),
    Type(type="number", form="(1,234.5)"),
    Type(type="integer", optional=True, form="plain|-1"),
    Type(type="boolean", optional=True, form="words|unknown"),
    Type(type="category", optional=True, form="mixed"),
    Type(type="category", optional=True, ordered=True, known=("S", "M", "L")),
    Type(type="timestamp", optional=True, form="Ymd|19000101"),
    Type(type="timestamp", form="unix"),
    Type(type="timestamp", optional=True, form="Y-m-d|1900-01-01"),
    Type(type="list", of=Type(type="category", known=("a", "b")), form="bar", optional=True),
    Type(type="list", of=Type(type="json", optional=True), form="python", optional=True),
    Type(type="json", fields={"a": Type(type="number", optional=True), "b": Type(type="text", optional=True)}),
    Type(type="boolean"),
    Type(type="boolean", optional=True, form="yes/no|NA"),
    Type(type="boolean", form="0/1"),
    Type(type="category"),
    Type(type="category", optional=True),
    Type(type="category", labels=("a", "b", "é", "NA")),
    Type(type="category", base="integer"),
    Type(type="category", base="integer", labels=(0, 1, 3), optional=True, form="plain|NA"),
    Type(type="category", base="boolean", form="t/f"),
    Type(type="category", form="text|NA", optional=True),
    Type(type="text"),
    Type(type="text", optional=True),
    Type(type="timestamp"),
    Type(type="timestamp", optional=True, form="m/d/Y|NA"),
    Type(type="timestamp", form="b d, Y"),
    Type(type="vector", form="2"),
    Type(type="json", optional=True),
    Type(type="list", of=Type(type="integer")),
    Type(type="series"),
    Type(type="object", fields={"a": Type(type="number"), "b": Type(type="text", optional=True)}),
]

_number_text = st.from_regex(r"[+-]?[0-9]{0,18}\.?[0-9]{0,3}([eE][+-]?[0-9]{1,3})?", fullmatch=True)
_words = st.sampled_from([
    "", " ", "NA", "n.a.", "nan", "inf", "-inf", "1_000", "٣", "１", " 3 ", "3\n4", "+5", "1e5", "1e999", "007", "0x10",
    "true", "True", "yes", "no", "t", "f", "0", "1", "a", "b", "é", NULL_TEXT, "x" + NULL_TEXT, "\ud800", "\x00", "-",
    "9007199254740992", "9007199254740993", "-9007199254740993", "1" * 5000, "2024-02-30", "2024-02-29", "2024-W01-1",
    "2024-01-01T10:00", "2024-01-01 10:00:00Z", "2024-01-01T10:00:00.123456789+02:00", "2024-01-01T24:00", "0000-01-01",
    "0001-01-01T00:00+05:00", "1/2/2024", "13/1/2024", "5,00 EUR", "1.234 EUR", "-999",
    "-999,0 EUR", "(5)", "1,234.5", "19000101", "20240131", "1700000000", "YES", "off", "[1,",
    "2024-01-01 10:00 Europe/Berlin",
    "unknown", "a|b|a", "['a']", "{'a': 1}", '{"a": "2", "c": []}', "2/29/2023",
    "1/2/2024 3:04 PM", "1/2/2024 13:04 PM",
    "Jun 12, 1998", "Jun 12, 1998 7:05", "today", "2024-01-01T10:00:60", "2024-01-01t10:00z", "20240101",
])  # fmt: skip
_scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.integers(), st.floats(), _words, _number_text, st.text(max_size=5),
    st.dates().map(str), st.datetimes().map(str),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=2)))), st.datetimes(), st.dates(),
    st.sampled_from([np.float64(2.5), np.int64(3), np.bool_(True), np.str_("a"), np.datetime64("2024-01-01"),
                     np.datetime64("NaT"), Decimal("1.5"), Decimal("NaN"), Decimal(2**53 + 1), b"x", object]),
)  # fmt: skip
_values = st.one_of(
    _scalars, st.lists(st.floats(-2, 2), max_size=3), st.lists(_scalars, max_size=2),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), _scalars, max_size=2),
)  # fmt: skip


def read(kind: Type, value: Any) -> Any:
    """The value, or the reason as an exception's text in a tuple."""
    try:
        return value_reader(kind)(value)
    except ValueError as error:
        return ("refused", str(error))


def same(cell: Any, value: Any) -> bool:
    """Whether a cell of a column is the value a reader gave."""
    if isinstance(value, np.ndarray):
        return bool(np.array_equal(cell, value))
    if isinstance(value, float):
        return bool(cell == value)
    return cell == value and type(cell) is type(value)


def is_null(cell: Any) -> bool:
    if cell is None:
        return True
    return bool(np.isnat(cell)) if isinstance(cell, np.datetime64) else bool(np.all(np.isnan(cell)))


def check_agreement(kind: Type, cells: list[Any]) -> None:
    column, faults = parse_column(object_column(cells), kind, "c")
    reasons = {fault.row: fault.reason for fault in faults}
    assert [fault.row for fault in faults] == sorted(reasons)
    assert len(column) == len(cells)
    for row, cell in enumerate(cells):
        value = read(kind, cell)
        if isinstance(value, tuple):
            assert reasons[row] == value[1]
            assert is_null(column[row])
        else:
            assert row not in reasons
            assert is_null(column[row]) if value is None else same(column[row], value)


@pytest.mark.parametrize("kind", TYPES, ids=str)
@settings(max_examples=60, deadline=None)
@given(cells=st.lists(_values, max_size=6))
def test_columns_and_readers_agree_on_anything(kind: Type, cells: list[Any]) -> None:
    check_agreement(kind, cells)


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind.type not in ("vector", "json", "list")], ids=str)
@settings(max_examples=60, deadline=None)
@given(cells=st.lists(st.none() | _words | _number_text | st.text(max_size=3), max_size=8))
@example(cells=["1", "3\n4", None])
@example(cells=["1", "2-3"])
def test_columns_and_readers_agree_on_text(kind: Type, cells: list[Any]) -> None:
    check_agreement(kind, cells)


@pytest.mark.parametrize("kind", TYPES, ids=str)
@pytest.mark.parametrize("many", [
    st.none() | st.integers(-(2**54), 2**54), st.none() | st.floats() | st.integers(0, 3), st.none() | st.booleans(),
], ids=["ints", "floats", "booleans"])  # fmt: skip
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_columns_and_readers_agree_on_plain_columns(
    kind: Type, many: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    check_agreement(kind, data.draw(st.lists(many, max_size=8)))


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind.type in ("number", "integer")], ids=str)
@settings(max_examples=40, deadline=None)
@given(cells=st.lists(st.floats() | st.sampled_from([2.0**53, -(2.0**53), 2.0**53 - 1, -999.0, -1.0, 3.0]), max_size=8))
def test_typed_columns_are_read_as_their_cells_are(kind: Type, cells: list[float]) -> None:
    # NaN is null in a typed column alone: in the column of cells it is None.
    expected, wrong = parse_column(object_column([None if math.isnan(cell) else cell for cell in cells]), kind, "c")
    typed = np.array(cells, dtype=np.float64)
    column, faults = parse_column(typed, kind, "c")
    assert (column.dtype, faults) == (expected.dtype, wrong)
    np.testing.assert_array_equal(column, expected)
    assert not np.shares_memory(column, typed)


@pytest.mark.parametrize("kind", TYPES, ids=str)
@settings(max_examples=25, deadline=None)
@given(cells=st.lists(_values, max_size=6))
def test_reading_a_column_twice_changes_nothing(kind: Type, cells: list[Any]) -> None:
    good = [cell for cell in cells if not isinstance(read(kind, cell), tuple)]
    once, faults = parse_column(object_column(good), kind, "c")
    assert not faults
    twice, faults = parse_column(once, kind, "c")
    assert not faults
    assert twice.dtype == once.dtype
    np.testing.assert_array_equal(twice, once)


@pytest.mark.parametrize(
    ("kind", "value", "read_as"),
    [
        (Type(type="number"), 3, 3.0),
        (Type(type="number"), " -1.5e3 ", -1500.0),
        (Type(type="number"), ".5", 0.5),
        (Type(type="number"), "1e17", 1e17),
        (Type(type="number"), Decimal("2.25"), 2.25),
        (Type(type="integer"), "3.0", 3.0),
        (Type(type="integer"), 2**53, float(2**53)),
        (Type(type="number", optional=True), "", None),
        (Type(type="number", optional=True), "  ", None),
        (Type(type="number", optional=True, form="plain|NA"), "NA", None),
        (Type(type="boolean"), "True", True),
        (Type(type="boolean", form="yes/no"), "no", False),
        (Type(type="boolean", form="0/1"), 1, True),
        (Type(type="boolean", form="0/1"), "0", False),
        (Type(type="category"), "  x", "  x"),
        (Type(type="category"), "NA", "NA"),
        (Type(type="category", base="integer"), "3", 3),
        (Type(type="category", base="integer"), 3.0, 3),
        (Type(type="category", base="boolean"), True, True),
        (Type(type="category", optional=True), "", None),
        (Type(type="text", optional=True), "", None),
        (Type(type="text"), "é\n", "é\n"),
        (Type(type="timestamp"), "2024-01-01", np.datetime64("2024-01-01", "us")),
        (Type(type="timestamp"), "2024-01-01T02:00+02:00", np.datetime64("2024-01-01", "us")),
        (Type(type="timestamp"), datetime(2024, 1, 1, tzinfo=UTC), np.datetime64("2024-01-01", "us")),
        (Type(type="timestamp"), date(2024, 1, 1), np.datetime64("2024-01-01", "us")),
        (Type(type="timestamp", form="d/m/Y"), "2/1/2024 12:30 AM", np.datetime64("2024-01-02T00:30", "us")),
        (Type(type="timestamp", form="d/m/Y"), "2024-01-02T00:30Z", np.datetime64("2024-01-02T00:30", "us")),
        (Type(type="timestamp", form="d b Y"), "2 september 2024", np.datetime64("2024-09-02", "us")),
        (Type(type="timestamp", form="m/d/y"), "1/2/98", np.datetime64("1998-01-02", "us")),
    ],
)
def test_what_is_taken(kind: Type, value: Any, read_as: Any) -> None:
    got = value_reader(kind)(value)
    assert got == read_as
    assert type(got) is type(read_as)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Type(type="number"), None, "expected a number, got null"),
        (Type(type="number"), True, "got true"),
        (Type(type="number"), "abc", "got the text 'abc'"),
        (Type(type="number"), "nan", "got the text 'nan'"),
        (Type(type="number"), "NA", "got the text 'NA'"),
        (Type(type="number"), "1_000", "expected a number"),
        (Type(type="number"), "1,000", "expected a number"),
        (Type(type="number"), "0x10", "expected a number"),
        (Type(type="number"), "1e999", "float64"),
        (Type(type="number"), math.nan, "finite"),
        (Type(type="number"), math.inf, "finite"),
        (Type(type="number"), 2**53 + 1, "2^53"),
        (Type(type="number"), "9007199254740993", "2^53"),
        (Type(type="number"), 10**400, "2^53"),
        (Type(type="number", min=0), -1, "at least 0"),
        (Type(type="number", max=1.5), "2", "at most 1.5"),
        (Type(type="integer"), 1.5, "whole number"),
        (Type(type="integer"), 1e17, "2^53"),
        (Type(type="boolean"), "yes", "true or false"),
        (Type(type="boolean"), 1, "got the number 1"),
        (Type(type="boolean", form="yes/no"), "ja", "yes/no"),
        (Type(type="boolean", form="yes/no"), "true", "yes/no"),
        (Type(type="boolean", form="0/1"), 2, "0/1"),
        (Type(type="category"), 3, "expected text, got the number 3"),
        (Type(type="category"), True, "expected text"),
        (Type(type="category"), NULL_TEXT, "U+FDD0"),
        (Type(type="category", labels=("a", "b")), "c", "one of: a, b"),
        (Type(type="category", base="integer"), "03", "whole number"),
        (Type(type="category", base="integer"), True, "whole number"),
        (Type(type="category", base="integer"), 3.5, "whole number"),
        (Type(type="category", base="integer", labels=(0, 1)), True, "whole number"),
        (Type(type="category", base="boolean"), 1, "true or false"),
        (Type(type="text"), 3, "expected text"),
        (Type(type="text"), "", "got null"),
        (Type(type="text"), "\ud800", "surrogate"),
        (Type(type="timestamp"), 1700000000, "ISO 8601"),
        (Type(type="timestamp"), "1/2/2024", "ISO 8601"),
        (Type(type="timestamp"), "2024-02-30", "ISO 8601"),
        (Type(type="timestamp", form="m/d/Y"), "13/1/2024", "m/d/Y"),
        (Type(type="timestamp"), [1, 2], "got a list"),
        (Type(type="vector"), [1, "a"], "numbers in the list"),
        (Type(type="vector"), [], "list of 0"),
        (Type(type="vector"), [math.nan], "finite"),
        (Type(type="vector"), [1e300], "float32"),
        (Type(type="vector", form="2"), [1.0], "a list of 2 numbers"),
        (Type(type="json"), {"a": math.nan}, "finite"),
        (Type(type="json"), {1: 2}, "names"),
        (Type(type="json"), {"a": object()}, "JSON"),
        (Type(type="list", of=Type(type="integer")), [1, "x"], "[1]: expected a whole number"),
        (Type(type="object", fields={"a": Type(type="number")}), {"b": 1}, "got 'b'"),
        (Type(type="object", fields={"a": Type(type="number")}), {}, ".a: expected a number, got null"),
    ],
)
def test_what_is_refused_and_why(kind: Type, value: Any, words: str) -> None:
    outcome = read(kind, value)
    assert isinstance(outcome, tuple)
    assert words in outcome[1]


def test_typed_columns() -> None:
    column, faults = parse_column(np.array([1.0, math.nan, math.inf]), Type(type="number", optional=True), "c")
    assert column[0] == 1
    assert np.isnan(column[1:]).all()
    assert [fault.row for fault in faults] == [2]
    assert parse_column(np.array([1, 2], dtype=np.uint8), Type(type="integer"), "c")[0].dtype == np.int64
    assert parse_column(np.array([1, 2**60]), Type(type="integer"), "c")[1][0].row == 1
    column, faults = parse_column(np.array([1.0, math.nan]), Type(type="integer", optional=True), "c")
    assert column.dtype == np.float64
    assert not faults
    column, faults = parse_column(np.array([True, False]), Type(type="boolean"), "c")
    assert column.tolist() == [True, False]
    assert column.dtype == object
    assert len(parse_column(np.array([True, False]), Type(type="number"), "c")[1]) == 2
    moments = np.array(["2024-01-01", "NaT"], dtype="datetime64[ns]")
    column, faults = parse_column(moments, Type(type="timestamp"), "c")
    assert column.dtype == "datetime64[us]"
    assert [fault.row for fault in faults] == [1]
    assert len(parse_column(moments, Type(type="number"), "c")[1]) == 2  # nanoseconds are no numbers
    column, _ = parse_column(np.array(["1", "2"]), Type(type="number"), "c")
    assert column.tolist() == [1, 2]
    column, faults = parse_column(np.array([[1.0, 2.0], [math.nan, math.nan]]), Type(type="vector", optional=True), "c")
    assert column.dtype == np.float32
    assert not faults


def test_the_vectors_of_a_column_have_one_length() -> None:
    column, faults = parse_column(object_column([[1, 2], [1], None]), Type(type="vector", optional=True), "c")
    assert column.shape == (3, 2)
    assert [fault.reason for fault in faults] == ["expected a list of 2 numbers, got a list of 1"]


def test_an_empty_column_of_every_type() -> None:
    for kind in TYPES:
        column, faults = parse_column(object_column([]), kind, "c")
        assert len(column) == 0
        assert not faults


def test_types_that_cannot_be_read_yet_say_so() -> None:
    for name in set(KINDS) - {kind.type for kind in TYPES}:
        with pytest.raises(TaskError, match=f"columns of type {name} cannot be read"):
            parse_column(object_column(["x"]), Type(type=name), "c")


def test_wide_columns_keep_their_pace() -> None:
    """A quadratic or per-cell slow path would take minutes here."""
    rows = 200_000
    numbers = object_column([f"{row / 7}" if row % 20 else "NA" for row in range(rows)])
    column, faults = parse_column(numbers, Type(type="number", optional=True, form="plain|NA"), "c")
    assert np.isnan(column).sum() == rows / 20
    assert not faults
    column, faults = parse_column(object_column(["oops"] * rows), Type(type="number"), "c")
    assert len(faults) == rows

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.journal.entries import BUNDLE, COLUMNS, MODEL, made

from smeaton.journal.encode import UNFIT, Form, to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CELL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(CELL)
def test_a_cell_comes_back_as_it_was(cell: Any) -> None:
    back = msgspec.json.decode(to_json(cell))
    assert back == cell
    assert type(back) is type(cell)


@given(st.datetimes())
def test_a_moment_comes_back_to_the_microsecond(moment: Any) -> None:
    text = msgspec.json.decode(to_json(np.datetime64(moment, "us")))
    assert text.endswith("Z")
    assert np.datetime64(text[:-1], "us") == np.datetime64(moment, "us")


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=6))
def test_a_vector_comes_back_exactly(numbers: list[float]) -> None:
    assert msgspec.json.decode(to_json(np.array(numbers, dtype=np.float32))) == numbers


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.datetime64("NaT"), np.float64("nan"), None])
def test_what_is_no_value_is_null(value: object) -> None:
    assert to_json([value]) == "[null]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (np.datetime64("12026-01-01"), '"12026-01-01Z"'),
    ],
)
def test_numbers_of_numpy_are_plain(value: object, text: str) -> None:
    assert to_json(value) == text


@pytest.mark.parametrize("value", [object(), 1j, b"\xff".decode(errors="surrogateescape")])
def test_what_json_does_not_hold_is_refused(value: object) -> None:
    with pytest.raises(UNFIT):
        to_json(value)


@pytest.mark.parametrize(
    ("masked", "written", "row"),
    [
        ((), COLUMNS, [7, "plan 7", 0.875]),
        (("plan",), ("age", "spend"), [7, 0.875]),
        (("age", "spend"), ("plan",), ["plan 7"]),
        (COLUMNS, (), []),
        (("unknown",), COLUMNS, [7, "plan 7", 0.875]),
    ],
)
def test_masked_cells_are_left_out(masked: tuple[str, ...], written: tuple[str, ...], row: list[Any]) -> None:
    form = Form(MODEL, BUNDLE, COLUMNS, frozenset(masked))
    assert form.written == written
    assert msgspec.json.decode(form.encode(made(7))[-2]) == [row]


@pytest.mark.parametrize("rows", [[[1, 2]], [[1, 2, 3], [1, 2, 3, 4]], [[1, 2, 3], [1, 2, 3]]])
def test_rows_of_another_form_are_refused(rows: list[list[int]]) -> None:
    entry = made(1)
    entry.rows = rows
    with pytest.raises(UNFIT, match="expected"):
        Form(MODEL, BUNDLE, COLUMNS, frozenset()).encode(entry)

"""Columns side by side tell what each tells alone, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data._make import classes, with_table

from smeaton.quality.leaks import Case
from smeaton.quality.leaks._abreast import batches, codes_abreast, tell_abreast
from smeaton.quality.leaks._tells import codes_of, plain, tells
from smeaton.quality.leaks.means import _FEWEST_VALUES, _REPEATS, _repeating
from smeaton.quality.leaks.written import _after_point, _decimals, _last_digit
from smeaton.task.types import Type

numbers = st.sampled_from([0.0, -0.0, 1.0, 2.0, -3.5, 0.1 + 0.2, 0.3, 1e300, -1e300, 1e-200, np.nan]) | st.floats(
    allow_infinity=False, width=16
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    rows, columns = draw(st.integers(2, 70)), draw(st.integers(1, 4))
    labels = draw(st.integers(2, 4))
    few = draw(st.lists(numbers, min_size=1, max_size=6))
    cell = draw(st.sampled_from([st.sampled_from(few), numbers]))
    matrix = draw(
        st.lists(st.lists(cell, min_size=rows, max_size=rows), min_size=columns, max_size=columns).map(np.array)
    )
    y = np.array(draw(st.lists(st.integers(0, labels - 1), min_size=rows, max_size=rows)))
    return matrix, y, labels


@settings(max_examples=150, deadline=None)
@given(cases())
def test_values_side_by_side_tell_what_each_tells_alone(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    matrix, y, labels = case
    matrix = np.stack([plain(column) for column in matrix])
    codes, curve, counts = codes_abreast(matrix)
    told = tell_abreast(codes, curve, y, labels)
    for row, column in enumerate(matrix):
        alone, values = codes_of(column)
        assert codes[row].tolist() == alone.tolist()
        assert values is not None
        assert counts[row] == len(values)
        np.testing.assert_array_equal(curve[row, : len(values)], values)
        assert told[row] == tells(alone, values, y, labels)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_tables_side_by_side_tell_what_each_tells_alone(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    matrix, y, labels = case
    matrix = np.stack([plain(column) for column in matrix])
    for view in (_decimals, _last_digit):
        codes = view(matrix)
        for told, row, column in zip(tell_abreast(codes, None, y, labels), codes, matrix, strict=True):
            np.testing.assert_array_equal(row, view(column))
            assert told == tells(row, None, y, labels)
    np.testing.assert_array_equal(_after_point(matrix), [_after_point(column) for column in matrix])


def test_batches_hold_every_column_once() -> None:
    rng = np.random.default_rng(0)
    table = {f"x{place}": rng.normal(size=300) for place in range(50)}
    rows = rng.permutation(300)[:200]
    found: dict[str, np.ndarray] = {}
    for names, matrix in batches(table, list(table), rows, weight=200):
        assert len(names) < 50
        found |= dict(zip(names, matrix, strict=True))
    assert list(found) == list(table)
    for name, column in found.items():
        np.testing.assert_array_equal(column, table[name][rows])


@pytest.mark.parametrize("values", [2, 4, 40, 250, 300, 100_000])
def test_what_does_not_repeat_is_no_mean(values: int) -> None:
    rng = np.random.default_rng(values)
    columns = {f"x{place}": rng.integers(0, values, 300) / 7 for place in range(30)}
    for column in columns.values():
        column[rng.random(300) < rng.random()] = np.nan
    kinds = {name: Type(type="number", optional=True) for name in columns}
    dataset = with_table(classes(rng.integers(0, 2, 300)), columns, kinds)
    rows = np.arange(280)
    expected = []
    for name, column in columns.items():
        held = column[rows][np.isfinite(column[rows])]
        if len(np.unique(held)) >= _FEWEST_VALUES and len(held) - len(np.unique(held)) >= _REPEATS:
            expected.append(name)
    assert _repeating(Case(dataset, rows, rows[:0]), rows) == expected

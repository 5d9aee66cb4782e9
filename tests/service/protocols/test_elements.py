"""Elements in JSON: scalars, vectors of any length, values of type json; what a caller states costs nothing."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.problem import Problem
from smeaton.service.protocols._elements import json_values, scalars, vectors
from smeaton.service.settings import Limits

PATH = "inputs[0]"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def vector(data: Any, rows: int, width: int, nulls: Any = ()) -> Any:
    return vectors(data, rows, width, "FP64", frozenset(nulls), PATH)


def path_of(call: Any, *given: Any) -> str:
    with pytest.raises(Problem) as caught:
        call(*given)
    return caught.value.path


def test_vectors_flat_and_nested() -> None:
    assert vector([1, 2, 3, 4], 2, 2) == [[1, 2], [3, 4]]
    assert vector([[1, 2], None], 2, 2) == [[1, 2], None]
    assert vector([None, None, 3, 4], 2, 2) == [None, [3, 4]]
    assert vector(["x", "y", 3, 4], 2, 2, [0]) == [None, [3, 4]]
    assert vector(["x", [3, 4]], 2, 2, [0]) == [None, [3, 4]]


def test_vectors_that_are_not_as_stated() -> None:
    assert path_of(vector, [1, 2, 3], 2, 2) == "inputs[0].shape"
    assert path_of(vector, [[1, 2], 3, 4], 2, 2) == "inputs[0].shape"
    assert path_of(vector, [[1, 2]], 2, 2) == "inputs[0].shape"
    assert path_of(vector, [[1, 2], [3]], 2, 2) == "inputs[0].data[1]"
    assert path_of(vector, [[1, 2], [3, "x"]], 2, 2) == "inputs[0].data[1][1]"
    assert path_of(vector, [1, 2, 3, "x"], 2, 2) == "inputs[0].data[3]"
    assert path_of(vector, [[[1], 2]], 1, 2) == "inputs[0].data[0][0]"


def test_a_stated_length_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        assert vector([None], 1, 10**12) == [None]
        assert path_of(vector, [1], 1, 10**4000) == "inputs[0].shape"
        assert path_of(vector, [[1]], 1, 10**12) == "inputs[0].data[0]"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@given(
    st.lists(JSON, max_size=6), st.integers(0, 4), st.integers(1, 3), st.sampled_from(["FP32", "INT8", "BOOL", "BYTES"])
)
def test_any_data_is_so_many_elements_or_refused(data: list[Any], rows: int, width: int, datatype: str) -> None:
    for read in (
        lambda: len(scalars(data, rows * width, width, datatype, (), PATH)) == rows * width,
        lambda: len(vectors(data, rows, width, datatype, (), PATH)) == rows,
    ):
        try:
            right = read()
        except Problem as problem:
            right = problem.path.startswith(("inputs[0].data", "inputs[0].shape"))
        assert right


def test_json_from_text() -> None:
    texts = ['{"a": [1, null]}', None, " ", "3", '"x"', "null"]
    assert json_values(texts, Limits(), lambda row: f"at {row}") == [{"a": [1, None]}, None, None, 3, "x", None]


@pytest.mark.parametrize("text", ["{", "1,2", '1,"b":2', '{"a":1,"a":2}', "NaN", "[" * 100 + "]" * 100, "x", "1}"])
def test_text_that_is_not_one_value_of_json(text: str) -> None:
    assert path_of(json_values, ["1", text], Limits(), lambda row: f"at {row}") == "at 1"

"""Tensors as bytes: every length is checked before it is used, and what is written is what is read."""

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.problem import Problem
from smeaton.service.protocols._binary import as_bytes, cut, elements, json_length, text_of
from smeaton.service.protocols._datatypes import DATATYPES, LARGEST, NUMPY, RANGES

LONGEST = 1000


def read(datatype: str, count: int, data: bytes, nulls: Any = ()) -> list[Any]:
    return elements(datatype, count, memoryview(data), frozenset(nulls), "inputs[0]", LONGEST)


def refused(datatype: str, count: int, data: bytes, nulls: Any = ()) -> str:
    with pytest.raises(Problem) as caught:
        read(datatype, count, data, nulls)
    assert caught.value.status == 422
    return caught.value.path


@given(st.data(), st.sampled_from(sorted(RANGES)))
def test_whole_numbers_come_back(data: st.DataObject, datatype: str) -> None:
    low, high = RANGES[datatype]
    values = data.draw(st.lists(st.integers(low, high)))
    assert read(datatype, len(values), as_bytes(datatype, values)) == values


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False)))
def test_doubles_come_back_bit_for_bit_and_null_is_not_a_number(values: list[float | None]) -> None:
    found = read("FP64", len(values), as_bytes("FP64", values))
    assert found == values
    signs = [math.copysign(1, value) for value in values if value is not None]
    assert [math.copysign(1, value) for value in found if value is not None] == signs


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=("Cs",)), min_size=1)))
def test_texts_come_back_and_null_is_an_empty_one(values: list[str | None]) -> None:
    assert read("BYTES", len(values), as_bytes("BYTES", values)) == values


@given(st.lists(st.booleans()))
def test_booleans_come_back(values: list[bool]) -> None:
    found = read("BOOL", len(values), as_bytes("BOOL", values))
    assert found == values
    assert set(map(type, found)) <= {bool}


@given(st.binary(max_size=64), st.integers(0, 20), st.sampled_from(sorted(DATATYPES)))
def test_any_bytes_are_elements_or_refused(data: bytes, count: int, datatype: str) -> None:
    try:
        found = read(datatype, count, data)
    except Problem as problem:
        path = problem.path
    else:
        assert len(found) == count
        return
    assert path.startswith("inputs[0].")


@pytest.mark.parametrize("datatype", sorted(NUMPY))
def test_a_datatype_is_little_endian_and_has_its_size(datatype: str) -> None:
    size = np.dtype(NUMPY[datatype]).itemsize
    assert read(datatype, 1, b"\x01" + bytes(size - 1))[0] in (True, 1, pytest.approx(0, abs=1e-6))
    assert refused(datatype, 2, bytes(size)) == "inputs[0].parameters.binary_data_size"
    assert refused(datatype, 1, bytes(size + 1)) == "inputs[0].parameters.binary_data_size"


def test_half_floats() -> None:
    assert read("FP16", 3, np.array([1.5, np.nan, 65504], "<f2").tobytes()) == [1.5, None, 65504.0]
    assert read("BF16", 3, struct.pack("<3H", 0x3FC0, 0x7FC0, 0x7F7F)) == [1.5, None, LARGEST["BF16"]]
    assert LARGEST["FP32"] == float(np.finfo(np.float32).max)


def test_infinity_is_no_null() -> None:
    assert read("FP32", 2, np.array([np.inf, -np.inf], "<f4").tobytes()) == [math.inf, -math.inf]  # readers refuse it


def test_what_nulls_name_is_not_looked_at() -> None:
    assert read("INT8", 3, b"\x01\x02\x03", [1]) == [1, None, 3]
    assert read("BOOL", 2, b"\x07\x01", [0]) == [None, True]
    assert read("BYTES", 2, b"\x01\0\0\0\xff" + b"\x01\0\0\0a", [0]) == [None, "a"]


def test_texts_whose_lengths_do_not_fit() -> None:
    assert refused("BYTES", 2, b"\0\0\0\0") == "inputs[0].parameters.binary_data_size"
    assert refused("BYTES", 10**30, b"\0\0\0\0") == "inputs[0].parameters.binary_data_size"
    assert refused("BYTES", 1, b"\xff\xff\xff\xffabc") == "inputs[0].data[0]"
    assert refused("BYTES", 2, b"\x05\0\0\0abcde\0\0") == "inputs[0].data[1]"
    assert refused("BYTES", 1, b"\x01\0\0\0ab") == "inputs[0].parameters.binary_data_size"
    assert refused("BYTES", 1, b"\x01\0\0\0\xff") == "inputs[0].data[0]"
    assert refused("BYTES", 1, as_bytes("BYTES", ["a" * (LONGEST + 1)])) == "inputs[0].data[0]"
    assert refused("BOOL", 3, b"\0\1\2") == "inputs[0].data[2]"


def test_an_empty_text_is_null() -> None:
    assert text_of(memoryview(b""), "body", LONGEST) is None
    assert text_of(memoryview("é".encode()), "body", LONGEST) == "é"


def tensor(size: Any, **more: Any) -> dict[str, Any]:
    return {"parameters": {"binary_data_size": size}, **more}


def test_bytes_are_cut_in_the_order_of_tensors() -> None:
    cuts = cut([tensor(2), {"data": []}, {"parameters": {}}, tensor(0), tensor(3)], b"{}abcde", 2, "inputs")
    assert [None if piece is None else bytes(piece) for piece in cuts] == [b"ab", None, None, b"", b"cde"]


@pytest.mark.parametrize(
    ("tensors", "path"),
    [
        ([tensor(4)], "inputs"),
        ([tensor(2)], "inputs"),
        ([tensor(2), tensor(2)], "inputs"),
        ([], "inputs"),
        ([tensor(10**4000), tensor(10**4000)], "inputs"),
        ([tensor(-1)], "inputs[0].parameters.binary_data_size"),
        ([{}, tensor(3.0)], "inputs[1].parameters.binary_data_size"),
        ([tensor(True)], "inputs[0].parameters.binary_data_size"),
        ([tensor("3")], "inputs[0].parameters.binary_data_size"),
        ([tensor(None)], "inputs[0].parameters.binary_data_size"),
        ([tensor(3, data=[1])], "inputs[0].data"),
    ],
)
def test_sizes_that_are_not_the_rest_of_the_body_are_refused(tensors: list[Any], path: str) -> None:
    with pytest.raises(Problem) as caught:
        cut(tensors, b"{}abc", 2, "inputs")
    assert caught.value.path == path


@pytest.mark.parametrize("given", [b"", b"-1", b"+1", b"1.0", b"x", b"6", b"1" * 5000, b" 5", b"5,5", "²".encode()])
def test_a_header_that_is_no_length_of_json_in_the_body_is_refused(given: bytes) -> None:
    with pytest.raises(Problem) as caught:
        json_length({b"inference-header-content-length": given}, b"12345")
    assert (caught.value.status, caught.value.path) == (400, "Inference-Header-Content-Length")


def test_the_header_may_be_left_out() -> None:
    assert json_length({}, b"12345") is None
    assert json_length({b"inference-header-content-length": b"5"}, b"12345") == 5
    assert json_length({b"inference-header-content-length": b"0"}, b"12345") == 0


def test_nulls_of_whole_numbers_and_booleans_are_zero() -> None:
    assert as_bytes("INT64", [1, None]) == struct.pack("<2q", 1, 0)
    assert as_bytes("BOOL", [True, None]) == b"\x01\x00"

"""The reader of safetensors files: every element type, and no damaged file."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_weights import write_safetensors

from smeaton.errors import InputError
from smeaton.weights._safetensors import header, read


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8"])
def test_tensors_are_read_as_they_were_written(dtype: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    first, second = np.arange(6).reshape(2, 3).astype(dtype), np.arange(4).astype(dtype)
    write_safetensors(path, {"first": first, "second": second, "none": np.zeros((0, 3), dtype=dtype)})
    for name, value in (("first", first), ("second", second), ("none", np.zeros((0, 3), dtype=dtype))):
        found = read(path, name)
        assert found.dtype == dtype
        assert np.array_equal(found, value)


def test_brain_floats_become_single_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    values = np.array([[0.0, 1.0, -2.5], [0.15625, 3.0e38, -1e-30]], dtype=np.float32)
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    write_safetensors(path, {"a": np.zeros(3, dtype=np.uint8), "b": bits}, brain=["b"])
    found = read(path, "b")
    assert found.dtype == np.float32
    assert found.shape == (2, 3)
    assert np.allclose(found, values, rtol=2**-7)
    assert found[0].tolist() == [0.0, 1.0, -2.5]


def test_what_is_not_there_is_said_with_what_is(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"one": np.zeros(2), "two": np.zeros(2)})
    with pytest.raises(InputError, match="'three' is not among one, two"):
        read(path, "three")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}, "of type F8_E4M3"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 4]}, "has not the bytes of its shape"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}, "lies outside the file"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [8, 4]}, "lies outside the file"),
        ({"dtype": "F32", "shape": [1]}, "data_offsets"),
        ({"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}, "has the shape"),
        ({"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}, "has the shape"),
    ],
)
def test_a_header_that_lies_is_refused(entry: object, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    data = json.dumps({"a": entry}).encode()
    path.write_bytes(len(data).to_bytes(8, "little") + data + bytes(16))
    with pytest.raises(InputError, match=why):
        read(path, "a")


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    for content in (data, len(data).to_bytes(8, "little") + data, (1 << 60).to_bytes(8, "little") + data):
        path.write_bytes(content)
        try:
            entries, _ = header(path)
        except InputError as error:
            said = error.message
        else:
            said = "is no safetensors file" if not entries else "it has tensors"
        assert "is no safetensors file" in said


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"a": np.zeros(100)})
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InputError, match="lies outside the file"):
        header(path)

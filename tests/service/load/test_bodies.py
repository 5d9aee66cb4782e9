"""Rows as bodies."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import InputError
from smeaton.service.load.bodies import bodies, groups, path_of, read_rows

ROWS = [{"a": 1, "b": None}, {"a": 2, "b": "x"}, {"a": 3}]


@given(st.integers(1, 20), st.integers(1, 50))
def test_each_row_is_asked_equally_often(count: int, size: int) -> None:
    made = list(groups([{"n": number} for number in range(count)], size))
    assert len(made) == count
    assert all(len(group) == size for group in made)
    asked = [row["n"] for group in made for row in group]
    assert all(asked.count(number) == size for number in range(count))


@pytest.mark.parametrize(("wire", "key"), [("rest", "rows"), ("v1", "instances")])
def test_rows_as_objects(wire: str, key: str) -> None:
    assert [json.loads(body) for body in bodies(wire, ROWS, 1)] == [{key: [row]} for row in ROWS]
    assert json.loads(bodies(wire, ROWS, 2)[1]) == {key: [ROWS[2], ROWS[0]]}


def test_rows_as_tensors() -> None:
    inputs = [{"name": "a", "datatype": "INT64"}, {"name": "b", "datatype": "BYTES"}]
    assert json.loads(bodies("oip", ROWS, 3, inputs)[0]) == {
        "inputs": [
            {"name": "a", "datatype": "INT64", "shape": [3, 1], "data": [1, 2, 3]},
            {"name": "b", "datatype": "BYTES", "shape": [3, 1], "data": [None, "x", None]},
        ]
    }


def test_paths() -> None:
    assert path_of("rest", "m") == "/models/m/predict"
    assert path_of("oip", "m") == "/v2/models/m/infer"
    assert path_of("v1", "m") == "/v1/models/m:predict"


def test_plain_rows_and_samples_of_a_bundle(tmp_path: Path) -> None:
    plain, samples = tmp_path / "rows.jsonl", tmp_path / "samples.jsonl"
    plain.write_text('{"a": 1}\n\n{"a": 2}\n')
    samples.write_text('{"input": {"a": 1}, "output": {"prediction": true}}\n{"input": {"a": 2}}\n')
    assert read_rows(plain) == read_rows(samples) == [{"a": 1}, {"a": 2}]


def test_an_input_column_of_that_name(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"input": "text"}\n{"input": "more"}\n')
    assert read_rows(file) == [{"input": "text"}, {"input": "more"}]


@pytest.mark.parametrize(
    ("content", "place"), [("", "rows.jsonl"), ("[1]\n", "rows.jsonl:1"), ('{}\n{"a": ', "rows.jsonl:2")]
)
def test_no_rows(content: str, place: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(content)
    with pytest.raises(InputError) as caught:
        read_rows(file)
    assert caught.value.where.endswith(place)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_rows(tmp_path / "none.jsonl")

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import DataError
from smeaton.task.arrays import TABLE_FILE, open_table, save_table
from smeaton.task.table import object_column

texts = st.text(st.characters(codec=None, categories=None, exclude_categories=()), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
cells = {
    "mixed": scalars,
    "text": st.none() | texts,
    "boolean": st.none() | st.booleans(),
    "bytes": st.none() | st.binary(max_size=8),
    "json": st.none() | st.lists(st.integers() | st.text(), max_size=3) | st.dictionaries(st.text(), st.booleans()),
}


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return repr(a) == repr(b)
    return type(a) is type(b) and a == b


@st.composite
def tables(draw: st.DrawFn) -> dict[str, np.ndarray]:
    rows = draw(st.integers(0, 30))
    table: dict[str, np.ndarray] = {}
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from([*cells, "number", "integer", "timestamp", "vector"]))
        name = draw(texts) + str(number)
        if kind in cells:
            table[name] = object_column(draw(st.lists(cells[kind], min_size=rows, max_size=rows)))
        elif kind == "timestamp":
            ticks = draw(st.lists(st.integers(-(2**62), 2**62), min_size=rows, max_size=rows))
            table[name] = np.array(ticks, dtype=np.int64).astype("datetime64[us]")
            table[name][:1] = np.datetime64("NaT")
        elif kind == "integer":
            values = draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=rows, max_size=rows))
            table[name] = np.array(values, dtype=np.int64)
        elif kind == "vector":
            table[name] = np.full((rows, 3), draw(st.floats(width=32)), dtype=np.float32)
        else:
            table[name] = np.array(draw(st.lists(st.floats(), min_size=rows, max_size=rows)), dtype=np.float64)
    return table


@settings(max_examples=150, deadline=None)
@given(tables())
def test_what_is_saved_is_read_back(table: dict[str, np.ndarray]) -> None:
    with TemporaryDirectory() as folder:
        save_table(table, Path(folder))
        back = open_table(Path(folder))
        assert list(back) == list(table)
        for name, column in table.items():
            assert back[name].dtype == column.dtype
            assert back[name].shape == column.shape
            if column.dtype == object:
                assert all(map(same, back[name].tolist(), column.tolist()))
            else:
                assert back[name].tobytes() == column.tobytes()


def test_many_texts_are_stored_as_bytes(tmp_path: Path) -> None:
    column = object_column([None, "", *(f"text {i} \N{SNOWMAN}" for i in range(300))])
    save_table({"body": column}, tmp_path)
    assert (tmp_path / "c0.bin").exists()
    assert open_table(tmp_path)["body"].tolist() == column.tolist()


def test_numbers_are_mapped_and_read_only(tmp_path: Path) -> None:
    save_table({"a": np.arange(10.0)}, tmp_path)
    column = open_table(tmp_path)["a"]
    assert isinstance(column, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1


def test_columns_of_one_kind_share_a_file(tmp_path: Path) -> None:
    table: dict[str, np.ndarray] = {f"x{place}": np.arange(5) / (place + 1) for place in range(300)}
    table |= {f"c{place}": object_column([None, "a", "b", f"{place}", "a"]) for place in range(300)}
    table |= {f"t{place}": np.arange(place, place + 5).astype("datetime64[us]") for place in range(300)}
    save_table(table, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    back = open_table(tmp_path, without=["x0", "c7"])
    assert list(back) == [name for name in table if name not in ("x0", "c7")]
    for name, column in back.items():
        np.testing.assert_array_equal(column, table[name])


def test_labels_of_different_types_stay_apart(tmp_path: Path) -> None:
    column = object_column([True, 1, 1.0, "1", None, False, 0, -0.0, 0.0, math.inf] * 3)
    save_table({"label": column}, tmp_path)
    back = open_table(tmp_path)["label"].tolist()
    assert [repr(value) for value in back] == [repr(value) for value in column.tolist()]


def test_what_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="complex"):
        save_table({"a": object_column([1j])}, tmp_path)
    with pytest.raises(ValueError, match="3 rows, the others have 2"):
        save_table({"a": np.zeros(2), "b": np.zeros(3)}, tmp_path)


@pytest.mark.parametrize("damage", ["missing", "cut head", "cut column", "no column"])
def test_damage_is_told(tmp_path: Path, damage: str) -> None:
    save_table({"a": np.arange(100.0), "b": object_column([f"{i}" for i in range(100)])}, tmp_path)
    if damage == "missing":
        (tmp_path / TABLE_FILE).unlink()
    elif damage == "cut head":
        (tmp_path / TABLE_FILE).write_text('{"rows": 1')
    elif damage == "cut column":
        (tmp_path / "c1.bin").write_bytes(b"12")
    else:
        (tmp_path / "c0.npy").unlink()
    with pytest.raises(DataError) as caught:
        open_table(tmp_path)
    assert caught.value.fix
    assert caught.value.where == str(tmp_path)


def test_a_table_of_another_version_says_so(tmp_path: Path) -> None:
    (tmp_path / TABLE_FILE).write_text('{"rows": 1, "columns": [{"name": "a", "kind": "values"}]}')
    with pytest.raises(DataError, match="a column of kind 'values' is of another version of Smeaton"):
        open_table(tmp_path)

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data._make import DAY, classes

from smeaton.data.dataset import Dataset, content_hash
from smeaton.errors import DataError
from smeaton.task.table import object_column


def test_saved_and_opened(tmp_path: Path) -> None:
    dataset = replace(
        classes(np.arange(30) % 3, group=np.arange(30) // 2, time=DAY + np.arange(30), weight=np.ones(30)),
        ids=object_column([f"r{i}" for i in range(30)]), sealed=np.arange(20, 30), notes=("said",), hash="abc",
    )  # fmt: skip
    dataset.save(tmp_path)
    back = Dataset.open(tmp_path)
    assert back.task == dataset.task
    assert (back.notes, back.hash) == (("said",), "abc")
    for role in ("target", "ids", "group", "time", "weight", "sealed"):
        np.testing.assert_array_equal(getattr(back, role), getattr(dataset, role))
    assert list(back.table) == list(dataset.table)
    np.testing.assert_array_equal(back.table["x"], dataset.table["x"])
    assert back.table["c"].tolist() == dataset.table["c"].tolist()
    assert back.rows_hash(np.arange(5)) == dataset.rows_hash(np.arange(5))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no prepared dataset"):
        Dataset.open(tmp_path)


def test_roles_may_be_absent(tmp_path: Path) -> None:
    classes(np.arange(30) % 3).save(tmp_path)
    back = Dataset.open(tmp_path)
    assert back.group is back.time is back.weight is back.ids is back.sealed is None


def test_ids_may_stay_on_the_disk(tmp_path: Path) -> None:
    dataset = replace(classes(np.arange(30) % 3), ids=object_column([f"r{i}" for i in range(30)]))
    dataset.save(tmp_path)
    back = Dataset.open(tmp_path, ids=False)
    assert back.ids is None
    np.testing.assert_array_equal(back.target, dataset.target)


def test_hash_sees_content_only() -> None:
    nan = np.array([np.nan, 0.0, 1.0])
    other = np.array([-np.nan, -0.0, 1.0])
    assert content_hash({"a": nan, "b": nan}) == content_hash({"b": other, "a": other})
    assert content_hash({"a": nan}) != content_hash({"b": nan})
    assert content_hash({"a": object_column(["1", None])}) != content_hash({"a": object_column([1, None])})
    assert content_hash({"a": object_column(["x", "y"])}) != content_hash({"a": object_column(["y", "x"])})
    assert content_hash({"a": object_column([[1], None])}) != content_hash({"a": object_column([[2], None])})
    assert content_hash({"a": object_column(["ab", "c"])}) != content_hash({"a": object_column(["a", "bc"])})


def test_rows_hash_is_of_the_rows() -> None:
    dataset = classes(np.arange(30) % 3)
    assert dataset.rows_hash(np.arange(5)) == dataset.rows_hash(np.arange(5))
    assert dataset.rows_hash(np.arange(5)) != dataset.rows_hash(np.arange(1, 6))

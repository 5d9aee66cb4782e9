"""Columns that go together, of numbers, moments and categories."""

import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.reporting.sections._together import together
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type


def found(table: dict[str, Array], kinds: dict[str, Type]) -> list[tuple[list[str], float]]:
    rows = len(next(iter(table.values())))
    task = Task(data=Data(), inputs=kinds, output={"y": Type(type="number")})
    return together(Dataset(task, table, np.zeros(rows)), np.arange(rows), list(table))


def test_columns_that_say_the_same_are_one_set() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=500)
    table = {
        "x": x,
        "falls": -np.exp(x),
        "when": np.datetime64("2024-01-01", "us") + (x * 1e9).astype(np.int64) * np.timedelta64(1, "us"),
        "free": draw.normal(size=500),
        "missing": np.where(draw.random(500) < 0.1, np.nan, x),
    }
    kinds = {name: Type(type="timestamp" if name == "when" else "number") for name in table}
    ((names, strength),) = found(table, kinds)
    assert names == ["x", "falls", "when", "missing"]
    assert strength == pytest.approx(1.0, abs=0.01)


def test_categories_are_held_against_categories_and_bins() -> None:
    draw = np.random.default_rng(1)
    code = draw.integers(0, 4, 600)
    table = {
        "kind": object_column([f"k{one}" for one in code]),
        "same": object_column([f"s{one % 4}" for one in code + 1]),
        "level": code * 10.0 + draw.normal(size=600),
        "free": object_column([f"f{one}" for one in draw.integers(0, 4, 600)]),
        "id": object_column([f"row {one}" for one in range(600)]),
    }
    kinds = {name: Type(type="number" if name == "level" else "category") for name in table}
    ((names, strength),) = found(table, kinds)
    assert names == ["kind", "same", "level"]
    assert strength == pytest.approx(1.0, abs=0.01)


def test_constants_and_texts_go_with_nothing() -> None:
    table = {"one": np.ones(50), "two": np.ones(50), "text": object_column(["a b", "c"] * 25)}
    kinds = {"one": Type(type="number"), "two": Type(type="number"), "text": Type(type="text")}
    assert found(table, kinds) == []

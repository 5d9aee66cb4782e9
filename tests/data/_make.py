"""Datasets for the tests, made without reading files."""

from typing import Any

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

DAY = np.datetime64("2026-01-01", "us")


def classes(y: Any, **roles: Any) -> Dataset:
    """A dataset of one number whose target is codes of classes."""
    y = np.asarray(y, dtype=np.int64)
    labels = tuple(f"l{code}" for code in range(int(y.max()) + 1))
    return _dataset(y, Type(type="category", labels=labels), roles)


def numbers(y: Any, **roles: Any) -> Dataset:
    """A dataset of one number whose target is numbers."""
    return _dataset(np.asarray(y, dtype=np.float64), Type(type="number"), roles)


def _dataset(y: Any, output: Type, roles: dict[str, Any]) -> Dataset:
    inputs = {"x": Type(type="number"), "c": Type(type="category")}
    changes = roles.pop("task", {})
    task = Task(data=Data(), output={"y": output}, inputs=inputs, **changes)
    rng = np.random.default_rng(len(y))
    table = {"x": rng.normal(size=len(y)), "c": object_column(rng.choice(["a", "b", None], len(y)).tolist())}
    return Dataset(task=task, table=table, target=y, **roles)


def with_table(dataset: Dataset, table: dict[str, Any], types: dict[str, Type]) -> Dataset:
    """The dataset with other inputs."""
    from dataclasses import replace

    return replace(dataset, table=table, task=dataset.task.with_(inputs=types))

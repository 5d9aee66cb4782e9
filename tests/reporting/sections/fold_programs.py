"""Fold programs without a build: a function of the columns, asked as the real ones are."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.reporting.sections._asked import Asked, Part
from smeaton.runtime.engine import Engine
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, object_column, rows_in
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

Answer = Callable[[Table], Array]


def made(
    table: dict[str, Array],
    target: Array,
    answer: Answer,
    *,
    kinds: dict[str, Type] | None = None,
    labels: Sequence[str] = (),
    inputs: Sequence[str] | None = None,
    folds: int = 2,
    pace: float = 1e-6,
) -> Asked:
    """Programs that answer by `answer`: numbers, or with `labels` probabilities (rows, labels)."""
    types = kinds or {name: Type(type="number") for name in table}
    kind = Type(type="category", labels=tuple(labels)) if labels else Type(type="number")
    dataset = Dataset(Task(data=Data(), inputs=types, output={"y": kind}), table, target)
    read = tuple(inputs if inputs is not None else table)

    def run(rows: Table) -> dict[str, Array]:
        said = answer(rows)
        assert len(said) == rows_in(rows)
        if not labels:
            return {PREDICTION: said}
        return {PREDICTION: object_column(list(labels))[said.argmax(axis=1)], PROBABILITY: said}

    engine: Any = SimpleNamespace(program=SimpleNamespace(inputs=read), run=run)
    parts = [
        Part(number, cast(Engine, engine), rows, rows)
        for number in range(folds)
        for rows in (np.random.default_rng(number).permutation(np.arange(number, len(target), folds)),)
    ]
    return Asked(dataset, parts, folds, [None] * folds, None, None, None, pace)

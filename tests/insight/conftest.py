"""Evidence without a build: rows, targets and answers as a test wants them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.insight.evidence import Evidence
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

Maker = Callable[..., Evidence]


@pytest.fixture
def evidence() -> Maker:
    """`evidence(texts, target, probability)` of labels a, b, c, ...; `output` for other types."""

    def make(
        texts: Sequence[str],
        target: Any,
        probability: Any = None,
        output: Type | None = None,
        prediction: Any = None,
        ids: Any = None,
    ) -> Evidence:
        shares = None if probability is None else np.asarray(probability, dtype=np.float64)
        names = tuple("abcdefgh"[: shares.shape[1]]) if shares is not None else ()
        kind = output or Type(type="category", labels=names)
        task = Task(data=Data(), inputs={"text": Type(type="text")}, output={"label": kind})
        column = np.asarray(target)
        data = Dataset(task, {"text": object_column(list(texts))}, column, ids=ids)
        said = object_column(kind.labels or ())[shares.argmax(axis=1)] if prediction is None else prediction
        return Evidence(data, np.arange(len(column)), column, said, shares, "linear", "k")

    return make


def sure(codes: np.ndarray, labels: int, top: float = 0.9) -> np.ndarray:
    """Probabilities that name each code."""
    chance = np.full((len(codes), labels), (1 - top) / (labels - 1))
    chance[np.arange(len(codes)), codes] = top
    return chance

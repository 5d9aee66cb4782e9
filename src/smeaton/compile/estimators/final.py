"""What stands at the end of a pipeline: an estimator whose answers a graph can give."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from smeaton.compile.estimators.cells import Cell, Flow, class_of
from smeaton.task.table import Array


class Final(ABC):
    """A fitted estimator that has an exact form.

    Its answers are probabilities (rows, classes) in the order of `classes_`, or numbers (rows, 1).
    """

    nulls = True  #: whether it takes columns with nulls
    largest: float | None = None  #: numbers beyond it are read as it: the trainer would refuse them

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def name(self) -> str:
        """Its class."""
        return class_of(self.estimator)

    def answers(self, matrix: Any) -> Array:
        """What the trainer itself answers to its matrix (a data frame, an array, or a sparse one)."""
        bounded = matrix if self.largest is None else _bounded(matrix, self.largest)
        return self.asked(bounded)

    def asked(self, matrix: Any) -> Array:
        """The same for a matrix without numbers that the trainer refuses."""
        if hasattr(self.estimator, "predict_proba"):
            return np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)
        return np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)

    @abstractmethod
    def write(self, flow: Flow, cells: Sequence[Cell]) -> str:
        """The same answers as a value of the graph."""


def _bounded(matrix: Any, largest: float) -> Any:
    """The matrix without numbers beyond `largest`, in its own form."""
    if hasattr(matrix, "toarray"):  # a sparse one
        matrix = matrix.toarray()
    plain = np.clip(np.asarray(matrix, dtype=np.float64), -largest, largest)
    if not hasattr(matrix, "columns"):
        return plain
    return type(matrix)(plain, index=matrix.index, columns=matrix.columns)

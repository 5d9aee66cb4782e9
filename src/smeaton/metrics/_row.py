"""`RowMetric`: a metric put together from two functions; what most parts bind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.metrics import Better, Kind, Needs, Unit
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def first(means: Array) -> Array:
    """The value of a plain mean: its only statistic."""
    return means[..., 0]


@dataclass(slots=True)
class RowMetric:
    """`statistics(answers, target, labels)` gives (rows, k) or (rows,); `combine(means)` the value."""

    better: Better
    tasks: tuple[Kind, ...]
    needs: Needs
    unit: Unit
    best: float | None
    statistics: Callable[[Table, Array, Sequence[Label]], Array]
    combine: Callable[[Array], Array] = first

    def rows(
        self,
        answers: Table,
        target: Array,
        labels: Sequence[Label],
        weight: Array | None = None,
        groups: Array | None = None,
    ) -> Array:
        """Statistics of each row; see the contract."""
        found = self.statistics(answers, target, labels)
        return found[:, None] if found.ndim == 1 else found

    def value(self, means: Array) -> Array:
        """Metric values from means; see the contract."""
        return self.combine(np.asarray(means, dtype=np.float64))


def ratio(above: Array, below: Array, otherwise: float) -> Array:
    """`above / below`, and `otherwise` where there is nothing to divide by."""
    empty = below <= 0
    return np.where(empty, otherwise, above / np.where(empty, 1.0, below))

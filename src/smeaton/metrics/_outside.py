"""`OutsideMetric`: a metric that must know which label means "none of these"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smeaton.metrics import Better, Kind, Needs, Unit
from smeaton.metrics._read import codes
from smeaton.metrics._row import first
from smeaton.task.table import Array, Table
from smeaton.task.task import Task
from smeaton.task.types import Label

#: Shown among the usual metrics of a task with an outside label.
OUTSIDE = ("outside_f1", "outside_recall", "inside_accuracy")


def has_outside(task: Task) -> bool:
    """Whether one label of the task's output means "none of these"."""
    return task.answer == "class" and task.output_type.outside is not None


@dataclass(slots=True)
class OutsideMetric:
    """`statistics(code, target, outside)` gives (rows, k) from codes of answers (-1: invalid), codes of truths and the
    code of the outside label; `combine(means)` the value. Until a task names the label (`of`) it is the last one."""

    statistics: Callable[[Array, Array, int], Array]
    combine: Callable[[Array], Array] = first
    outside: Label | None = None
    better: Better = "higher"
    tasks: tuple[Kind, ...] = ("multiclass",)
    needs: Needs = "prediction"
    unit: Unit = "share"
    best: float | None = 1.0

    def of(self, task: Task) -> "OutsideMetric":
        """The metric of a task, whose output type names the label."""
        return replace(self, outside=task.output_type.outside)

    def rows(
        self,
        answers: Table,
        target: Array,
        labels: Sequence[Label],
        weight: Array | None = None,
        groups: Array | None = None,
    ) -> Array:
        """Statistics of each row; see the contract."""
        place = len(labels) - 1 if self.outside is None else list(labels).index(self.outside)
        return self.statistics(codes(answers, labels, len(target)), target, place)

    def value(self, means: Array) -> Array:
        """Metric values from means; see the contract."""
        return self.combine(np.asarray(means, dtype=np.float64))


def binary(code: Array, target: Array, outside: int) -> Array:
    """Outside rows caught, other rows turned away, outside rows missed: (rows, 3). An invalid answer is wrong either
    way: it misses an outside row, and turns another away."""
    is_out = target == outside
    said = np.where(code < 0, ~is_out, code == outside)
    return np.stack([said & is_out, said & ~is_out, ~said & is_out], axis=1)

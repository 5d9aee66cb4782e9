"""`TaskMetric`: a metric that reads more of the task than its labels (its costs, its quantile, its level)."""

from collections.abc import Callable
from dataclasses import dataclass

from smeaton.metrics._row import RowMetric
from smeaton.task.task import Task


@dataclass(slots=True)
class TaskMetric(RowMetric):
    """`bound(task)` gives the metric of a task; `lacks(task)` says what a task must have for it, '' if it has it. By
    itself it judges as the task would that says the least."""

    bound: Callable[[Task], RowMetric] | None = None
    lacks: Callable[[Task], str] = lambda task: ""

    def of(self, task: Task) -> RowMetric:
        """The metric of a task."""
        return self if self.bound is None else self.bound(task)

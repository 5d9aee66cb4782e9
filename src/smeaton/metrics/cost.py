"""Mean cost of a row by the task's `costs`: what was said against what was true; lower is better.

An answer that is invalid, or no label at all, costs what the dearest answer to such a row costs.
"""

from collections.abc import Sequence

import numpy as np

from smeaton.metrics import Kind
from smeaton.metrics._of_task import TaskMetric
from smeaton.metrics._read import codes
from smeaton.metrics._row import RowMetric
from smeaton.task.costs import cost_matrix
from smeaton.task.table import Array, Table
from smeaton.task.task import Task
from smeaton.task.types import Label

_KINDS: tuple[Kind, ...] = ("binary", "multiclass", "ordered")


def _bound(matrix: Array) -> RowMetric:
    def rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
        code = codes(answers, labels, len(target))
        costs = matrix if len(matrix) else 1.0 - np.eye(len(labels))
        return np.where(code >= 0, costs[target, code], costs[target].max(axis=1))

    right = float(np.diag(matrix).max(initial=0.0)) if len(matrix) else 0.0
    return RowMetric("lower", _KINDS, "prediction", "", 0.0 if right == 0 else None, rows)


def _of(task: Task) -> RowMetric:
    return _bound(cost_matrix(task))


def _lacks(task: Task) -> str:
    return "" if task.costs else "needs `costs` in the task, and it has none"


part = TaskMetric("lower", _KINDS, "prediction", "", 0.0, _bound(np.zeros((0, 0))).statistics, bound=_of, lacks=_lacks)

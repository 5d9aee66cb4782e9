"""What an answer costs: the matrix of a task's `costs`, by actual and by predicted label.

What `costs` does not name costs 1 where the answer is wrong and 0 where it is right. Elkan (2001) has the rule that
decisions follow: of all answers the one with the lowest expected cost.
"""

from collections.abc import Mapping

import numpy as np

from smeaton.errors import TaskError
from smeaton.task.items import nearest
from smeaton.task.table import Array
from smeaton.task.task import Task


def check_costs(task: Task, places: Mapping[tuple[str, ...], str] | None = None) -> None:
    """Refuse costs of an output without one label a row, or of labels it does not have.

    `places` says where in a file the costs stand, and those of an actual and of a predicted label.

    Raises:
        TaskError: naming the label and the nearest one.
    """
    if not task.costs:
        return
    kind, known = task.output_type, places or {}
    if not kind.is_class:
        raise TaskError(
            f"costs are of labels, and {task.target!r} is of type {kind.type}",
            fix="remove costs, or make the output a boolean or a category",
            where=known.get((), "costs"),
        )
    labels = kind.text_labels() or (("false", "true") if kind.type == "boolean" else ())
    named = [path for actual, costs in task.costs.items() for path in ((actual,), *((actual, name) for name in costs))]
    for path in named if labels else ():
        if path[-1] not in labels:
            where = known.get(path, ".".join(("costs", *path[:-1])))
            raise TaskError(f"{path[-1]!r} is none of the labels", fix=nearest(path[-1], labels), where=where)


def cost_matrix(task: Task) -> Array:
    """What each answer costs, (labels, labels) float64: rows are actual labels, columns predicted ones, in the order of
    a pinned task's labels.

    Raises:
        TaskError: the costs do not fit the output.
    """
    check_costs(task)
    names = task.output_type.text_labels()
    matrix = 1.0 - np.eye(len(names))
    for actual, costs in task.costs.items():
        for predicted, cost in costs.items():
            matrix[names.index(actual), names.index(predicted)] = cost
    return matrix

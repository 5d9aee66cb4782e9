"""Mean absolute error, in the target's unit. An invalid answer is off to the farther end of the target's range."""

from collections.abc import Sequence

from smeaton.metrics._read import errors
from smeaton.metrics._row import RowMetric
from smeaton.task.table import Array, Table
from smeaton.task.types import Label


def _rows(answers: Table, target: Array, labels: Sequence[Label]) -> Array:
    return errors(answers, target)


part = RowMetric("lower", ("number",), "prediction", "target", 0.0, _rows)

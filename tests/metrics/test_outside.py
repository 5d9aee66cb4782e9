"""Metrics of the label that means "none of these", by hand; and where they are shown and refused."""

import numpy as np
import pytest

from smeaton.errors import TaskError
from smeaton.metrics._defaults import fits, load_metric, usual
from smeaton.metrics._intervals import mean
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

LABELS = ("none", "b", "c")


def task(outside: str | None = "none") -> Task:
    return Task(data=Data(), output={"y": Type(type="category", labels=LABELS, outside=outside)})


@pytest.mark.parametrize(
    ("name", "value"), [("outside_f1", 2 * 2 / (2 * 2 + 1 + 1)), ("outside_recall", 2 / 3), ("inside_accuracy", 3 / 5)]
)
def test_by_hand(name: str, value: float) -> None:
    target = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    said = ["none", "none", "b", "b", "none", "b", "c", "b"]
    metric = load_metric(name, task())
    stats = metric.rows({"prediction": object_column(said)}, target, LABELS)
    assert mean(metric, stats) == pytest.approx(value)


def test_they_are_shown_where_a_label_is_outside_and_refused_elsewhere() -> None:
    names = ("outside_f1", "outside_recall", "inside_accuracy")
    assert usual(task())[0] == "log_loss"
    assert usual(task())[-3:] == names
    assert not set(names) & set(usual(task(None)))
    assert not any(fits(name, task(None)) for name in names)
    with pytest.raises(TaskError, match="means none of the others"):
        load_metric("outside_f1", task(None))

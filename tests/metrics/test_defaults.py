from pathlib import Path

import numpy as np
import pytest

from smeaton import plugins
from smeaton.errors import TaskError
from smeaton.metrics._defaults import check_metric, default_metric, fits, load_metric, usual
from smeaton.metrics._intervals import mean
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type


def task(output: Type, **more: object) -> Task:
    return Task(data=Data(), output={"y": output}, inputs={}, **more)  # type: ignore[arg-type]


BOOLEAN = Type(type="boolean", labels=(False, True))
MANY = Type(type="category", labels=("a", "b", "c"))


def test_the_default_follows_from_the_type() -> None:
    assert default_metric(task(BOOLEAN)) == "log_loss"
    assert default_metric(task(MANY)) == "log_loss"
    assert default_metric(task(Type(type="integer"))) == "rmse"
    assert default_metric(task(Type(type="text"))) == "exact_match"
    with pytest.raises(TaskError, match="no metric judges an output of type 'vector'"):
        default_metric(task(Type(type="vector")))


def test_the_usual_ones_exist_fit_and_begin_with_the_tasks_own() -> None:
    for output in (BOOLEAN, MANY, Type(type="number"), Type(type="text")):
        for name in usual(task(output)):
            assert fits(name, task(output)), name
    assert usual(task(MANY, metric="macro_f1"))[0] == "macro_f1"
    assert usual(task(MANY, metric="macro_f1")).count("macro_f1") == 1


def test_a_metric_that_does_not_fit_is_refused_with_those_that_do() -> None:
    with pytest.raises(TaskError, match="exactly two labels, and 'y' has 3") as caught:
        check_metric("f1", task(MANY))
    assert "macro_f1" in caught.value.fix
    with pytest.raises(TaskError, match="'rsme' is no metric"):
        check_metric("rsme", task(Type(type="number")))
    with pytest.raises(TaskError, match="does not judge an output of type number"):
        check_metric("accuracy", task(Type(type="number")))
    assert fits("f1", task(Type(type="category"))), "two labels may still be learnt"


def test_names_load(tmp_path: Path) -> None:
    assert load_metric("rmse", task(Type(type="number"))) is plugins.load("metrics", "rmse")
    (tmp_path / "mine.py").write_text(
        "def off(answers, target):\n    return abs(answers['prediction'] - target)\n\n\noff.better = 'lower'\n"
    )
    metric = load_metric("mine.py:off", task(Type(type="number"), folder=str(tmp_path)))
    rows = metric.rows({"prediction": np.array([1.0, 2.0])}, np.array([1.0, 4.0]), ())
    assert (metric.better, mean(metric, rows)) == ("lower", 1.0)


LIST = Type(type="list", of=Type(type="category", labels=("a", "b", "c")))
ORDERED = Type(type="category", labels=("a", "b", "c"), ordered=True)
FIELDS = Type(type="object", fields={"a": Type(type="text")})
WHOLE = Type(type="integer")
SPANS = Type(type="list", of=Type(type="object", fields={"start": WHOLE, "end": WHOLE}))


@pytest.mark.parametrize(
    ("output", "default", "others", "never"),
    [
        (LIST, "log_loss", ("micro_f1", "macro_f1", "exact_match", "hamming"), ("accuracy", "roc_auc", "f1")),
        (
            ORDERED,
            "ranked_probability",
            ("quadratic_kappa", "accuracy", "macro_f1", "brier"),
            ("f1", "rmse", "hamming"),
        ),
        (FIELDS, "field_f1", ("exact_match",), ("span_f1", "log_loss")),
        (SPANS, "span_f1", ("exact_match",), ("field_f1", "accuracy")),
        (Type(type="list", of=FIELDS), "exact_match", (), ("span_f1", "field_f1")),
    ],
)
def test_what_judges_lists_orders_and_structures(
    output: Type, default: str, others: tuple[str, ...], never: tuple[str, ...]
) -> None:
    one = task(output)
    assert default_metric(one) == default
    assert usual(one)[0] == default
    for name in (default, *others, *usual(one)):
        assert fits(name, one), name
    for name in never:
        with pytest.raises(TaskError):
            check_metric(name, one)


def test_two_labels_in_order_take_what_two_labels_take() -> None:
    assert fits("f1", task(Type(type="category", labels=("low", "high"), ordered=True)))
    with pytest.raises(TaskError, match="does not judge an output of type category"):
        check_metric("rmse", task(ORDERED))


def test_a_users_metric_reads_what_was_said(tmp_path: Path) -> None:
    code = "def same(answers, target):\n    return [a == b for a, b in zip(answers['prediction'], target)]\n\n\n"
    (tmp_path / "mine.py").write_text(code + "same.better = 'higher'\n")
    answers = {"prediction": object_column([["a"], ["a", "c"]])}
    metric = load_metric("mine.py:same", task(LIST, folder=str(tmp_path)))
    assert mean(metric, metric.rows(answers, np.array([[1, 0, 0], [1, 1, 0]]), ("a", "b", "c"))) == 0.5
    spans = load_metric("mine.py:same", task(SPANS, folder=str(tmp_path)))
    given = object_column([[], [{"start": 0, "end": 1}]])
    assert mean(spans, spans.rows({"prediction": given}, given, ())) == 1.0

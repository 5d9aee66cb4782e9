"""Metrics of numbers: values by hand, against other implementations, and of prediction intervals."""

import numpy as np
import pytest

from smeaton import plugins
from smeaton.errors import ProgramError, TaskError
from smeaton.metrics._defaults import check_metric, default_metric, fits, load_metric
from smeaton.metrics._intervals import mean
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

TRUTH = np.array([0.0, 1.0, 2.0, 10.0])
SAID = np.array([0.5, 1.0, 4.0, 5.0])


def task(output: Type, **more: object) -> Task:
    return Task(data=Data(), output={"y": output}, inputs={}, **more)  # type: ignore[arg-type]


def value(name: str, answers: dict[str, Array], target: Array = TRUTH, of: Task | None = None) -> float:
    metric = plugins.load("metrics", name) if of is None else load_metric(name, of)
    return mean(metric, metric.rows(answers, target, of.labels if of else ()))


def test_values_by_hand() -> None:
    said = {"prediction": SAID}
    assert value("mape", said) == pytest.approx((0 + 1 + 0.5) / 3)
    assert value("smape", said) == pytest.approx((2 + 0 + 4 / 6 + 10 / 15) / 4)
    assert value("rmsle", said) == pytest.approx(np.sqrt(np.mean(np.square(np.log1p(SAID) - np.log1p(TRUTH)))))
    assert value("pinball", said) == pytest.approx(np.abs(SAID - TRUTH).mean() / 2)
    high = task(Type(type="number", quantile=0.9))
    assert value("pinball", said, of=high) == pytest.approx((0.05 + 0 + 0.2 + 4.5) / 4)
    assert default_metric(high) == "pinball"


def test_as_scikit_learn_has_them() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth, said = rng.poisson(3, 200).astype(np.float64), rng.gamma(3, 1, 200)
    answers = {"prediction": said}
    assert value("poisson_deviance", answers, truth) == pytest.approx(metrics.mean_poisson_deviance(truth, said))
    assert value("rmsle", answers, truth) == pytest.approx(metrics.root_mean_squared_log_error(truth, said))
    high = task(Type(type="number", quantile=0.8))
    assert value("pinball", answers, truth, high) == pytest.approx(metrics.mean_pinball_loss(truth, said, alpha=0.8))
    assert value("mape", answers, truth + 1) == pytest.approx(metrics.mean_absolute_percentage_error(truth + 1, said))


@pytest.mark.parametrize("name", ["rmsle", "poisson_deviance"])
def test_targets_below_zero_are_refused(name: str) -> None:
    with pytest.raises(ProgramError, match="targets of 0 or more, and one is -1"):
        value(name, {"prediction": SAID}, TRUTH - 1)


def test_an_answer_of_nothing_is_no_infinite_deviance() -> None:
    assert np.isfinite(value("poisson_deviance", {"prediction": np.zeros(4)}))
    assert value("poisson_deviance", {"prediction": np.zeros(4)}, np.zeros(4)) == pytest.approx(0, abs=1e-8)


INTERVALS = {"prediction": SAID, "low": SAID - 1, "high": SAID + 1}


def test_intervals_hold_and_are_wide() -> None:
    assert value("coverage", INTERVALS) == 0.5
    assert value("interval_width", INTERVALS) == 2.0
    assert value("interval_score", INTERVALS) == pytest.approx(2 + 20 * (0 + 0 + 1 + 4) / 4)
    narrow = task(Type(type="number", interval=0.5))
    assert value("interval_score", INTERVALS, of=narrow) == pytest.approx(2 + 4 * 5 / 4)


def test_what_nobody_judged_does_not_count_and_what_failed_counts_as_wrong() -> None:
    unknown = {**INTERVALS, "low": np.where([0, 0, 1, 0], np.nan, SAID - 1)}
    assert value("coverage", unknown) == pytest.approx(2 / 3)
    assert value("interval_width", unknown) == 2.0
    failed = {**INTERVALS, "error": object_column([None, "late", None, None])}
    assert value("coverage", failed) == 0.25
    assert value("interval_width", failed) == pytest.approx((2 + 2 * 9 + 2 + 2) / 4)
    assert value("interval_score", failed) > value("interval_score", INTERVALS)
    gone = {**INTERVALS, "prediction": np.full(4, np.nan)}
    assert value("coverage", gone) == 0
    assert value("coverage", {"prediction": SAID}) == 0


def test_intervals_need_a_level() -> None:
    assert fits("coverage", task(Type(type="number")))
    without = task(Type(type="number", interval=0.0))
    assert not fits("interval_score", without)
    with pytest.raises(TaskError, match="'coverage' needs prediction intervals, and the output has none"):
        check_metric("coverage", without)


BOOLEAN = Type(type="boolean", labels=(False, True))


def test_costs_are_of_what_was_said() -> None:
    of = task(BOOLEAN, costs={"true": {"false": 10.0}})
    target = np.array([0, 0, 1, 1])
    said = object_column([False, True, False, True])
    assert value("cost", {"prediction": said}, target, of) == 11 / 4
    assert value("cost", {"prediction": object_column([None, 7, "true", True])}, target, of) == (1 + 1 + 10) / 4
    assert default_metric(of) == "cost"
    assert load_metric("cost", of).best == 0
    with pytest.raises(TaskError, match="'cost' needs `costs` in the task"):
        check_metric("cost", task(BOOLEAN))
    with pytest.raises(TaskError, match="'yes' is none of the labels"):
        load_metric("cost", task(BOOLEAN, costs={"yes": {"true": 1.0}}))

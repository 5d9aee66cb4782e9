"""The judge's metric, its correction for the judge's errors, and agreement with people."""

import math

import numpy as np
import pytest

from smeaton import plugins
from smeaton.errors import ProgramError, TaskError
from smeaton.metrics._agreement import Agreement, correction, wilson
from smeaton.metrics._defaults import check_metric, default_metric, fits, load_metric, usual
from smeaton.metrics._intervals import interval, mean, paired
from smeaton.metrics.judge import JudgeMetric
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, Judge, Task
from smeaton.task.types import Type


def task(judge: Judge | None, checks: tuple[str, ...] = (), kind: str = "text", metric: str | None = None) -> Task:
    output = {"y": Type(type=kind)}  # type: ignore[arg-type]
    return Task(data=Data(), output=output, inputs={}, checks=checks, judge=judge, metric=metric)


def judge(agreed: tuple[int, int, int, int] | None = None, **more: bool) -> Judge:
    return Judge(model="local:", rubric="kind", agreed=agreed, **more)


def metric_of(agreed: tuple[int, int, int, int] | None, **more: bool) -> JudgeMetric:
    found = load_metric("judge", task(judge(agreed, **more)))
    assert isinstance(found, JudgeMetric)
    return found


def judged(verdict: Array, **more: Array) -> dict[str, Array]:
    return {"prediction": object_column(["x"] * len(verdict)), "verdict": verdict, **more}


def target(rows: int) -> Array:
    return object_column(["x"] * rows)


def test_without_people_the_share_is_the_judges_own() -> None:
    metric = metric_of(None)
    verdict = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    assert mean(metric, metric.rows(judged(verdict), target(5), ())) == pytest.approx(0.6)
    failed = judged(verdict, error=object_column([None, "late", None, None, None]))
    assert mean(metric, metric.rows(failed, target(5), ())) == pytest.approx(0.4)
    with pytest.raises(ProgramError, match="not judged"):
        metric.rows({"prediction": target(5)}, target(5), ())


def test_a_row_that_failed_a_check_is_bad_unless_the_judge_sees_all() -> None:
    checked = np.array([[1.0, 1.0], [1.0, 0.0]])
    answers = judged(np.ones(2), checked=checked)
    for always, share in ((False, 0.5), (True, 1.0)):
        metric = metric_of(None, always=always)
        assert mean(metric, metric.rows(answers, target(2), ())) == share


def test_the_share_is_corrected_for_the_judges_errors() -> None:
    metric = metric_of((90, 10, 80, 20))  # sensitivity 0.9, specificity 0.8
    verdict = np.repeat([1.0, 0.0], [69, 31])  # of 70 good 63 and of 30 bad 6 are called good
    assert mean(metric, metric.rows(judged(verdict), target(100), ())) == pytest.approx(0.7)
    half = judged(np.concatenate([verdict, np.zeros(100)]), checked=np.repeat([1.0, 0.0], 100)[:, None])
    assert mean(metric, metric.rows(half, target(200), ())) == pytest.approx(0.35)
    for all_alike in (0.0, 1.0):
        same = metric.rows(judged(np.full(50, all_alike)), target(50), ())
        assert mean(metric, same) == pytest.approx(all_alike)
        assert all(0 <= end <= 1 for end in interval(metric, same, None, None))


def test_intervals_hold_what_the_labelled_answers_leave_uncertain() -> None:
    draw = np.random.default_rng(3)
    good, sensitivity, specificity, labelled, rows, held = 0.7, 0.9, 0.8, 40, 150, 0
    for _ in range(120):
        hits, rejected = draw.binomial(labelled, sensitivity), draw.binomial(labelled, specificity)
        metric = metric_of((hits, labelled - hits, rejected, labelled - rejected))
        truth = draw.random(rows) < good
        verdict = np.where(truth, draw.random(rows) < sensitivity, draw.random(rows) >= specificity).astype(float)
        _, low, high = interval(metric, metric.rows(judged(verdict), target(rows), ()), None, None)
        held += low <= good <= high
    assert held >= 0.88 * 120


def test_more_labelled_answers_make_it_surer_and_differences_share_the_doubt() -> None:
    verdict = np.repeat([1.0, 0.0], [140, 60])
    wide = []
    for times in (1, 10, 1000):
        metric = metric_of((9 * times, times, 9 * times, times))
        _, low, high = interval(metric, metric.rows(judged(verdict), target(200), ()), None, None)
        wide.append(high - low)
    assert wide[0] > wide[1] > wide[2]
    metric = metric_of((9, 1, 9, 1))
    one, other = (metric.rows(judged(verdict), target(200), ()) for _ in range(2))
    assert np.ptp(paired(metric, one, other, None, None)) < 1e-12


@pytest.mark.parametrize("weighted", [False, True])
def test_the_doubt_moves_no_value(weighted: bool) -> None:
    draw = np.random.default_rng(0)
    verdict, groups = (draw.random(90) < 0.6).astype(float), draw.integers(0, 20, 90)
    weight = draw.random(90) if weighted else None
    metric = metric_of((40, 10, 40, 10))
    stats = metric.rows(judged(verdict), target(90), (), weight, groups)
    plain = np.average(verdict, weights=weight)
    assert mean(metric, stats, weight) == pytest.approx((plain - 0.2) / 0.6)
    assert np.ptp(stats[:, 2]) > 0


def test_a_judge_that_may_be_guessing_corrects_nothing() -> None:
    assert correction((5, 5, 5, 5)) is None
    assert correction((3, 1, 2, 1)) is None
    assert correction((50, 0, 0, 0)) is None
    assert correction((10, 0, 10, 0)) is not None


def test_agreement_with_people() -> None:
    # The example of Cohen's kappa with 20, 5, 10 and 15 of 50: 0.4.
    found = Agreement(judge="j", good_good=20, good_bad=5, bad_good=10, bad_bad=15)
    assert (found.rows, found.accuracy) == (50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    low, high = found.kappa_interval
    assert low < 0.4 < high
    draw = np.random.default_rng(1).multinomial(50, [0.4, 0.1, 0.2, 0.3], 4_000)
    many = [Agreement(judge="j", good_good=a, good_bad=b, bad_good=c, bad_bad=d).kappa for a, b, c, d in draw.tolist()]
    assert (high - low) / 3.92 == pytest.approx(np.std(many), rel=0.06)
    assert (found.sensitivity, found.specificity) == (0.8, 0.6)
    assert math.isnan(Agreement(judge="j", good_good=5, good_bad=0, bad_good=0, bad_bad=0).kappa)
    assert math.isnan(Agreement(judge="j", good_good=8, good_bad=0, bad_good=2, bad_bad=0).kappa_interval[0])
    assert math.isnan(Agreement(judge="j", good_good=0, good_bad=0, bad_good=0, bad_bad=0).accuracy)


def test_wilson() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


def test_the_default_of_free_text_is_its_judge_then_its_checks() -> None:
    checks = ("checks.py:polite",)
    assert default_metric(task(judge(), checks)) == "judge"
    assert default_metric(task(None, checks)) == "checks"
    assert default_metric(task(None)) == "exact_match"
    assert default_metric(task(judge(), checks, "number")) == "rmse"
    assert usual(task(judge(), checks, "number"))[:2] == ("judge", "checks")
    assert usual(task(None, checks)) == ("checks", "exact_match")


def test_checks_and_judge_need_theirs() -> None:
    assert plugins.load("metrics", "judge").correction is None
    for name in ("judge", "checks"):
        assert not fits(name, task(None))
        with pytest.raises(TaskError, match=f"needs '{name}' in the task") as caught:
            check_metric(name, task(None))
        assert "exact_match" in caught.value.fix
    assert fits("checks", task(None, ("c.py:f",), "boolean"))

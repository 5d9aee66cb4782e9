"""Counts, skewed targets and quantiles: rates and logarithms with zeros, answered by the program as by the model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tables import as_program, make_fold, make_profile, make_rows, make_run, make_task, strange_rows

from smeaton import plugins
from smeaton.compile.proof import adversarial, compare
from smeaton.data.fold import Fold, Rows
from smeaton.families import Refusal, Space
from smeaton.families._ending import NumberEnding, number_ending
from smeaton.families._losses import row_loss
from smeaton.families._portfolio import learned
from smeaton.metrics._defaults import load_metric
from smeaton.metrics._intervals import mean
from smeaton.task.profile import TargetProfile
from smeaton.task.table import PREDICTION, Array
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.trials.results import in_scale, usual_size


def counted(rows: int = 700) -> tuple[Fold, Array]:
    """A fold of counts: Poisson with a rate that depends on the inputs; one row in four is 0."""
    fold, held = make_fold(rows, "number")
    rng = np.random.default_rng(5)

    def counts(some: Rows) -> Rows:
        return replace(some, y=rng.poisson(some.y / 700).astype(np.float64))

    return Fold(0, counts(fold.train), counts(fold.stop), fold.held, fold.held_index), rng.poisson(held / 700)


def task_of(**output: Any) -> Task:
    return make_task("number").with_(output={"y": Type(**{"type": "number", **output})})


def fitted(name: str, task: Task, config: dict[str, Any], fold: Fold, folder: Path) -> Any:
    return plugins.load("families", name).fit(task, {"rounds": 40, **config}, fold, make_run(folder))


def score(metric: str, answers: Any, held: Array, task: Task) -> float:
    judge = load_metric(metric, task)
    return mean(judge, judge.rows(answers, held.astype(np.float64), ()))


CASES: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("boosting", {"rate": "poisson"}, {}, None),
    ("boosting", {"rate": "tweedie", "slim": True}, {}, "poisson_deviance"),
    ("boosting", {"rate": "poisson", "encode": "target", "refit": True}, {}, "mae"),
    ("boosting", {"log": True}, {}, "rmsle"),
    ("boosting", {}, {"quantile": 0.9}, None),
    ("boosting", {"log": True}, {"quantile": 0.1}, None),
    ("linear", {"log": True, "knots": 4}, {}, None),
    ("linear", {"knots": 4}, {"quantile": 0.8}, None),
    ("baseline", {}, {"quantile": 0.8}, None),
]


@pytest.mark.parametrize(("name", "config", "output", "metric"), CASES)
def test_the_program_answers_as_the_model(
    name: str, config: dict[str, Any], output: dict[str, Any], metric: str | None, tmp_path: Path
) -> None:
    task = task_of(**output).with_(metric=metric)
    fold, _ = counted()
    model = fitted(name, task, config, fold, tmp_path)
    program = model.export(tmp_path / "program")
    with as_program(model, task, tmp_path / "program") as engine:
        usual = None
        for rows in (
            fold.held,
            strange_rows(fold.held, task),
            adversarial(program, tmp_path / "program", fold.held, task, 0),
        ):
            expected, found = model.predict(rows), engine.run(rows)
            usual = usual or usual_size(found)
            assert compare(in_scale(expected, found, usual), in_scale(found, found, usual)) <= 1e-9
            assert np.isfinite(found[PREDICTION]).all()


def test_rates_and_logarithms_of_zeros_are_not_negative_and_learn(tmp_path: Path) -> None:
    task = task_of()
    fold, held = counted(1_500)
    constant = score("rmse", fitted("baseline", task, {}, fold, tmp_path).predict(fold.held), held, task)
    for config in ({"rate": "poisson"}, {"rate": "tweedie"}, {"log": True}):
        answers = fitted("boosting", task, config, fold, tmp_path).predict(fold.held)
        assert answers[PREDICTION].min() >= 0
        assert score("rmse", answers, held, task) < 0.9 * constant, config


def test_a_rate_is_right_in_the_mean(tmp_path: Path) -> None:
    fold, _ = counted(1_500)
    answers = fitted("boosting", task_of(), {"rate": "poisson"}, fold, tmp_path).predict(fold.train.x)
    assert answers[PREDICTION].mean() == pytest.approx(fold.train.y.mean(), rel=0.05)


@pytest.mark.parametrize("name", ["baseline", "linear", "boosting"])
@pytest.mark.parametrize("quantile", [0.1, 0.9])
def test_quantiles_lie_where_they_should(name: str, quantile: float, tmp_path: Path) -> None:
    task = task_of(quantile=quantile)
    fold, held = make_fold(2_500, "number")
    answers = fitted(name, task, {"rounds": 150}, fold, tmp_path).predict(fold.held)
    assert np.mean(held <= answers[PREDICTION]) == pytest.approx(quantile, abs=0.08)
    if name != "baseline":
        constant = fitted("baseline", task, {}, fold, tmp_path).predict(fold.held)
        share = 0.8 if name == "boosting" else 0.95  # a linear model moves one line for all rows
        assert score("pinball", answers, held, task) < share * score("pinball", constant, held, task)


def test_other_families_say_that_they_have_no_quantiles() -> None:
    task = task_of(quantile=0.9)
    y = make_rows(50, "number").y
    for name in ("forest", "network"):
        found = plugins.load("families", name).space(task, make_profile(50, task, y))
        assert isinstance(found, Refusal)
        assert "a quantile" in found.why


@pytest.mark.parametrize(
    ("target", "metric", "objectives", "log"),
    [
        (TargetProfile(low=0, mean=1.0, sd=1.0, count=True), None, ["poisson"], False),
        (TargetProfile(low=0, mean=1.0, sd=2.0, count=True), None, ["poisson", "tweedie"], False),
        (TargetProfile(low=0, mean=1.0, sd=2.0, zeros=0.5, skew=4.0, log_skew=0.5), None, ["tweedie", "poisson"], True),
        (TargetProfile(low=-1, mean=1.0, sd=2.0, skew=4.0), None, [], False),
        (TargetProfile(low=0, mean=1.0, sd=1.0, count=True), "mae", [], False),
        (TargetProfile(low=0, mean=1.0, sd=1.0), "rmsle", [], True),
    ],
)
def test_what_a_target_deserves_is_tried(
    target: TargetProfile, metric: str | None, objectives: list[str], log: bool
) -> None:
    task = task_of().with_(metric=metric)
    y = np.linspace(target.low, target.low + 3, 60)
    profile = msgspec.structs.replace(make_profile(60, task, y), target=target)
    space = plugins.load("families", "boosting").space(task, profile)
    assert isinstance(space, Space)
    assert [start["rate"] for start in space.starts if start.get("rate")] == objectives
    assert any(start.get("log") for start in space.starts) is log


def ending(y: Array, log: bool = True, rate: bool = False, metric: str | None = None) -> NumberEnding:
    rows = Rows({}, y, None, np.arange(len(y)))
    return number_ending(rows, log, task_of().with_(metric=metric), rate=rate)


def test_the_logarithm_of_zeros_is_shifted_and_comes_back() -> None:
    y = np.array([0.0, 1.0, 3.0, 20.0])
    found = ending(y)
    assert found.shift == 1.0
    assert found.finish(found.start(y)[:, None]) == pytest.approx(y)
    small = ending(y / 1_000)
    assert small.shift == pytest.approx(0.003)
    assert small.finish(small.start(y / 1_000)[:, None]) == pytest.approx(y / 1_000)
    assert ending(y + 1).shift == 0.0
    assert not ending(y - 1).log


def test_the_answer_is_corrected_toward_the_mean_but_for_metrics_of_medians() -> None:
    rng = np.random.default_rng(0)
    y = np.exp(rng.normal(0, 0.6, 4_000)) - 0.05
    y[y < 0] = 0.0
    rows, score_ = Rows({}, y, None, np.arange(len(y))), np.zeros((len(y), 1))
    found = ending(y).corrected(score_, rows)
    assert found.factor > 1.1
    assert found.finish(score_)[0] == pytest.approx(y.mean(), rel=0.03)
    for metric in ("mae", "rmsle", "mape"):
        assert ending(y, metric=metric).corrected(score_, rows).factor == 1.0
    assert ending(y, rate=True).corrected(score_, rows).factor == 1.0


@pytest.mark.parametrize("metric", ["rmse", "mae", "mape", "smape", "rmsle", "poisson_deviance"])
def test_losses_are_those_of_the_metrics(metric: str) -> None:
    rng = np.random.default_rng(1)
    target, answers = rng.poisson(3, 200) + 1.0, rng.gamma(3, 1, 200)
    loss = row_loss(metric)(answers, target).mean()
    judge = plugins.load("metrics", metric)
    value = mean(judge, judge.rows({"prediction": answers}, target, ()))
    assert loss == pytest.approx(value**2 if metric in ("rmse", "rmsle") else value)


@pytest.mark.parametrize("metric", ["mape", "rmsle", "smape"])
def test_the_constant_is_the_best_one_for_its_metric(metric: str, tmp_path: Path) -> None:
    task = task_of().with_(metric=metric)
    fold, _ = counted()
    found = fitted("baseline", task, {}, fold, tmp_path).predict(fold.train.x)[PREDICTION]
    loss = row_loss(metric)
    plain = np.full(len(found), fold.train.y.mean())
    assert loss(found, fold.train.y).mean() <= loss(plain, fold.train.y).mean()


def test_what_a_target_deserves_comes_early_among_the_learnt_starts() -> None:
    task = task_of()
    profile = make_profile(900, task, np.linspace(0, 3, 60))
    counts = msgspec.structs.replace(profile, target=TargetProfile(low=0, mean=1.0, sd=1.0, count=True))
    tail = msgspec.structs.replace(profile, target=TargetProfile(low=0, mean=1.0, sd=2.0, skew=4.0, log_skew=0.5))
    plain = learned(task, profile)
    assert plain
    assert [one.config.get("rate") for one in learned(task, counts)][:3].count("poisson") == 1
    shaped = learned(task, tail)
    assert [(one.config.get("rate"), one.config.get("log")) for one in shaped[1:3]] == [
        ("tweedie", None),
        (None, True),
    ]
    assert len(shaped) >= len(plain) + 2

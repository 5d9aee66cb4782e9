"""The network: its gradients, what it does beyond what every family must, and that it stays finite and exact."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import as_program, make_fold, make_profile, make_rows, make_run, make_task, strange_rows

from smeaton.errors import InputError
from smeaton.families import Refusal, Space
from smeaton.families._ending import class_ending, number_ending
from smeaton.families._network_inputs import learn_inputs
from smeaton.families._network_loss import first_scores, slopes
from smeaton.families._network_net import Drop, Net, learn_step
from smeaton.families._network_size import guess, plan_of
from smeaton.families.network import DEFAULTS, part
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.types import Type

KINDS = ("binary", "4", "number")
QUICK: dict[str, Any] = {"width": 16, "nets": 3, "epochs": 6, "batch": 32, "texts": "none"}


def key(kind: str) -> str:
    return PREDICTION if kind == "number" else PROBABILITY


def loss(answers: Table, y: Array) -> float:
    if PROBABILITY in answers:
        return float(-np.log(answers[PROBABILITY][np.arange(len(y)), y]).mean())
    return float(np.sqrt(np.square(answers[PREDICTION] - y).mean()))


def difference(one: Table, other: Table) -> float:
    name = PROBABILITY if PROBABILITY in one else PREDICTION
    return float((np.abs(one[name] - other[name]) / np.maximum(1.0, np.abs(one[name]))).max())


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_losses(kind: str) -> None:
    task, rows = make_task(kind), make_rows(12, kind, weights=True)
    assert rows.weight is not None
    ending = class_ending(task, rows) if task.is_class else number_ending(rows, False)
    targets = 4 if kind == "4" else 1
    net = Net(5, 6, 3, 2, targets)
    rng = np.random.default_rng(0)
    x, every = rng.normal(size=(12, 5)), np.arange(12)
    vector = net.start(first_scores(ending), rng).astype(np.float64)
    grads = np.zeros_like(vector)
    drop = Drop(0.0, rng)
    learn_step(net, net.views(vector), net.views(grads), x, slopes(ending, rows, None)(every), drop)
    weight = rows.weight / rows.weight.mean()

    def total(at: Array) -> float:
        found = 0.0
        for member in range(2):
            alone = Net(5, 6, 3, 1, targets)
            weights = {
                name: view[member : member + 1] if view.ndim == 3 else view for name, view in net.views(at).items()
            }
            scores = alone.scores(weights, x)
            if kind == "number":
                each = 0.5 * np.square(scores[:, 0] - ending.start(rows.y))  # type: ignore[union-attr]
            elif kind == "binary":
                each = np.logaddexp(0, scores[:, 0]) - rows.y * scores[:, 0]
            else:
                each = np.log(np.exp(scores).sum(axis=1)) - scores[every, rows.y]
            found += float((weight * each).mean())
        return found

    for place in rng.integers(0, len(vector), 60):
        moved = np.zeros_like(vector)
        moved[place] = 1e-6
        slope = (total(vector + moved) - total(vector - moved)) / 2e-6
        assert grads[place] == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_absolute_errors_have_slopes_of_one_size() -> None:
    rows = make_rows(8, "number")
    ending = number_ending(rows, False)
    back = slopes(ending, rows, "mae")(np.arange(8))(np.full((2, 8, 1), -1e6, dtype=np.float32))
    assert np.allclose(back, -1 / 8)


def test_units_left_out_are_made_up_for() -> None:
    mask = Drop(0.25, np.random.default_rng(0)).mask(np.ones((2, 50, 100)))
    assert mask.mean() == pytest.approx(1.0, abs=0.02)
    assert (mask == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert not Drop(0.25, np.random.default_rng(0)).mask(-np.ones((1, 2, 3))).any()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1, max_size=40), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_inputs_are_finite_and_small_whatever_the_numbers(values: list[float], knots: int) -> None:
    column = np.array(values)
    known = np.clip(column, -1e100, 1e100)
    learnt = np.column_stack([known, np.arange(len(column)) % 2, np.arange(len(column))])
    inputs = learn_inputs(learnt, knots)
    found = inputs.apply(np.column_stack([column, column, column]))
    assert found.shape == (len(column), inputs.width)
    assert np.isfinite(found).all()


def test_rare_flags_keep_their_height() -> None:
    flag = (np.arange(400) == 7).astype(np.float64)
    inputs = learn_inputs(np.column_stack([flag, np.arange(400.0)]), 0)
    found = inputs.apply(np.array([[0.0, 0.0], [1.0, 399.0]]))
    assert found[:, 0].tolist() == [0.0, 1.0]
    assert found[:, 1] == pytest.approx([-1.73, 1.73], abs=0.01)


def test_a_common_value_leaves_the_ramps_to_the_others() -> None:
    column = np.concatenate([np.zeros(700), np.arange(1.0, 302.0)])[:, None]
    curves = learn_inputs(column, 6).curves
    assert curves is not None
    assert curves.low.tolist() == pytest.approx([1, 51, 101, 151, 201, 251])
    assert curves.apply(np.array([[0.0], [301.0]])).sum(axis=1).tolist() == [0.0, 6.0]


def test_outliers_do_not_flatten_a_column_that_is_mostly_one_value() -> None:
    column = np.concatenate([np.zeros(950), np.linspace(1, 2, 45), np.full(5, 1e6)])[:, None]
    assert learn_inputs(column, 0).apply(np.array([[2.0]]))[0, 0] > 0.3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "config", [{}, {"layers": 1, "knots": 0}, {"layers": 3, "drop": 0.1, "encode": "target", "texts": "scores"}]
)
def test_the_program_answers_as_the_model(kind: str, config: dict[str, Any], tmp_path: Path) -> None:
    task = make_task(kind)
    fold, y = make_fold(500, kind, weights=kind == "4")
    fitted = part.fit(task, QUICK | {"epochs": 12} | config, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    for rows in (fold.held, strange_rows(fold.held, task)):
        model, program = fitted.predict(rows), engine.predict(rows)
        assert np.isfinite(model[key(kind)]).all()
        assert difference(model, program) <= 1e-9
    constant = np.full(len(y), fold.train.y.mean())
    worst = np.log(4 if kind == "4" else 2) if task.is_class else float(np.sqrt(np.square(constant - y).mean()))
    assert loss(fitted.predict(fold.held), y) < 0.95 * worst


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_fit_gives_the_same_bits(kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(300, kind)
    models = []
    for turn in range(2):
        fitted = part.fit(task, QUICK | {"drop": 0.2}, fold, make_run(tmp_path, seed=3))
        fitted.export(tmp_path / str(turn))
        models.append((tmp_path / str(turn) / "model.onnx").read_bytes())
        assert (fitted.steps, fitted.note) == (0, "")
    assert models[0] == models[1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_time_still_gives_a_model_that_can_be_repeated(kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(300, kind)
    cut = part.fit(task, QUICK, fold, make_run(tmp_path, seconds=1e-6))
    assert cut.steps == 1
    assert "the clock ended it" in cut.note
    again = part.fit(task, QUICK | {"_steps": cut.steps}, fold, make_run(tmp_path))
    assert cut.predict(fold.held)[key(kind)].tobytes() == again.predict(fold.held)[key(kind)].tobytes()


def test_a_refit_trains_for_the_epochs_found(tmp_path: Path) -> None:
    task = make_task("4")
    fold, _ = make_fold(400, "4")
    run = make_run(tmp_path)
    plain = part.fit(task, QUICK | {"epochs": 20, "refit": True}, fold, run)
    run.other_folds = {1: fold.stop.y}
    again = part.fit(task, QUICK | {"epochs": 20, "refit": True}, fold, run)
    assert plain.refit == again.refit
    assert again.refit is not None
    assert 1 <= again.refit["last"] <= again.refit["epochs"] == 20
    one, other = plain.predict(fold.held)[PROBABILITY], again.predict(fold.held)[PROBABILITY]
    assert not np.array_equal(one, other)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9


def test_without_rows_to_judge_it_trains_as_long_as_it_was_told(tmp_path: Path) -> None:
    task = make_task("number")
    fold, _ = make_fold(300, "number")
    empty = type(fold)(0, fold.train, fold.stop.take(np.arange(0)), fold.held, fold.held_index)
    config = QUICK | {"epochs": 5, "last": 2}
    told = part.fit(task, config, empty, make_run(tmp_path))
    assert told.ended == {"epochs": 5, "last": 2, "batch": 32}
    assert (told.steps, told.note) == (0, "")


def test_skewed_targets_and_median_metrics(tmp_path: Path) -> None:
    fold, y = make_fold(500, "number")
    squared = part.fit(make_task("number"), QUICK | {"epochs": 15}, fold, make_run(tmp_path))
    logs = part.fit(make_task("number"), QUICK | {"epochs": 15, "log": True}, fold, make_run(tmp_path))
    median = part.fit(make_task("number", metric="mae"), QUICK | {"epochs": 15}, fold, make_run(tmp_path))
    assert logs.refit is None
    assert 0.8 <= logs.ending.factor <= 1.25  # type: ignore[union-attr]
    answers = [fitted.predict(fold.held)[PREDICTION] for fitted in (squared, logs, median)]
    assert answers[1].min() > 0
    assert all(np.corrcoef(found, y)[0, 1] > 0.6 for found in answers)
    assert answers[2].mean() < answers[0].mean()  # the median of a skewed target lies below its mean


def test_many_labels_one_of_them_never_seen(tmp_path: Path) -> None:
    task = make_task("120")
    fold, _ = make_fold(600, "100")
    probability = part.fit(task, QUICK, fold, make_run(tmp_path)).predict(fold.held)[PROBABILITY]
    assert probability.shape == (120, 120)
    assert np.allclose(probability.sum(axis=1), 1.0)
    assert probability.min() > 1e-7


def test_a_constant_target_and_an_empty_column_are_no_trouble(tmp_path: Path) -> None:
    fold, _ = make_fold(200, "number")
    fold.train.y[:] = 7.0
    fold.train.x["price"][:] = np.nan
    answers = part.fit(make_task("number"), QUICK, fold, make_run(tmp_path)).predict(fold.held)[PREDICTION]
    assert np.allclose(answers, 7.0)


def test_codes_are_refused(tmp_path: Path) -> None:
    fold, _ = make_fold(60, "binary")
    with pytest.raises(InputError, match="category codes"):
        part.fit(make_task("binary"), {"encode": "codes"}, fold, make_run(tmp_path))


def test_the_space_knows_what_a_fit_costs() -> None:
    task = make_task("number")
    y = make_rows(500, "number").y
    small = part.space(task, make_profile(2_000, task, y))
    assert isinstance(small, Space)
    assert len({str(start) for start in small.starts}) == len(small.starts)
    assert small.seconds is not None
    assert small.seconds < 10
    large = part.space(task, make_profile(3_000_000, task, y))
    assert isinstance(large, Refusal)
    assert "one fit would take about" in large.why
    photo = make_task("binary", {"photo": Type(type="image")})
    assert isinstance(part.space(photo, make_profile(100, photo, np.array([0, 1]))), Refusal)


def test_more_rows_mean_fewer_epochs_and_larger_batches() -> None:
    net = Net(100, 96, 2, 8, 1)
    plans = [plan_of(DEFAULTS, net, rows, True) for rows in (300, 5_000, 100_000)]
    assert [plan.batch for plan in plans] == [32, 256, 256]
    assert plans[0].epochs == 100 > plans[1].epochs > plans[2].epochs == 6
    assert plan_of(DEFAULTS, net, 300, False).last == 20
    task = make_task("4")
    costs = [guess(make_profile(rows, task, make_rows(200, "4").y), DEFAULTS) for rows in (500, 50_000, 500_000)]
    assert costs == sorted(costs)

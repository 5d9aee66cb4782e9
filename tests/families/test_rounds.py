"""What XGBoost and CatBoost must both do as families: fit, answer, export the same answers, repeat, keep their time."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import INPUTS, as_program, make_fold, make_profile, make_rows, make_run, make_task, strange_rows

from smeaton import plugins
from smeaton.compile.proof import adversarial, compare
from smeaton.data.fold import Fold
from smeaton.families import Family, Refusal, Space, _rounds
from smeaton.families._stopping import Rounds
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.types import Type

KINDS = ("binary", "4", "number")
NAMES = ("xgboost", "catboost")
for package in NAMES:
    pytest.importorskip(package)


def family(name: str) -> Family:
    part: Family = plugins.load("families", name)
    return part


def loss(answers: Table, y: Array) -> float:
    if PROBABILITY in answers:
        return float(-np.log(answers[PROBABILITY][np.arange(len(y)), y]).mean())
    return float(np.sqrt(np.square(answers[PREDICTION] - y).mean()))


def key(kind: str) -> str:
    return PREDICTION if kind == "number" else PROBABILITY


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("xgboost", {}),
        ("xgboost", {"encode": "target", "grow_policy": "lossguide", "max_depth": 0, "max_leaves": 12, "log": True}),
        ("catboost", {}),
        ("catboost", {"encode": "onehot", "depth": 4, "log": True}),
        ("catboost", {"texts": "scores", "derive": ["counts", "pairs"]}),
    ],
)
def test_the_program_answers_as_the_model(name: str, config: dict[str, Any], kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, y = make_fold(600, kind, weights=kind == "4")
    fitted = family(name).fit(task, {"rounds": 25, "learning_rate": 0.2, **config}, fold, make_run(tmp_path))
    program = fitted.export(tmp_path / "program")
    engine = as_program(fitted, task, tmp_path / "program")
    hard = adversarial(program, tmp_path / "program", fold.held, task, 0)
    for rows in (fold.held, strange_rows(fold.held, task), hard):
        model = fitted.predict(rows)
        scale = 1.0 if task.is_class else np.abs(model[PREDICTION]).max()
        assert compare(model, engine.run(rows)) <= 1e-12 * scale
    constant = family("baseline").fit(task, {}, fold, make_run(tmp_path))
    assert loss(fitted.predict(fold.held), y) < 0.9 * loss(constant.predict(fold.held), y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_same_fit_gives_the_same_bits(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(300, kind)
    answers, models = [], []
    for turn in range(2):
        fitted = family(name).fit(task, {"rounds": 15}, fold, make_run(tmp_path, seed=3))
        fitted.export(tmp_path / str(turn))
        answers.append(fitted.predict(fold.held)[key(kind)].tobytes())
        models.append((tmp_path / str(turn) / "model.onnx").read_bytes())
    assert answers[0] == answers[1]
    assert models[0] == models[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_no_time_still_gives_a_model_that_can_be_repeated(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(300, kind)
    cut: Any = family(name).fit(task, {}, fold, make_run(tmp_path, seconds=1e-6))
    assert cut.steps == 1
    assert "the clock ended it" in cut.note
    again = family(name).fit(task, {"_steps": cut.steps}, fold, make_run(tmp_path))
    assert cut.predict(fold.held)[key(kind)].tobytes() == again.predict(fold.held)[key(kind)].tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_refit_learns_from_the_stop_rows_too(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(300, kind)
    run = make_run(tmp_path)
    config = {"rounds": 20, "learning_rate": 0.2}
    alone = family(name).fit(task, {**config, "refit": True}, fold, run).predict(fold.held)[key(kind)]
    run.other_folds = {1: fold.stop.y}
    plain, again = (
        family(name).fit(task, {**config, "refit": refit}, fold, run).predict(fold.held)[key(kind)]
        for refit in (False, True)
    )
    assert np.array_equal(alone, plain), "left out where the stop rows are needed"
    assert not np.array_equal(plain, again)
    assert np.corrcoef(plain.ravel(), again.ravel())[0, 1] > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_without_stop_rows_it_takes_the_rounds_it_is_told(name: str, tmp_path: Path) -> None:
    task = make_task("binary")
    fold, _ = make_fold(300, "binary")
    first: Any = family(name).fit(task, {"rounds": 30}, fold, make_run(tmp_path))
    whole = Fold(0, fold.train, fold.stop.take(np.arange(0)), fold.held, fold.held_index)
    again: Any = family(name).fit(task, first.refit, whole, make_run(tmp_path))
    assert (again.rounds, again.steps) == (first.rounds, first.rounds)
    assert again.note.startswith("like the fit that it repeats")


@pytest.mark.parametrize("name", NAMES)
def test_a_smaller_fidelity_uses_fewer_rows(name: str, tmp_path: Path) -> None:
    fold, y = make_fold(600, "4")
    run = make_run(tmp_path)
    run.fidelity = 0.3
    config = {"rounds": 15, "learning_rate": 0.2}
    fitted = family(name).fit(make_task("4"), config, fold, run).predict(fold.held)
    whole = family(name).fit(make_task("4"), config, fold, make_run(tmp_path)).predict(fold.held)
    assert not np.array_equal(fitted[PROBABILITY], whole[PROBABILITY])
    assert loss(fitted, y) < np.log(4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", list(INPUTS))
def test_one_column_of_any_kind_is_enough(name: str, column: str, tmp_path: Path) -> None:
    task = make_task("4", {column: INPUTS[column]})
    fold, _ = make_fold(200, "4")
    fitted = family(name).fit(task, {"rounds": 4}, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    rows = strange_rows({column: fold.held[column]} | fold.held, task)
    assert compare(fitted.predict(rows), engine.run(rows)) <= 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_a_label_without_training_rows_is_not_ruled_out(name: str, tmp_path: Path, capfd: Any) -> None:
    fold, _ = make_fold(300, "4")
    fitted = family(name).fit(make_task("5"), {"rounds": 20}, fold, make_run(tmp_path))
    probability = fitted.predict(fold.held)[PROBABILITY]
    assert probability.shape[1] == 5
    assert probability[:, 4].min() > 1e-7
    assert capfd.readouterr() == ("", ""), "trainers keep quiet"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("kind", "code"), [("binary", 1), ("4", 2), ("number", 3.5)])
def test_one_answer_is_enough(name: str, kind: str, code: float, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(200, kind)
    fold.train.y[:] = code
    fitted = family(name).fit(task, {}, fold, make_run(tmp_path))
    answers = fitted.predict(fold.held)
    engine = as_program(fitted, task, tmp_path / "program")
    assert compare(answers, engine.run(fold.held)) <= 1e-12
    if kind == "number":
        assert np.allclose(answers[PREDICTION], 3.5)
    else:
        assert answers[PROBABILITY][:, int(code)].min() > 0.95


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_columns_that_never_change_are_enough(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind, {"size": INPUTS["size"]})
    fold, _ = make_fold(200, kind)
    fold.train.x["size"][:] = 1.0
    fitted = family(name).fit(task, {}, fold, make_run(tmp_path))
    constant = family("baseline").fit(task, {}, fold, make_run(tmp_path)).predict(fold.held)[key(kind)]
    assert np.allclose(fitted.predict(fold.held)[key(kind)], constant, rtol=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_weights_count(name: str, tmp_path: Path) -> None:
    fold, _ = make_fold(300, "number", weights=True)
    assert fold.train.weight is not None
    fold.train.weight[:] = np.where(fold.train.y > np.median(fold.train.y), 10.0, 0.1)
    task, config = make_task("number"), {"rounds": 20}
    weighted = family(name).fit(task, config, fold, make_run(tmp_path)).predict(fold.held)[PREDICTION]
    fold.train.weight[:] = 1.0
    plain = family(name).fit(task, config, fold, make_run(tmp_path)).predict(fold.held)[PREDICTION]
    assert weighted.mean() > plain.mean()


@pytest.mark.parametrize("name", NAMES)
def test_an_absolute_error_is_fitted_where_it_counts(name: str, tmp_path: Path) -> None:
    """A few answers far out move the mean, not the median."""
    fold, y = make_fold(400, "number")
    fold.train.y[::10] *= 100.0
    config = {"rounds": 40, "learning_rate": 0.2}
    off = []
    for metric in ("rmse", "mae"):
        fitted = family(name).fit(make_task("number", metric=metric), config, fold, make_run(tmp_path))
        off.append(np.abs(fitted.predict(fold.held)[PREDICTION] - y).mean())
    assert off[1] < off[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_starts_of_a_space_are_told_apart_and_can_be_fitted(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(150, kind)
    for rows in (150, 20_000):
        space = family(name).space(task, make_profile(rows, task, make_rows(150, kind).y))
        assert isinstance(space, Space)
        assert len({str(start) for start in space.starts}) == len(space.starts) >= 2
        for start in space.starts:
            family(name).fit(task, {**start, "rounds": 2}, fold, make_run(tmp_path)).predict(fold.held)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_into_the_working_folder(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    fold, _ = make_fold(200, "binary")
    family(name).fit(make_task("binary"), {"rounds": 3}, fold, make_run(tmp_path)).predict(fold.held)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_it_cannot_read_and_a_missing_package_are_refused(name: str, monkeypatch: Any) -> None:
    refused = family(name).space(
        make_task("binary", {"photo": Type(type="image")}), make_profile(9, make_task("binary"), np.array([0, 1]))
    )
    assert isinstance(refused, Refusal)
    assert "'photo' is of type 'image'" in refused.why
    monkeypatch.setattr(_rounds, "find_spec", lambda package: None)
    refused = family(name).space(make_task("binary"), make_profile(9, make_task("binary"), np.array([0, 1])))
    assert isinstance(refused, Refusal)
    assert refused.why == f"the package {name!r} is not installed; run: pip install 'smeaton[boosting]'"


def test_rounds_end_when_nothing_improves(tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    run = make_run(tmp_path)
    run.report = lambda step, score: told.append((step, score))
    rounds = Rounds(run, patience=3, most=100, deadline=np.inf, unit=2.0)
    ends = [rounds.ended(score) for score in (1.0, 0.5, 0.6, 0.7, 0.8)]
    assert ends == [False, False, False, False, True]
    assert (rounds.best_round, rounds.done, rounds.clocked) == (2, 5, False)
    assert told == [(5, 1.6)]


def test_rounds_end_when_hardly_anything_is_won(tmp_path: Path) -> None:
    rounds = Rounds(make_run(tmp_path), patience=3, most=100, deadline=np.inf, unit=1.0)
    ends = [rounds.ended(1.0 - 1e-4 * step) for step in range(4)]
    assert ends == [False, False, False, True]
    assert rounds.best_round == 4, "the best is kept all the same"
    small = Rounds(make_run(tmp_path), patience=3, most=100, deadline=np.inf, nats=True)
    assert [small.ended(0.00009 / 2**step) for step in range(4)] == [False, False, False, True]


def test_rounds_end_at_the_most_and_at_the_deadline(tmp_path: Path) -> None:
    most = Rounds(make_run(tmp_path), patience=3, most=2, deadline=np.inf, unit=1.0)
    assert [most.ended(None), most.ended(None)] == [False, True]
    assert not most.clocked
    assert not most.cut
    again = Rounds(make_run(tmp_path), patience=3, most=2, deadline=np.inf, limited=True)
    assert [again.ended(None), again.ended(None)] == [False, True]
    assert again.cut, "who repeats a fit learns that it came to its end"
    late = Rounds(make_run(tmp_path), patience=3, most=9, deadline=-np.inf, unit=1.0)
    assert late.ended(1.0)
    assert late.clocked
    assert late.cut

"""What every family for tables must do: fit, answer, export the same answers, repeat itself, keep its time."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import INPUTS, as_program, make_fold, make_profile, make_rows, make_run, make_task, strange_rows

from smeaton import plugins
from smeaton.families import Family, Refusal, Space
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table
from smeaton.task.types import Type
from smeaton.trials.choose import MEMBERS

SINGLE = ("baseline", "boosting", "forest", "linear", "mixed", "network")
KINDS = ("binary", "4", "number")
TOLERANCE = 1e-9


def family(name: str) -> Family:
    part: Family = plugins.load("families", name)
    return part


def loss(answers: Table, y: Array) -> float:
    if PROBABILITY in answers:
        return float(-np.log(answers[PROBABILITY][np.arange(len(y)), y]).mean())
    return float(np.sqrt(np.square(answers[PREDICTION] - y).mean()))


def difference(one: Table, other: Table) -> float:
    """Largest absolute difference in probabilities, largest relative one in numbers."""
    if PROBABILITY in one:
        return float(np.abs(one[PROBABILITY] - other[PROBABILITY]).max())
    scale = np.maximum(1.0, np.abs(one[PREDICTION]))
    return float((np.abs(one[PREDICTION] - other[PREDICTION]) / scale).max())


CASES: list[tuple[str, dict[str, Any]]] = [
    ("baseline", {}),
    ("linear", {}),
    ("linear", {"knots": 6, "log": True}),
    ("boosting", {"rounds": 40}),
    ("mixed", {"rounds": 40}),
    ("network", {"epochs": 4}),
    ("boosting", {"rounds": 40, "slim": True}),
    ("forest", {"trees": 8, "texts": "scores"}),
    ("linear", {"knots": 6, "sparse": True}),
    ("boosting", {"rounds": 40, "log": True, "extra_trees": True, "num_leaves": 8}),
]


@pytest.mark.parametrize("name", SINGLE)
def test_the_key_of_pools_is_no_key_of_single_families(name: str) -> None:
    # The board tells what was made of finished trials by it.
    task = make_task("binary")
    space = family(name).space(task, make_profile(600, task, np.arange(600) % 2))
    assert isinstance(space, Space)
    assert MEMBERS not in {*space.params, *(key for start in space.starts for key in start)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "config"), CASES)
def test_the_program_answers_as_the_model(name: str, config: dict[str, Any], kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, y = make_fold(600, kind, weights=kind == "4")
    fitted = family(name).fit(task, config, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    for rows in (fold.held, strange_rows(fold.held, task)):
        model, program = fitted.predict(rows), engine.predict(rows)
        assert difference(model, program) <= TOLERANCE
        if task.is_class:
            assert model[PREDICTION].tolist() == program[PREDICTION].tolist()
            assert np.allclose(program[PROBABILITY].sum(axis=1), 1.0, atol=1e-12)
    if name != "baseline":
        constant = family("baseline").fit(task, {}, fold, make_run(tmp_path))
        assert loss(fitted.predict(fold.held), y) < 0.95 * loss(constant.predict(fold.held), y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["boosting", "linear"])
def test_the_same_fit_gives_the_same_bits(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(400, kind)
    answers = []
    for turn in range(2):
        fitted = family(name).fit(task, {"knots": 5, "rounds": 30}, fold, make_run(tmp_path, seed=3))
        fitted.export(tmp_path / str(turn))
        answers.append(fitted.predict(fold.held))
    key = PROBABILITY if task.is_class else PREDICTION
    assert answers[0][key].tobytes() == answers[1][key].tobytes()
    models = [(tmp_path / str(turn) / "model.onnx").read_bytes() for turn in range(2)]
    assert models[0] == models[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["boosting", "linear"])
def test_no_time_still_gives_a_model_that_can_be_repeated(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(400, kind)
    begun = time.monotonic()
    cut: Any = family(name).fit(task, {}, fold, make_run(tmp_path, seconds=1e-6))
    assert time.monotonic() - begun < 3
    assert cut.steps > 0
    assert "the clock ended it" in cut.note
    again = family(name).fit(task, {"_steps": cut.steps}, fold, make_run(tmp_path))
    key = PROBABILITY if task.is_class else PREDICTION
    assert cut.predict(fold.held)[key].tobytes() == again.predict(fold.held)[key].tobytes()


@pytest.mark.parametrize("name", ["boosting", "linear"])
def test_a_fit_that_ends_by_itself_says_so(name: str, tmp_path: Path) -> None:
    fold, _ = make_fold(400, "binary")
    fitted: Any = family(name).fit(make_task("binary"), {"rounds": 30}, fold, make_run(tmp_path))
    assert (fitted.steps, fitted.note) == (0, "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["boosting", "linear"])
def test_a_refit_learns_from_the_stop_rows_too(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(400, kind)
    run = make_run(tmp_path)
    run.other_folds = {1: fold.stop.y}
    key = PROBABILITY if task.is_class else PREDICTION
    plain, again = (
        family(name).fit(task, {"rounds": 30, "refit": refit}, fold, run).predict(fold.held)[key]
        for refit in (False, True)
    )
    assert not np.array_equal(plain, again)
    assert np.corrcoef(plain.ravel(), again.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("name", ["boosting", "linear"])
def test_a_refit_is_left_out_where_the_stop_rows_are_needed(name: str, tmp_path: Path) -> None:
    fold, _ = make_fold(300, "binary")
    task, run = make_task("binary"), make_run(tmp_path)
    plain, again = (
        family(name).fit(task, {"rounds": 20, "refit": refit}, fold, run).predict(fold.held) for refit in (False, True)
    )
    assert np.array_equal(plain[PROBABILITY], again[PROBABILITY])


@pytest.mark.parametrize("name", ["boosting", "linear"])
def test_a_smaller_fidelity_uses_fewer_rows(name: str, tmp_path: Path) -> None:
    fold, y = make_fold(600, "4")
    run = make_run(tmp_path)
    run.fidelity = 0.3
    fitted = family(name).fit(make_task("4"), {"rounds": 30}, fold, run)
    whole = family(name).fit(make_task("4"), {"rounds": 30}, fold, make_run(tmp_path))
    assert not np.array_equal(fitted.predict(fold.held)[PROBABILITY], whole.predict(fold.held)[PROBABILITY])
    assert loss(fitted.predict(fold.held), y) < np.log(4)


@pytest.mark.parametrize("name", [name for name in SINGLE if name != "mixed"])
@pytest.mark.parametrize("column", list(INPUTS))
def test_one_column_of_any_kind_is_enough(name: str, column: str, tmp_path: Path) -> None:
    task = make_task("4", {column: INPUTS[column]})
    fold, _ = make_fold(200, "4")
    fitted = family(name).fit(task, {"knots": 4, "rounds": 5}, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    rows = strange_rows({column: fold.held[column]} | fold.held, task)
    assert difference(fitted.predict(rows), engine.predict(rows)) <= TOLERANCE


@pytest.mark.parametrize("column", list(INPUTS))
def test_mixed_wants_texts_and_something_beside_them(column: str) -> None:
    task = make_task("4", {column: INPUTS[column]})
    refused = family("mixed").space(task, make_profile(200, task, make_rows(200, "4").y))
    assert isinstance(refused, Refusal)
    assert ("every input is text" if column == "note" else "no text") in refused.why


@pytest.mark.parametrize("name", SINGLE)
def test_a_label_without_training_rows_is_not_ruled_out(name: str, tmp_path: Path) -> None:
    task = make_task("5")
    fold, _ = make_fold(300, "4")
    fitted = family(name).fit(task, {"rounds": 20}, fold, make_run(tmp_path))
    probability = fitted.predict(fold.held)[PROBABILITY]
    assert probability.shape[1] == 5
    assert probability[:, 4].min() > 1e-7


@pytest.mark.parametrize("name", SINGLE)
def test_weights_count(name: str, tmp_path: Path) -> None:
    task = make_task("number")
    fold, _ = make_fold(300, "number", weights=True)
    heavy = fold.train.y > np.median(fold.train.y)
    assert fold.train.weight is not None
    fold.train.weight[:] = np.where(heavy, 10.0, 0.1)
    weighted = family(name).fit(task, {"rounds": 20}, fold, make_run(tmp_path)).predict(fold.held)[PREDICTION]
    fold.train.weight[:] = 1.0
    plain = family(name).fit(task, {"rounds": 20}, fold, make_run(tmp_path)).predict(fold.held)[PREDICTION]
    assert weighted.mean() > plain.mean()


@pytest.mark.parametrize("name", [*SINGLE, "blend"])
def test_what_a_family_cannot_read_is_refused_with_the_reason(name: str) -> None:
    task = make_task("binary", {"photo": Type(type="image")})
    refused = family(name).space(task, make_profile(100, task, np.array([0, 1])))
    assert isinstance(refused, Refusal)
    assert "'photo' is of type 'image'" in refused.why


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SINGLE)
def test_the_starts_of_a_space_can_be_fitted(name: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(200, kind)
    space = family(name).space(task, make_profile(200, task, make_rows(200, kind).y))
    assert isinstance(space, Space)
    assert len({str(start) for start in space.starts}) == len(space.starts)
    for start in space.starts:
        answers = family(name).fit(task, {**start, "_steps": 3}, fold, make_run(tmp_path)).predict(fold.held)
        assert np.isfinite(answers[PROBABILITY] if task.is_class else answers[PREDICTION]).all()


def test_the_baseline_is_what_it_says(tmp_path: Path) -> None:
    fold, _ = make_fold(300, "number")
    mean = family("baseline").fit(make_task("number"), {}, fold, make_run(tmp_path)).predict(fold.held)
    median = family("baseline").fit(make_task("number", metric="mae"), {}, fold, make_run(tmp_path)).predict(fold.held)
    assert np.allclose(mean[PREDICTION], fold.train.y.mean())
    assert np.allclose(median[PREDICTION], np.median(fold.train.y), rtol=0.02)


def test_a_constant_target_and_empty_columns_are_no_trouble(tmp_path: Path) -> None:
    task = make_task("number")
    fold, _ = make_fold(200, "number")
    fold.train.y[:] = 7.0
    fold.train.x["price"][:] = np.nan
    for name in SINGLE:
        answers = family(name).fit(task, {"knots": 4, "rounds": 5}, fold, make_run(tmp_path)).predict(fold.held)
        assert np.allclose(answers[PREDICTION], 7.0)

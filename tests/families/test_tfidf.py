"""N-gram models: they learn from texts in any script, their programs answer the same, and they keep their time."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import (
    SCRIPTS,
    TEXT_INPUTS,
    as_program,
    make_profile,
    make_run,
    make_task,
    make_text_fold,
    make_text_rows,
    make_text_task,
)

from smeaton import plugins
from smeaton.families import Family, Refusal, Space
from smeaton.families._ngrams import Grams, count, is_dense, learn_terms, matrix, sums
from smeaton.task.profile import Profile
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, object_column
from smeaton.task.types import Type
from smeaton.testing.conformance import check_family

KINDS = ("binary", "5", "30", "number", "many")
MIXED = tuple(TEXT_INPUTS)
TOLERANCE = 1e-9


def family() -> Family:
    part: Family = plugins.load("families", "tfidf")
    return part


def loss(answers: Table, y: Array) -> float:
    if PROBABILITY not in answers:
        return float(np.sqrt(np.square(answers[PREDICTION] - y).mean()))
    chance = answers[PROBABILITY]
    if y.ndim == 2:
        return float(-np.log(np.where(y > 0, chance, 1 - chance)).sum(axis=1).mean())
    return float(-np.log(chance[np.arange(len(y)), y]).mean())


def plain_loss(kind: str, y: Array) -> float:
    """What an answer that knows only the shares of the labels, or the mean, loses."""
    if kind == "number":
        return float(y.std())
    if kind == "many":
        return loss({PROBABILITY: np.tile(y.mean(axis=0), (len(y), 1))}, y)
    return float(np.log({"binary": 2}.get(kind) or int(kind)))


def values(answers: Table) -> Array:
    return answers[PROBABILITY if PROBABILITY in answers else PREDICTION]


def strange(held: Table) -> Table:
    """Texts that are null, empty, long or in signs never seen; categories and numbers never seen."""
    odd = {name: column[:8].copy() for name, column in held.items()}
    odd["body"] = object_column(
        [None, "", " ", "!!!", "\u6771\u4eac", "x" * 5000, "a \U0001f600 b", "\u0e01\u0e34 e\u0301"]
    )
    odd["area"] = object_column([None, "", "area 0", "nowhere", "Area 1", "area 2", "\u00e9", "area 1"])
    odd["length"] = np.array([np.nan, 0.0, -0.0, 1e300, -1e300, 1e-300, 5.0, 2.0])
    return {name: odd[name] for name in held}


@pytest.mark.parametrize("inputs", [("body",), MIXED], ids=["text", "mixed"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_its_program_answers_the_same(kind: str, inputs: tuple[str, ...], tmp_path: Path) -> None:
    task = make_text_task(kind, inputs)
    fold, y = make_text_fold(900 if kind == "30" else 500, kind)
    fitted = family().fit(task, {}, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    held = {name: fold.held[name] for name in inputs}
    for rows in (held, strange(held)):
        model, program = fitted.predict(rows), engine.predict(rows)
        assert np.abs(values(model) - values(program)).max() <= TOLERANCE
        assert kind == "number" or model[PREDICTION].tolist() == program[PREDICTION].tolist()
    assert loss(fitted.predict(fold.held), y) < 0.6 * plain_loss(kind, y)


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "hashed"},
        {"ratio": False},
        {"norm": False, "count": "once", "c": 0.1},
        {"words": 3, "chars": 0, "count": "plain"},
        {"words": 0, "chars": 4, "least": 12},
    ],
)
def test_every_way_of_counting_can_be_compiled(config: dict[str, Any], tmp_path: Path) -> None:
    task = make_text_task("5", MIXED)
    fold, y = make_text_fold(400, "5")
    fitted = family().fit(task, config, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    assert np.abs(values(fitted.predict(fold.held)) - values(engine.predict(fold.held))).max() <= TOLERANCE
    assert loss(fitted.predict(fold.held), y) < np.log(5) / 2


@pytest.mark.parametrize("script", list(SCRIPTS))
def test_any_script_is_read(script: str, tmp_path: Path) -> None:
    fold, y = make_text_fold(500, "4", script=script)
    fitted = family().fit(make_text_task("4"), {}, fold, make_run(tmp_path))
    assert (fitted.predict(fold.held)[PROBABILITY].argmax(axis=1) == y).mean() > 0.8


@pytest.mark.parametrize("kind", ["binary", "5", "many"])
def test_it_keeps_the_contract_of_a_family(kind: str) -> None:
    task = make_text_task(kind, MIXED)
    fold, _ = make_text_fold(250, kind)
    check_family(family(), task, fold, profile(task, fold.train.y))


def profile(task: Any, y: Array) -> Profile:
    return Profile(rows=len(y), columns=()) if task.answer == "many" else make_profile(len(y), task, y)


@pytest.mark.parametrize("kind", ["binary", "5", "number", "many"])
def test_the_same_fit_gives_the_same_bits(kind: str, tmp_path: Path) -> None:
    fold, _ = make_text_fold(300, kind)
    for turn in range(2):
        fitted = family().fit(make_text_task(kind, MIXED), {"values": 10}, fold, make_run(tmp_path, seed=3))
        fitted.export(tmp_path / str(turn))
    files = sorted(path.name for path in (tmp_path / "0").iterdir())
    assert len(files) == 7
    for name in files:
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes(), name


@pytest.mark.parametrize("kind", ["binary", "5", "number", "many"])
def test_no_time_still_gives_a_model_that_can_be_repeated(kind: str, tmp_path: Path) -> None:
    task = make_text_task(kind)
    fold, _ = make_text_fold(300, kind)
    begun = time.monotonic()
    run = make_run(tmp_path, seconds=1e-6)
    run.other_folds = {1: fold.stop.y}
    cut: Any = family().fit(task, {"refit": True}, fold, run)
    assert time.monotonic() - begun < 3
    assert cut.steps == 1
    assert "the clock ended it" in cut.note
    run.seconds = 60.0
    again = family().fit(task, {"refit": True, "_steps": cut.steps}, fold, run)
    assert values(cut.predict(fold.held)).tobytes() == values(again.predict(fold.held)).tobytes()


def test_a_fit_cut_between_two_costs_answers_with_the_first(tmp_path: Path) -> None:
    fold, _ = make_text_fold(300, "5")
    task = make_text_task("5")
    cut: Any = family().fit(task, {"_steps": 7}, fold, make_run(tmp_path))
    first: Any = family().fit(task, {"c": 1.0}, fold, make_run(tmp_path))
    assert cut.steps == 7
    assert (first.steps, first.note) == (0, "")
    assert values(cut.predict(fold.held)).tobytes() == values(first.predict(fold.held)).tobytes()


@pytest.mark.parametrize("kind", ["binary", "5", "number", "many"])
def test_a_refit_learns_from_the_stop_rows_too(kind: str, tmp_path: Path) -> None:
    task = make_text_task(kind, MIXED)
    fold, _ = make_text_fold(400, kind)
    run = make_run(tmp_path)
    run.other_folds = {1: fold.stop.y}
    plain, again = (
        values(family().fit(task, {"refit": refit, "log": True}, fold, run).predict(fold.held))
        for refit in (False, True)
    )
    assert not np.array_equal(plain, again)
    assert np.corrcoef(plain.ravel(), again.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("kind", ["binary", "5", "many"])
def test_the_change_named_refit_fits_all_rows_without_a_judge(kind: str, tmp_path: Path) -> None:
    task = make_text_task(kind)
    fold, y = make_text_fold(400, kind)
    fitted: Any = family().fit(task, {"refit": True}, fold, make_run(tmp_path))
    every = make_text_rows(400, kind)
    nothing = {name: column[:0] for name, column in every.x.items()}
    whole = type(fold)(0, every, type(every)(nothing, every.y[:0], None, every.index[:0]), fold.held, fold.held_index)
    again: Any = family().fit(task, {"refit": True, **fitted.refit}, whole, make_run(tmp_path))
    assert again.steps == fitted.refit["_steps"]
    assert not np.array_equal(values(again.predict(fold.held)), values(fitted.predict(fold.held)))
    assert loss(again.predict(fold.held), y) < 1.1 * loss(fitted.predict(fold.held), y)
    cut: Any = family().fit(task, {"refit": True, **fitted.refit}, whole, make_run(tmp_path, seconds=1e-6))
    assert kind == "binary" or cut.steps < fitted.refit["_steps"]


def test_weights_and_missing_labels_and_fidelity(tmp_path: Path) -> None:
    task = make_text_task("6")
    fold, _ = make_text_fold(400, "5")
    plain = family().fit(task, {}, fold, make_run(tmp_path)).predict(fold.held)[PROBABILITY]
    assert plain[:, 5].min() > 1e-7
    weight = np.where(fold.train.y == 2, 20.0, 0.5)
    heavy = type(fold.train)(fold.train.x, fold.train.y, weight, fold.train.index)
    weighed = type(fold)(0, heavy, fold.stop, fold.held, fold.held_index)
    found = family().fit(task, {}, weighed, make_run(tmp_path)).predict(fold.held)[PROBABILITY]
    assert found[:, 2].mean() > plain[:, 2].mean()
    run = make_run(tmp_path)
    run.fidelity = 0.3
    assert not np.array_equal(family().fit(task, {}, fold, run).predict(fold.held)[PROBABILITY], plain)


def test_too_many_features_leave_runs_of_characters_out_then_rows(tmp_path: Path) -> None:
    fold, _ = make_text_fold(4000, "binary")
    task = make_text_task("binary")
    found = {}
    for cells in (10**9, 250_000, 100_000, 10):
        fitted: Any = family().fit(task, {"cells": cells, "c": 1.0}, fold, make_run(tmp_path))
        found[cells] = (fitted.bags[0].grams.chars, fitted.note)
    fewer = "fewer runs of characters: all would be too many features"
    assert found[10**9] == ((2, 3, 4, 5), "")
    assert found[250_000] == ((3, 4), fewer)
    assert found[100_000] == ((), fewer)
    assert found[10] == ((), f"fitted on 71% of the rows, with {fewer}")


def test_dense_scripts_have_shorter_runs_and_keep_them(tmp_path: Path) -> None:
    fold, _ = make_text_fold(200, "binary", script="han")
    for cells, chars in ((10**9, (1, 2, 3, 4)), (10, (1, 2))):
        fitted: Any = family().fit(make_text_task("binary"), {"cells": cells}, fold, make_run(tmp_path))
        assert fitted.bags[0].grams.chars == chars


def test_what_it_cannot_do_is_refused_with_the_reason() -> None:
    def refusal(task: Any) -> str:
        refused = family().space(task, Profile(rows=10, columns=()))
        assert isinstance(refused, Refusal)
        return refused.why

    assert "no input is a text" in refusal(make_task("binary", {"size": Type(type="number")}))
    assert "'photo' is of type 'image'" in refusal(make_task("binary", {"photo": Type(type="image")}))
    assert "of type 'text'" in refusal(
        make_text_task("many").__class__(
            data=make_text_task("many").data, output={"y": Type(type="text")}, inputs=TEXT_INPUTS
        )
    )


def test_labels_beyond_a_few_are_not_scaled_apart() -> None:
    many, few = (
        family().space(make_text_task(kind), Profile(rows=100, columns=(), shares=(0.1,))) for kind in ("30", "5")
    )
    assert isinstance(many, Space)
    assert isinstance(few, Space)
    assert not any(start["ratio"] for start in many.starts)
    assert few.starts[0]["ratio"]


def test_rare_runs_are_not_kept_by_their_own_hash(tmp_path: Path) -> None:
    fold, _ = make_text_fold(300, "binary")
    texts = fold.train.x["body"]
    texts[1:5] = "secretname"
    model: Any = family().fit(make_text_task("binary"), {"least": 1}, fold, make_run(tmp_path))
    grams, terms = model.bags[0].grams, model.bags[0].terms
    alone = np.setdiff1d(count(["secretname"], grams).keys, count(texts[5:].tolist(), grams).keys)
    assert len(alone)
    assert not np.isin(alone, terms.keys).any()


def test_the_matrix_is_what_the_bag_step_sums() -> None:
    texts = make_text_rows(200, "5").x["body"].tolist()
    rng = np.random.default_rng(0)
    for norm in (True, False):
        grams = Grams((1, 2), (1, 2, 3), 1 << 9, "log", norm)
        counted = count(texts, grams)
        terms = learn_terms(counted, 2, 300)
        rows = rng.normal(size=(len(terms), 3)).astype(np.float32)
        assert np.allclose(matrix(counted, terms, grams) @ rows, sums(texts, terms, rows, grams), atol=1e-5)


def test_terms_are_the_ones_in_most_rows() -> None:
    grams = Grams((1,), (), 0, "log", True)
    counted = count(["a b", "a b c", "a a", None, "b"], grams)
    every, two, common = (learn_terms(counted, *bounds) for bounds in ((1, 9), (1, 2), (4, 9)))
    assert (len(every), len(two), len(common)) == (3, 2, 0)
    assert np.isin(two.keys, count(["a b"], grams).keys).all()
    assert np.allclose(two.idf, np.log(6 / 4) + 1)
    assert matrix(counted, common, grams).shape == (5, 0)


def test_scripts_without_spaces_are_seen() -> None:
    assert is_dense(["\u5929\u6c14 ok", None, "\uc624\ub298"])
    assert not is_dense(
        ["plain words", "\u043f\u0440\u0438\u0432\u0435\u0442", "\u0645\u0631\u062d\u0628\u0627 \u5929"]
    )
    assert not is_dense([])

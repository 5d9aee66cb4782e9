"""Students: honest lessons, few trees that answer nearly as their teacher, and the program equal to them."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pools import finished, folds_of, pool_run
from tables import as_program, make_fold, make_profile, make_rows, make_run, make_task, strange_rows

from smeaton import plugins
from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Family, Finished, Refusal
from smeaton.families._student_fit import lesson
from smeaton.families._student_rows import mingled
from smeaton.families.student import part
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, object_column
from smeaton.task.task import Task
from smeaton.task.types import Type

SMALL = {"trees": 20, "leaves": 6, "least": 500, "new": 2.0}
KINDS = ("binary", "4", "number")


@pytest.fixture(scope="module")
def pools(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Task, list[Fold], dict[int, Array], list[Finished]]]:
    made = {}
    for kind in KINDS:
        root = tmp_path_factory.mktemp(kind)
        task = make_task(kind)
        folds, targets = folds_of(kind, 2)
        made[kind] = task, folds, targets, [finished(name, task, folds, root) for name in ("linear", "boosting")]
    return made


def key_of(task: Task) -> str:
    return PROBABILITY if task.is_class else PREDICTION


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_answers_as_the_student_and_nearly_as_the_teacher(kind: str, pools: Any, tmp_path: Path) -> None:
    task, folds, targets, pool = pools[kind]
    run = pool_run(tmp_path, pool, targets, 0)
    student = part.fit(task, SMALL, folds[0], run)
    engine = as_program(student, task, tmp_path / "program")
    key = key_of(task)
    for rows in (folds[0].held, strange_rows(folds[0].held, task)):
        model, program = student.predict(rows)[key], engine.predict(rows)[key]
        assert np.allclose(model, program, rtol=1e-9, atol=1e-9)
    family: Family = plugins.load("families", "blend")
    teacher = family.fit(task, {}, folds[0], run).predict(folds[0].held)[key]
    assert np.corrcoef(teacher.ravel(), student.predict(folds[0].held)[key].ravel())[0, 1] > 0.9
    assert (student.steps, student.note) == (0, "")
    assert student.refit is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_fit_gives_the_same_bits(kind: str, pools: Any, tmp_path: Path) -> None:
    task, folds, targets, pool = pools[kind]
    one, other = (
        part.fit(task, SMALL, folds[1], pool_run(tmp_path, given, targets, 1)).predict(folds[1].held)[key_of(task)]
        for given in (pool, pool[::-1])
    )
    assert one.tobytes() == other.tobytes()


def test_a_fold_learns_nothing_from_programs_and_answers_that_may_know_its_targets(pools: Any, tmp_path: Path) -> None:
    task, folds, targets, pool = pools["binary"]
    before = part.fit(task, SMALL, folds[0], pool_run(tmp_path, pool, targets, 0)).predict(folds[0].held)
    apart = []
    for member in pool:
        own = tmp_path / member.key
        shutil.copytree(member.folders[0], own)
        held = [{name: column[::-1] for name, column in member.held[0].items()}, *member.held[1:]]
        apart.append(replace(member, folders=[own, tmp_path / "nowhere"], held=held))
    after = part.fit(task, SMALL, folds[0], pool_run(tmp_path, apart, targets, 0)).predict(folds[0].held)
    assert before[PROBABILITY].tobytes() == after[PROBABILITY].tobytes()


@pytest.mark.parametrize("kind", ["binary", "number"])
def test_what_the_clock_cut_short_can_be_repeated(kind: str, pools: Any, tmp_path: Path) -> None:
    task, folds, targets, pool = pools[kind]
    cut = part.fit(task, {"least": 500}, folds[0], pool_run(tmp_path, pool, targets, 0, seconds=1e-6))
    assert cut.steps > 0
    assert "the clock ended it" in cut.note
    again = part.fit(task, {"least": 500, "_steps": cut.steps}, folds[0], pool_run(tmp_path, pool, targets, 0))
    key = key_of(task)
    assert cut.predict(folds[0].held)[key].tobytes() == again.predict(folds[0].held)[key].tobytes()


@pytest.mark.parametrize("config", [{"new": 0.0}, {"truth": 1.0, "new": 0.0}, {"truth": 0.0}])
def test_lessons_may_lack_new_rows_the_teacher_or_the_truth(config: dict[str, Any], pools: Any, tmp_path: Path) -> None:
    task, folds, targets, pool = pools["4"]
    student = part.fit(task, SMALL | config, folds[0], pool_run(tmp_path, pool, targets, 0))
    right = student.predict(folds[0].held)[PROBABILITY][np.arange(len(targets[0])), targets[0]]
    assert -np.log(right).mean() < 0.95 * np.log(4)


def test_strings_may_be_read_as_scores(pools: Any, tmp_path: Path) -> None:
    task, folds, targets, pool = pools["binary"]
    run = pool_run(tmp_path, pool, targets, 0)
    student = part.fit(task, SMALL | {"texts": "scores"}, folds[0], run)
    engine = as_program(student, task, tmp_path / "program")
    for rows in (folds[0].held, strange_rows(folds[0].held, task)):
        assert np.allclose(student.predict(rows)[PROBABILITY], engine.predict(rows)[PROBABILITY], atol=1e-9)


def test_the_logarithm_of_a_target_may_be_taught(pools: Any, tmp_path: Path) -> None:
    task, folds, targets, pool = pools["number"]
    run = pool_run(tmp_path, pool, targets, 0)
    plain, logs = (part.fit(task, SMALL | {"log": log}, folds[0], run) for log in (False, True))
    engine = as_program(logs, task, tmp_path / "program")
    answers = logs.predict(folds[0].held)[PREDICTION]
    assert not np.allclose(plain.predict(folds[0].held)[PREDICTION], answers)
    assert (answers >= folds[0].train.y.min() * (1 - 1e-9)).all()
    assert np.allclose(engine.predict(folds[0].held)[PREDICTION], answers, rtol=1e-9)
    assert np.sqrt(np.square(answers - targets[0]).mean()) < 0.9 * targets[0].std()


def test_one_trial_is_no_teacher(tmp_path: Path) -> None:
    fold, _ = make_fold(200, "binary")
    with pytest.raises(InputError, match="at least two"):
        part.fit(make_task("binary"), {}, fold, make_run(tmp_path))


def test_it_needs_a_pool_and_leaves_plain_texts_to_others() -> None:
    task = make_task("4")
    space = part.space(task, make_profile(500, task, make_rows(500, "4").y))
    assert not isinstance(space, Refusal)
    assert space.needs_pool >= 2
    assert len({str(start) for start in space.starts}) == len(space.starts) >= 2
    skewed = make_rows(500, "number")
    number = part.space(make_task("number"), make_profile(500, make_task("number"), np.exp(skewed.y / 500)))
    assert not isinstance(number, Refusal)
    assert all(start["log"] for start in number.starts)
    assert not any("log" in start for start in space.starts)
    texts = make_task("4", {"note": Type(type="text")})
    assert isinstance(part.space(texts, make_profile(500, texts, make_rows(500, "4").y)), Refusal)


def test_soft_labels_are_taught_by_their_weight_and_right_on_average() -> None:
    task = make_task("8")
    soft = np.random.default_rng(0).dirichlet(np.full(8, 0.3), 50)
    weight = np.linspace(0.5, 2, 50)
    rng, total = np.random.default_rng(1), np.zeros((50, 8))
    for _ in range(400):
        found = lesson(task, soft, weight, rng)
        mass = np.bincount(found.places, weights=found.weight, minlength=50)
        assert np.allclose(mass, weight)
        np.add.at(total, (found.places, found.y), found.weight)
    assert np.allclose(total / 400, soft * weight[:, None], atol=0.05)
    assert np.bincount(found.places).max() <= 5


@settings(deadline=None, max_examples=20)
@given(rows=st.integers(1, 60), count=st.integers(0, 150), swap=st.floats(0, 1), seed=st.integers(0, 9))
def test_new_rows_are_typed_and_made_of_values_that_were_there(rows: int, count: int, swap: float, seed: int) -> None:
    task, x = make_task("binary"), make_rows(rows, "binary", seed).x
    made = mingled(x, task.input_types, count, swap, seed)
    assert list(made) == list(x)
    for name, column in made.items():
        assert (column.dtype, len(column)) == (x[name].dtype, count)
        if column.dtype == object:
            assert set(column.tolist()) <= set(x[name].tolist())
        elif column.dtype.kind in "fi" and count:
            known = x[name][~np.isnan(x[name].astype(float))]
            new = column[~np.isnan(column.astype(float))]
            assert not len(new) or known.min() <= new.min() <= new.max() <= known.max()
    again: Table = mingled(x, task.input_types, count, swap, seed)
    assert all(np.array_equal(made[name], again[name], equal_nan=made[name].dtype != object) for name in made)


def test_columns_that_are_no_numbers_or_hold_few_values_are_never_between() -> None:
    rng = np.random.default_rng(0)
    x = {
        "flag": rng.integers(0, 3, 200).astype(float),
        "whole": rng.integers(0, 10_000, 200),
        "gaps": np.where(rng.random(200) < 0.1, np.nan, rng.integers(0, 9_999, 200).astype(float)),
        "word": object_column([f"w{i % 7}" for i in range(200)]),
    }
    types = {
        "flag": Type(type="number"),
        "whole": Type(type="integer"),
        "gaps": Type(type="integer", optional=True),
        "word": Type(type="category"),
    }
    made = mingled(x, types, 1_000, 0.7, 3)
    assert set(made["flag"].tolist()) <= {0.0, 1.0, 2.0}
    assert made["whole"].dtype == np.int64
    known = made["gaps"][~np.isnan(made["gaps"])]
    assert (known == np.rint(known)).all()
    assert len(set(made["whole"].tolist()) - set(x["whole"].tolist())) > 100

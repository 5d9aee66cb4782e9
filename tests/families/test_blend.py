"""Blends: weights from the other folds, the program equal to the weighted members, and no better by peeking."""

from pathlib import Path

import numpy as np
import pytest
from tables import make_fold, make_rows, make_run, make_task, some

from smeaton import plugins
from smeaton.compile.calibrate import Calibration, apply
from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Finished, Run
from smeaton.families.blend import part, select
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, object_column
from smeaton.task.task import Task


def folds_of(kind: str, count: int, rows: int = 360) -> tuple[list[Fold], dict[int, Array]]:
    every = make_rows(rows, kind)
    folds, targets = [], {}
    for number in range(count):
        held = np.arange(number, rows, max(count, 4))
        rest = np.setdiff1d(np.arange(rows), held)
        parts = some(every, rest[rest % 7 != 0]), some(every, rest[rest % 7 == 0])
        folds.append(Fold(number, *parts, some(every, held).x, held))
        targets[number] = every.y[held]
    return folds, targets


def finished(name: str, task: Task, folds: list[Fold], root: Path, calibration: Calibration | None = None) -> Finished:
    held, stop, folders = [], [], []
    for fold in folds:
        fitted = plugins.load("families", name).fit(task, {"rounds": 20}, fold, make_run(root))
        folder = root / name / str(fold.number)
        folder.mkdir(parents=True)
        save_program(fitted.export(folder), folder)
        folders.append(folder)
        for side, rows in ((held, fold.held), (stop, fold.stop.x)):
            answers = dict(fitted.predict(rows))
            if calibration is not None:
                answers[PROBABILITY] = apply(calibration, answers[PROBABILITY])
                answers[PREDICTION] = object_column(task.labels)[answers[PROBABILITY].argmax(axis=1)]
            side.append(answers)
    return Finished(name, name, 0.0, held, stop, folders, [calibration] * len(folds))


def blend_run(root: Path, pool: list[Finished], targets: dict[int, Array], fold: int) -> Run:
    run = make_run(root)
    run.pool = pool
    run.other_folds = {number: target for number, target in targets.items() if number != fold}
    return run


@pytest.mark.parametrize("kind", ["binary", "4", "number"])
@pytest.mark.parametrize("count", [1, 2])
def test_the_merged_program_answers_as_the_weighted_members(kind: str, count: int, tmp_path: Path) -> None:
    task = make_task(kind)
    folds, targets = folds_of(kind, count)
    calibration = Calibration(kind="temperature", a=0.8) if task.is_class else None
    pool = [finished("linear", task, folds, tmp_path, calibration), finished("boosting", task, folds, tmp_path)]
    for fold in folds:
        fitted = part.fit(task, {}, fold, blend_run(tmp_path, pool, targets, fold.number))
        assert sum(fitted.weights) == pytest.approx(1.0)
        folder = tmp_path / "blend" / str(fold.number)
        folder.mkdir(parents=True)
        program = fitted.export(folder)
        save_program(program, folder)
        key = PROBABILITY if task.is_class else PREDICTION
        answers = Engine(program, folder, types=task.input_types).predict(fold.held)[key]
        expected = sum(
            weight * member.held[fold.number][key]
            for weight, member in zip(fitted.weights, fitted.members, strict=True)
        )
        assert np.allclose(answers, expected, rtol=1e-12, atol=1e-9)
        assert np.allclose(fitted.predict(fold.held)[key], expected, rtol=1e-12, atol=1e-9)


def test_a_fold_s_own_answers_do_not_move_its_weights(tmp_path: Path) -> None:
    task = make_task("binary")
    folds, targets = folds_of("binary", 2)
    pool = [finished("linear", task, folds, tmp_path), finished("baseline", task, folds, tmp_path)]
    before = part.fit(task, {}, folds[0], blend_run(tmp_path, pool, targets, 0))
    for member in pool:
        member.held[0][PROBABILITY][:] = 0.5
    after = part.fit(task, {}, folds[0], blend_run(tmp_path, pool, targets, 0))
    assert before.weights == after.weights


def test_members_and_top_choose_from_the_pool(tmp_path: Path) -> None:
    task = make_task("binary")
    folds, targets = folds_of("binary", 2)
    pool = [finished(name, task, folds, tmp_path) for name in ("linear", "baseline", "boosting")]
    run = blend_run(tmp_path, pool, targets, 0)
    named = part.fit(task, {"members": ["linear", "baseline"]}, folds[0], run)
    assert {member.key for member in named.members} <= {"linear", "baseline"}
    best = part.fit(task, {"top": 2}, folds[0], run)
    assert {member.key for member in best.members} <= {"linear", "boosting"}


def test_one_trial_is_no_blend(tmp_path: Path) -> None:
    task = make_task("binary")
    fold, _ = make_fold(200, "binary")
    with pytest.raises(InputError, match="at least two"):
        part.fit(task, {}, fold, make_run(tmp_path))


def test_the_greedy_selection_finds_what_is_best_together() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=2_000)
    noise = rng.normal(size=(2_000, 3))
    answers = np.column_stack([target + noise[:, 0], target + noise[:, 1], target + 3 * noise[:, 2]])

    def squared(one: Array, other: Array, weight: Array) -> float:
        return float(weight @ np.square(one - other))

    weight = np.full(2_000, 1 / 2_000)
    counts = select(answers, target, weight, squared)
    shares = counts / counts.sum()
    assert shares[0] == pytest.approx(shares[1], abs=0.1)
    assert shares[2] < 0.12
    alone = min(squared(column, target, weight) for column in answers.T)
    assert squared(answers @ shares, target, weight) < 0.6 * alone

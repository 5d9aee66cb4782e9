"""Blends: weights from the other folds, the program equal to the weighted members, and no better by peeking."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pools import finished, folds_of, pool_run
from tables import make_fold, make_run, make_task

from smeaton.compile.calibrate import Calibration
from smeaton.errors import InputError
from smeaton.families import Finished
from smeaton.families._ensemble import Evidence, evidence
from smeaton.families._selection import bytes_of, pruned, weights_of
from smeaton.families.blend import part, select
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array
from smeaton.task.task import Limits


@pytest.mark.parametrize("kind", ["binary", "4", "number"])
@pytest.mark.parametrize("count", [1, 2])
def test_the_merged_program_answers_as_the_weighted_members(kind: str, count: int, tmp_path: Path) -> None:
    task = make_task(kind)
    folds, targets = folds_of(kind, count)
    calibration = Calibration(kind="temperature", a=0.8) if task.is_class else None
    pool = [finished("linear", task, folds, tmp_path, calibration), finished("boosting", task, folds, tmp_path)]
    for fold in folds:
        fitted = part.fit(task, {}, fold, pool_run(tmp_path, pool, targets, fold.number))
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
    before = part.fit(task, {}, folds[0], pool_run(tmp_path, pool, targets, 0))
    for member in pool:
        member.held[0][PROBABILITY][:] = 0.5
    after = part.fit(task, {}, folds[0], pool_run(tmp_path, pool, targets, 0))
    assert before.weights == after.weights


def test_members_and_top_choose_from_the_pool(tmp_path: Path) -> None:
    task = make_task("binary")
    folds, targets = folds_of("binary", 2)
    pool = [finished(name, task, folds, tmp_path) for name in ("linear", "baseline", "boosting")]
    run = pool_run(tmp_path, pool, targets, 0)
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
    weight = np.full(2_000, 1 / 2_000)
    counts = select(answers, target, weight, squared)
    shares = counts / counts.sum()
    assert shares[0] == pytest.approx(shares[1], abs=0.1)
    assert shares[2] < 0.12
    alone = min(squared(column, target, weight) for column in answers.T)
    assert squared(answers @ shares, target, weight) < 0.6 * alone


def squared(one: Array, other: Array, weight: Array) -> float:
    return float(weight @ np.square(one - other))


def test_a_member_of_little_weight_is_found_behind_picks_that_do_not_help() -> None:
    rng = np.random.default_rng(1)
    target = rng.normal(size=2_000)
    noise = rng.normal(size=(2_000, 2))
    answers = np.column_stack([target + 0.5 * noise[:, 0], target + noise[:, 1]])  # best together at 4 to 1
    counts = select(answers, target, np.full(2_000, 1 / 2_000), squared)
    assert counts[1] / counts.sum() == pytest.approx(0.2, abs=0.05)


def alike(noises: list[float], seed: int = 0) -> Evidence:
    rng = np.random.default_rng(seed)
    target = rng.normal(size=1_000)
    answers = np.column_stack([target + noise * rng.normal(size=1_000) for noise in noises])
    return Evidence(answers, target, np.full(1_000, 1 / 1_000), squared)


def test_what_is_picked_stays_within_the_room() -> None:
    known, sizes = alike([0.5, 0.5, 0.5, 0.5]), np.array([4.0, 3.0, 2.0, 1.0])
    for room in (1.0, 3.0, 5.0, 9.0):
        weights = weights_of(known, sizes, room)
        assert sizes[weights > 0].sum() <= room
        assert weights.sum() == pytest.approx(1.0)
    assert (weights_of(known, sizes, 10.0) > 0).all()


def test_pruning_strikes_off_what_is_large_and_hardly_helps() -> None:
    known, sizes = alike([0.3, 0.3, 0.8]), np.array([1.0, 1.0, 50.0])
    assert weights_of(known)[2] > 0
    weights = pruned(known, sizes, np.inf, 0.3)
    assert weights[2] == 0
    assert known.score(weights) <= known.score(weights_of(known)) * 1.3
    assert (pruned(known, sizes, np.inf, 0.0) == weights_of(known)).all()
    assert (pruned(known, sizes, np.inf, 100.0) > 0).sum() == 1


@pytest.mark.parametrize(("kind", "metric"), [("4", None), ("number", None), ("number", "mae")])
def test_the_constant_is_the_best_one(kind: str, metric: str | None, tmp_path: Path) -> None:
    task = make_task(kind, metric=metric)
    folds, targets = folds_of(kind, 2)
    known = evidence(task, [finished("baseline", task, folds, tmp_path)], folds[0], pool_run(tmp_path, [], targets, 0))
    if kind == "4":
        shares = np.bincount(targets[1]) / len(targets[1])
        assert known.constant == pytest.approx(-np.log(shares[targets[1]]).mean())
    else:
        centre = np.median(targets[1]) if metric else targets[1].mean()
        off = np.abs(targets[1] - centre)
        assert known.constant == pytest.approx((off if metric else np.square(off)).mean())
    assert known.constant <= known.losses()[0] + 1e-12


def test_members_beyond_the_limits_are_left_out(tmp_path: Path) -> None:
    task = make_task("binary")
    folds, targets = folds_of("binary", 2)
    pool = [finished(name, task, folds, tmp_path) for name in ("linear", "baseline", "boosting")]
    sizes = bytes_of(pool)
    large = pool[int(sizes.argmax())].key
    run = pool_run(tmp_path, pool, targets, 0)
    small = task.with_(limits=Limits(size=int(sizes.max()) - 1))
    assert large not in {member.key for member in part.fit(small, {}, folds[0], run).members}
    with pytest.raises(InputError, match="of 3 finished trials 0 keep the limits"):
        part.fit(task.with_(limits=Limits(p95=1e-6)), {}, folds[0], run)


def test_the_smaller_blend_is_no_larger(tmp_path: Path) -> None:
    task = make_task("4")
    folds, targets = folds_of("4", 2)
    pool = [finished(name, task, folds, tmp_path) for name in ("linear", "boosting")]
    pool.append(replace(pool[1], key="again"))
    run = pool_run(tmp_path, pool, targets, 0)

    def size(members: list[Finished]) -> float:
        return float(bytes_of(members).sum())

    whole, lean = (part.fit(task, config, folds[0], run) for config in ({}, {"spare": 0.2}))
    assert 0 < size(list(lean.members)) <= size(list(whole.members))
    assert sum(lean.weights) == pytest.approx(1.0)

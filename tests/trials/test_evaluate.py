"""From stored answers to a record: every held row scored once, invalid ones as wrong, calibrated without peeking."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.data.split import FoldIndex
from smeaton.errors import SmeatonError
from smeaton.task.arrays import open_table, save_table
from smeaton.task.table import object_column
from smeaton.trials.evaluate import evaluate, open_trial, stop_rows_seen
from smeaton.trials.record import Candidate
from smeaton.trials.results import FitResult, read_calibrations

CANDIDATE = Candidate(family="scripted")


def store(build: Any, answer: Any, repeats: int = 1, **facts: Any) -> Path:
    """Write what fits would have left; `answer(rows, fold, repeat)` gives the answers to dataset rows."""
    home = Path(build.root) / "trials" / f"{CANDIDATE.key}-1-0"
    for number, index in enumerate(build.folds):
        folder = home / f"fold{number}"
        for repeat in range(repeats):
            save_table(answer(index.held, number, repeat), folder / ("held" if not repeat else f"held-{repeat}"))
        save_table(answer(index.stop, number, 0), folder / "stop")
        result = FitResult(job=build.job(CANDIDATE, number), seconds=1.0, fit_seconds=1.0, **facts)
        (folder / "result.json").write_bytes(msgspec.json.encode(result))
    return home


def judge(build: Any, metric: str = "log_loss", folds: Any = None) -> Any:
    chosen = build.folds if folds is None else folds
    return evaluate(build.root, CANDIDATE, 1.0, 0, build.dataset, chosen, metric, 4.5)


def bent(build: Any, by: float) -> Any:
    """Answers from the true log-odds times `by`."""

    def answer(rows: Any, fold: int, repeat: int) -> dict[str, Any]:
        x = build.dataset.table["amount"][rows] + (build.dataset.table["colour"][rows] == "red")
        wave = 1 / (1 + np.exp(-2.4 * by * x))
        chance = np.stack([1 - wave, wave], axis=1)
        return {"prediction": object_column((wave > 0.5).tolist()), "probability": chance}

    return answer


def test_numbers_are_scored_on_every_held_row(build: Any) -> None:
    made = build("number")
    store(made, lambda rows, fold, repeat: {"prediction": made.dataset.target[rows] + 0.5}, money=0.25)
    trial = judge(made, "rmse")
    assert trial.state == "done"
    assert trial.scores == pytest.approx((0.5, 0.5, 0.5))
    assert (trial.score.value, trial.score.low, trial.score.high) == pytest.approx((0.5, 0.5, 0.5))
    assert (trial.seconds, trial.money, trial.calibrated) == (4.5, 0.75, False)
    home = made.root / trial.folder
    assert open_trial(home) == trial
    oof = open_table(home / "oof")
    assert sorted(oof["row"].tolist()) == list(range(300))
    assert oof["prediction"] == pytest.approx(made.dataset.target[oof["row"]] + 0.5)


def test_calibration_is_applied_to_scores_and_stored_answers(build: Any) -> None:
    made = build(rows=1500)
    home = store(made, bent(made, 5.0))
    trial = judge(made)
    assert trial.calibrated
    steps = read_calibrations(home)
    assert len(steps) == 3
    assert all(step is not None and step.a < 0.5 for step in steps)
    oof = open_table(home / "oof")
    assert np.array_equal(oof["prediction"] == True, oof["probability"].argmax(axis=1) == 1)  # noqa: E712
    true = oof["probability"][np.arange(1500), made.dataset.target[oof["row"]]]
    assert trial.score.value == pytest.approx(-np.log(true).mean())
    assert trial.score.low < trial.score.value < trial.score.high


def test_a_program_that_cannot_carry_a_step_is_not_calibrated(build: Any) -> None:
    made = build(rows=1500)
    store(made, bent(made, 5.0), effect="pure", mergeable=False)
    assert not judge(made).calibrated


def test_one_fold_is_calibrated_on_its_stop_rows(build: Any) -> None:
    made = build(rows=3000)
    home = store(made, bent(made, 5.0))
    trial = judge(made, folds=made.folds[:1])
    assert trial.calibrated
    assert len(trial.scores) == len(read_calibrations(home)) == 1


def test_rows_with_a_time_are_calibrated_on_the_past(build: Any) -> None:
    moments = (np.datetime64("2026-01-01", "us") + np.arange(3000) * np.timedelta64(1, "h")).astype("datetime64[us]")
    made = build(rows=3000, time=moments)
    home = store(made, bent(made, 5.0))
    judge(made)
    before = read_calibrations(home)[-1]  # of the fold whose held-out rows are the oldest
    newer = np.arange(3000) >= made.folds[-1].held.min()
    made.dataset.target[newer] = 1 - made.dataset.target[newer]
    judge(made)
    assert before is not None
    assert read_calibrations(home)[-1] == before


def test_invalid_answers_are_wrong_not_dropped(build: Any) -> None:
    made = build("binary")
    truth = made.dataset.target

    def answer(rows: Any, fold: int, repeat: int) -> dict[str, Any]:
        right = object_column([bool(code) for code in truth[rows]])
        table = {"prediction": right}
        if fold == 1:  # only this fold had failures, so only it has the column
            right[: len(rows) // 2] = None
            table["error"] = object_column(["no answer"] * (len(rows) // 2) + [None] * (len(rows) - len(rows) // 2))
        return table

    store(made, answer, effect="external")
    trial = judge(made, "accuracy")
    assert trial.scores == pytest.approx((1.0, 0.5, 1.0))
    assert trial.score.value == pytest.approx(250 / 300)
    assert open_table(made.root / trial.folder / "oof")["error"].tolist().count("no answer") == 50


def test_numbers_that_are_not_finite_never_make_a_nan(build: Any) -> None:
    made = build("number")

    def answer(rows: Any, fold: int, repeat: int) -> dict[str, Any]:
        values = made.dataset.target[rows].copy()
        values[::7] = [np.nan, np.inf][fold % 2]
        return {"prediction": values}

    store(made, answer)
    trial = judge(made, "rmse")
    numbers = [*trial.scores, trial.score.value, trial.score.low, trial.score.high]
    assert np.isfinite(numbers).all()
    assert trial.score.value > 0.1


def test_repeats_are_averaged_in_score(build: Any) -> None:
    made = build("number")
    store(made, lambda rows, fold, repeat: {"prediction": made.dataset.target[rows] + repeat}, repeats=3)
    assert judge(made, "mae").score.value == pytest.approx(1.0)


def test_weights_and_groups_reach_the_score(build: Any) -> None:
    weight = np.where(np.arange(300) % 2, 1.0, 3.0)
    made = build("number", weight=weight, group=np.arange(300) // 10)
    off = np.where(np.arange(300) % 2, 2.0, 0.0)
    store(made, lambda rows, fold, repeat: {"prediction": made.dataset.target[rows] + off[rows]})
    assert judge(made, "mae").score.value == pytest.approx(0.5)


def test_judging_again_changes_nothing(build: Any) -> None:
    made = build(rows=600)
    home = store(made, bent(made, 3.0))
    first = judge(made)
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert judge(made) == first
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == files


def test_a_missing_fold_is_said(build: Any) -> None:
    made = build("number")
    home = store(made, lambda rows, fold, repeat: {"prediction": made.dataset.target[rows]})
    os.rename(home / "fold1", home / "elsewhere")
    with pytest.raises(SmeatonError, match="fold 1 has no readable result"):
        judge(made, "rmse")


def test_stop_rows_teach_nothing_once_a_refit_may_have_used_them() -> None:
    refit = Candidate(family="linear", config={"refit": True})
    plain = Candidate(family="linear", config={"refit": False})
    assert stop_rows_seen(refit, folds=1, made=5)
    assert not stop_rows_seen(refit, folds=5, made=5)  # the other folds teach, not the stop rows
    assert not stop_rows_seen(refit, folds=1, made=1)  # a lone fold is never refitted
    assert not stop_rows_seen(plain, folds=1, made=5)


def test_rows_that_fail_for_a_while_widen_the_score_where_they_have_a_time(build: Any) -> None:
    off = np.where(np.arange(300) // 30 % 2 == 0, 0.2, 2.0)  # good and bad spells
    widths = []
    for role in ({}, {"time": np.arange(300).astype("datetime64[us]")}):
        made = build("number", folds=1)
        made.dataset = replace(made.dataset, **role)
        made.folds[:] = [FoldIndex(np.arange(60), np.arange(60, 90), np.arange(90, 300))]
        answer = lambda rows, fold, repeat, made=made: {"prediction": made.dataset.target[rows] + off[rows]}  # noqa: E731
        store(made, answer)
        score = judge(made, "rmse").score
        widths.append(score.high - score.low)
        shutil.rmtree(Path(made.task.folder))
        shutil.rmtree(made.root)
    assert widths[1] > 1.5 * widths[0]

"""Intervals and decisions all the way: judged without the rows they judge, kept with the trial, and shipped."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.errors import SmeatonError
from smeaton.leaderboard.outputs import interval_scores, output_words
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops._decide import cheapest
from smeaton.runtime.ops.interval import Band, ends
from smeaton.task.arrays import open_table
from smeaton.task.table import take
from smeaton.task.task import Bar
from smeaton.task.types import Type
from smeaton.trials import ship as module
from smeaton.trials.decisions import read_decisions
from smeaton.trials.evaluate import evaluate
from smeaton.trials.intervals import read_intervals
from smeaton.trials.job import run_job
from smeaton.trials.judge import StoredJudge
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.ship import assemble

LINEAR = Candidate(family="linear")


def tried(made: Any, dataset: Dataset, metric: str) -> Trial:
    for number in range(len(made.folds)):
        run_job(made.job(LINEAR, number), lambda step, score: None)
    return evaluate(made.root, LINEAR, 1.0, 0, dataset, made.folds, metric, 1.0)


@pytest.mark.parametrize("folds", [1, 3])
def test_intervals_are_judged_kept_and_shipped(build: Any, tmp_path: Path, folds: int) -> None:
    made = build("number", rows=600, folds=folds)
    trial = tried(made, made.dataset, "rmse")
    home = made.root / trial.folder
    bands = read_intervals(home)
    assert bands is not None
    oof = open_table(home / "oof")
    target = made.dataset.target[oof["row"]]
    inside = (oof["low"] <= target) & (target <= oof["high"])
    assert inside.mean() == pytest.approx(0.9, abs=0.07)
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert shipped.program.outputs == ("prediction", "low", "high")
    with Engine(shipped.program, tmp_path / "out") as engine:
        found = engine.run(take(made.dataset.table, np.arange(40)))
    low, high = ends(bands.ships, found["prediction"])
    assert found["low"].tolist() == low.tolist()
    assert found["high"].tolist() == high.tolist()
    scores = interval_scores(made.root, made.dataset, trial)
    assert scores["coverage"].value == pytest.approx(inside.mean())
    (said,) = output_words(made.root, made.dataset, trial)
    assert said.startswith(f"the 90% prediction intervals hold {inside.mean():.1%} of the held-out rows")


def test_none_are_made_where_none_are_wanted(build: Any, tmp_path: Path) -> None:
    made = build("number")
    none = replace(made.dataset, task=made.task.with_(output={"y": Type(type="number", interval=0.0)}))
    trial = tried(made, none, "rmse")
    assert read_intervals(made.root / trial.folder) is None
    assert interval_scores(made.root, none, trial) == {}
    assert output_words(made.root, none, trial) == ()
    assert assemble(made.root, trial, none.task, tmp_path / "out").program.outputs == ("prediction",)


def test_other_intervals_than_those_learnt_do_not_ship(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = build("number")
    trial = tried(made, made.dataset, "rmse")
    monkeypatch.setattr(module, "ends", lambda band, prediction, scale: ends(Band(low=-1.0, high=1.0), prediction))
    with pytest.raises(SmeatonError, match="other intervals than those learnt"):
        assemble(made.root, trial, made.task, tmp_path / "out")


def test_costs_decide_what_is_scored_and_what_ships(build: Any, tmp_path: Path) -> None:
    made = build("multiclass")
    costs = {"c": {"a": 20.0, "b": 5.0}}
    dataset = replace(made.dataset, task=made.task.with_(costs=costs))
    trial = tried(made, dataset, "cost")
    oof = open_table(made.root / trial.folder / "oof")
    matrix = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [20.0, 5.0, 0.0]]
    code = cheapest(oof["probability"], matrix)
    assert oof["prediction"].tolist() == [made.task.labels[one] for one in code]
    paid = np.array(matrix)[dataset.target[oof["row"]], code].mean()
    assert trial.score is not None
    assert trial.score.value == pytest.approx(paid)
    shipped = assemble(made.root, trial, dataset.task, tmp_path / "out")
    assert shipped.program.steps[-1].args["rule"] == "cheapest"
    decides, pays = output_words(made.root, dataset, trial)
    assert decides == "answers with the lowest expected cost"
    assert f"1,000 rows cost {1000 * paid:.4g}" in pays
    assert "always to answer c" in pays
    judge = StoredJudge(made.root, dataset, "cost", 0)
    held, stats = judge._statistics(trial.key, 0)
    assert stats.mean() == pytest.approx(trial.scores[0], rel=0.2)
    assert len(held) == len(made.folds[0].held)


def test_thresholds_are_learnt_for_the_metric_and_ship(build: Any, tmp_path: Path) -> None:
    made = build("binary", rows=900)
    rare = made.dataset.table["amount"] + 0.8 * np.random.default_rng(0).normal(size=900) > 1.5
    dataset = replace(made.dataset, target=rare.astype(np.int64))
    dataset.save(made.root / "data")
    trial = tried(made, dataset, "f1")
    chosen = read_decisions(made.root / trial.folder)
    assert chosen is not None
    assert chosen.ships is not None
    assert chosen.ships.weights is not None
    assert len(chosen.judges) == 3
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert shipped.program.steps[-1].args == {
        "labels": [False, True], "rule": "weighted", "weights": list(chosen.ships.weights)}  # fmt: skip
    assert "answers true from a probability of" in output_words(made.root, dataset, trial)[0]


def test_a_bar_that_cannot_be_held_is_said_of_the_trial(build: Any) -> None:
    made = build("binary", rows=60)
    task = made.task.with_(bars={"recall": Bar(op=">=", value=0.99)})
    trial = tried(made, replace(made.dataset, task=task), "log_loss")
    assert "no threshold is sure to hold recall >= 0.99" in trial.note

"""Intervals as wide as each row needs: kept where that is clearly better, shipped exactly, taken back whole."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.leaderboard.outputs import interval_scores
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops.interval import ends
from smeaton.runtime.program import Program
from smeaton.task.arrays import open_table
from smeaton.task.table import Array, take
from smeaton.trials import spread as module
from smeaton.trials.evaluate import evaluate
from smeaton.trials.intervals import read_intervals
from smeaton.trials.job import run_job
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.ship import assemble
from smeaton.trials.spread import SPREAD, blunt, sharpen

LINEAR = Candidate(family="linear")


def tried(made: Any, errors: str = "by colour", **more: Array) -> tuple[Dataset, Trial, Path]:
    """A trial whose errors depend on an input that its answers do not depend on, or on nothing."""
    rows = len(made.dataset)
    noise = np.random.default_rng(3).normal(size=rows)
    wide = np.where(made.dataset.table["colour"] == "green", 5.0, 0.5) if errors == "by colour" else 1.0
    dataset = replace(made.dataset, target=made.dataset.table["amount"] + wide * noise, **more)
    dataset.save(made.root / "data")
    for number in range(len(made.folds)):
        run_job(made.job(LINEAR, number), lambda step, score: None)
    trial = evaluate(made.root, LINEAR, 1.0, 0, dataset, made.folds, "rmse", 1.0)
    return dataset, trial, made.root / trial.folder


def asked(made: Any, dataset: Dataset, home: Path, seconds: float = 1e9) -> bool:
    return sharpen(home, home, dataset, made.folds, 0, seconds)


@pytest.mark.parametrize("folds", [1, 3])
def test_where_errors_depend_on_an_input_the_widths_do_too(build: Any, tmp_path: Path, folds: int) -> None:
    made = build("number", rows=2_000, folds=folds)
    dataset, trial, home = tried(made)
    before = interval_scores(made.root, dataset, trial)
    assert asked(made, dataset, home)
    after = interval_scores(made.root, dataset, trial)
    assert after["interval_score"].value < 0.85 * before["interval_score"].value
    assert after["coverage"].value == pytest.approx(0.9, abs=0.04)
    bands = read_intervals(home)
    assert bands is not None
    assert bands.spread
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert [step.op for step in shipped.program.steps] == ["table", "onnx", "onnx", "interval"]
    rows = take(dataset.table, np.arange(200))
    with Engine(shipped.program, tmp_path / "out") as engine, _spread(home) as other:
        found = engine.run(rows)
        low, high = ends(bands.ships, found["prediction"], other.run(rows)["prediction"])
    assert found["low"].tolist() == low.tolist()
    assert found["high"].tolist() == high.tolist()
    width, green = high - low, rows["colour"] == "green"
    assert width[green].mean() > 4 * width[~green].mean()
    assert asked(made, dataset, home), "it is done once"


def _spread(home: Path) -> Engine:
    from smeaton.runtime.files import open_program

    return Engine(open_program(home / SPREAD), home / SPREAD)


def test_new_rows_lie_within_as_often_as_promised(build: Any, tmp_path: Path) -> None:
    made = build("number", rows=2_000)
    dataset, trial, home = tried(made)
    assert asked(made, dataset, home)
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    rng = np.random.default_rng(8)
    colour = rng.choice(np.array(["red", "green", "blue"], dtype=object), 4_000)
    amount = rng.normal(size=4_000)
    target = amount + np.where(colour == "green", 5.0, 0.5) * rng.normal(size=4_000)
    with Engine(shipped.program, tmp_path / "out") as engine:
        found = engine.run({"amount": amount, "colour": colour})
    inside = (found["low"] <= target) & (target <= found["high"])
    for of in (colour == "green", colour != "green"):  # not only in the mean over all rows
        assert inside[of].mean() == pytest.approx(0.9, abs=0.05)


def test_it_is_left_where_it_is_no_better(build: Any) -> None:
    made = build("number", rows=900)
    dataset, _, home = tried(made, "alike")
    before = (home / "interval.json").read_bytes()
    assert not asked(made, dataset, home)
    assert (home / "interval.json").read_bytes() == before
    assert not (home / SPREAD).exists()


@pytest.mark.parametrize("why", ["few rows", "no time", "rows in time", "no interval"])
def test_it_is_not_tried(build: Any, why: str) -> None:
    made = build("number", rows=200 if why == "few rows" else 600)
    moments = np.datetime64("2024-01-01", "us") + np.arange(len(made.dataset)) * np.timedelta64(1, "h")
    dataset, _, home = tried(made, **({"time": moments} if why == "rows in time" else {}))
    if why == "no interval":
        (home / "interval.json").unlink()
    assert not asked(made, dataset, home, 0.0 if why == "no time" else 1e9)
    assert not (home / SPREAD).exists()


def test_what_was_done_is_taken_back_whole(build: Any) -> None:
    made = build("number", rows=2_000)
    dataset, _, home = tried(made)
    before, bands = dict(open_table(home / "oof")), (home / "interval.json").read_bytes()
    assert asked(made, dataset, home)
    assert open_table(home / "oof")["low"].tolist() != before["low"].tolist()
    blunt(home, home, dataset, made.folds)
    after = open_table(home / "oof")
    assert {name: column.tolist() for name, column in after.items()} == {
        name: column.tolist() for name, column in before.items()
    }
    assert (home / "interval.json").read_bytes() == bands
    assert not (home / SPREAD).exists()


def test_no_row_is_judged_by_trees_that_saw_it(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build("number", rows=900, group=np.arange(900) // 3)
    dataset, _, home = tried(made)
    seen: list[tuple[set[int], set[int]]] = []
    real = module._fit

    class Watched:
        def __init__(self, fitted: Any, learnt: set[int]) -> None:
            self.fitted, self.learnt = fitted, learnt

        def predict(self, rows: Any) -> Any:
            key = {round(float(value), 12) for value in dataset.table["amount"][list(self.learnt)]}
            asked_ = {round(float(value), 12) for value in rows["amount"]}
            seen.append((key, asked_))
            return self.fitted.predict(rows)

        def export(self, folder: Path) -> Program:
            program: Program = self.fitted.export(folder)
            return program

    def watched(work: Any, which: Array) -> Any:
        return Watched(real(work, which), set(work.rows[which].tolist()))

    monkeypatch.setattr(module, "_fit", watched)
    asked(made, dataset, home)
    judged = [pair for pair in seen if len(pair[1]) >= 100][:3]
    assert judged
    for learnt, rows in judged:
        assert not learnt & rows

"""What ships answers like the average of what was scored; the pool shows what was scored, seen from one fold."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.compile.calibrate import apply
from smeaton.errors import SmeatonError
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program
from smeaton.task.arrays import open_table
from smeaton.task.table import take
from smeaton.trials import ship as module
from smeaton.trials.evaluate import evaluate
from smeaton.trials.job import run_job
from smeaton.trials.measure import measure
from smeaton.trials.pool import finished, open_finished
from smeaton.trials.record import Candidate
from smeaton.trials.results import read_calibrations
from smeaton.trials.ship import assemble


def tried(made: Any, family: str = "linear", folds: int | None = None) -> Any:
    candidate = Candidate(family=family)
    chosen = made.folds[:folds]
    for number in range(len(chosen)):
        run_job(made.job(candidate, number), lambda step, score: None)
    metric = "log_loss" if made.task.is_class else "rmse"
    return evaluate(made.root, candidate, 1.0, 0, made.dataset, chosen, metric, 1.0)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "number"])
def test_a_bag_is_the_average_of_the_calibrated_folds(build: Any, tmp_path: Path, kind: str) -> None:
    made = build(kind, rows=900)
    trial = tried(made, "boosting")
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert (shipped.kind, shipped.note) == ("bag", "")
    assert shipped.parity is not None
    assert shipped.parity <= 1e-9
    assert open_program(tmp_path / "out") == shipped.program
    rows = take(made.dataset.table, np.arange(50))
    answers = []
    for number, step in enumerate(read_calibrations(made.root / trial.folder)):
        source = made.root / trial.folder / f"fold{number}" / "program"
        with Engine(open_program(source), source) as engine:
            found = engine.run(rows)
        if kind == "number":
            answers.append(found["prediction"])
        else:
            answers.append(found["probability"] if step is None else apply(step, found["probability"]))
    with Engine(shipped.program, tmp_path / "out") as engine:
        found = engine.run(rows)
    goal = np.mean(answers, axis=0)
    assert found["prediction" if kind == "number" else "probability"] == pytest.approx(goal, abs=1e-12)


def test_one_fold_ships_as_it_was_scored(build: Any, tmp_path: Path) -> None:
    made = build(rows=900, folds=1)
    trial = tried(made, "boosting")
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert shipped.kind == "holdout"
    oof = open_table(made.root / trial.folder / "oof")
    with Engine(shipped.program, tmp_path / "out") as engine:
        found = engine.run(take(made.dataset.table, oof["row"]))
    assert found["probability"] == pytest.approx(oof["probability"], abs=1e-12)


def test_what_cannot_be_averaged_ships_its_first_fold(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = build("number")
    trial = tried(made)
    monkeypatch.setattr(module, "mergeable", lambda program: False)
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert shipped.kind == "fold"
    assert "cannot be averaged" in shipped.note
    first = open_program(made.root / trial.folder / "fold0" / "program")
    assert shipped.program.steps[:-1] == first.steps
    assert shipped.program.steps[-1].op == "interval"


def test_a_wrong_average_is_not_shipped(build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build("number")
    trial = tried(made)
    real = module.average
    monkeypatch.setattr(
        module, "average", lambda folders, weights, steps, out: real(folders[:2], [0.5, 0.5], steps[:2], out)
    )
    with pytest.raises(SmeatonError, match="from the average of what was scored"):
        assemble(made.root, trial, made.task, tmp_path / "out")


def test_the_pool_shows_calibrated_answers(build: Any) -> None:
    made = build(rows=900)
    trial = tried(made)
    seen = finished(made.root, trial)
    assert (seen.key, seen.family, seen.score) == (trial.key, "linear", trial.score.value)
    assert all((folder / "program.json").is_file() for folder in seen.folders)
    oof = open_table(made.root / trial.folder / "oof")
    assert np.array_equal(np.concatenate([table["probability"] for table in seen.held]), oof["probability"])
    assert [len(table["prediction"]) for table in seen.stop] == [len(index.stop) for index in made.folds]


def test_from_a_fold_the_pool_knows_nothing_of_its_targets(build: Any) -> None:
    made = build(rows=900)
    trial = tried(made, "boosting")
    home = made.root / trial.folder
    before = open_finished(home, made.task, 1)
    held = made.folds[1].held
    made.dataset.target[held] = 1 - made.dataset.target[held]
    evaluate(made.root, trial.candidate, 1.0, 0, made.dataset, made.folds, "log_loss", 1.0)
    after = open_finished(home, made.task, 1)
    for one, other in zip([*before.held, *before.stop], [*after.held, *after.stop], strict=True):
        assert np.array_equal(one["probability"], other["probability"])


def test_a_cheap_try_is_no_member_of_the_pool(build: Any) -> None:
    made = build()
    candidate = made.user("good")
    run_job(made.job(candidate, fidelity=0.5), lambda step, score: None)
    trial = evaluate(made.root, candidate, 0.5, 0, made.dataset, made.folds[:1], "log_loss", 1.0)
    with pytest.raises(SmeatonError, match="not a finished full one"):
        finished(made.root, trial)


@pytest.mark.slow
def test_a_blend_goes_all_the_way(build: Any, tmp_path: Path) -> None:
    made = build(rows=900)
    members = [tried(made, name) for name in ("linear", "boosting")]
    pool = tuple(str(made.root / trial.folder) for trial in members)
    candidate = Candidate(family="blend")
    for number in range(3):
        run_job(made.job(candidate, number, pool=pool), lambda step, score: None)
    trial = evaluate(made.root, candidate, 1.0, 0, made.dataset, made.folds, "log_loss", 1.0)
    assert trial.score.value <= max(member.score.value for member in members)
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert shipped.kind == "bag"
    rows = take(made.dataset.table, np.arange(40))
    cost = measure(tmp_path / "out", made.task, rows, seconds=0.2)
    assert cost.p95 < 0.1

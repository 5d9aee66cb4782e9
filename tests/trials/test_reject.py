"""A trial's rejections: no row is judged by what was learnt from it, and what ships answers like what was scored."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.data.split import FoldIndex
from smeaton.runtime.engine import Engine
from smeaton.task.arrays import open_table
from smeaton.task.table import object_column, take
from smeaton.task.types import Type
from smeaton.trials.evaluate import evaluate
from smeaton.trials.job import run_job
from smeaton.trials.pool import finished
from smeaton.trials.record import Candidate
from smeaton.trials.reject import judged, learn, outside_code, read_rejections, ships
from smeaton.trials.ship import assemble

LABELS = ("a", "b", "c")


def task_of(made: Any, **changes: Any) -> Any:
    return made.task.with_(output={"y": Type(type="category", labels=LABELS, outside="c", **changes)})


def scripted(rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and probabilities that know them a little."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, rows)
    score = rng.normal(0, 1, (rows, 3))
    score[np.arange(rows), y] += 2
    chance = np.exp(score)
    return y, chance / chance.sum(axis=1, keepdims=True)


def table(chance: np.ndarray) -> dict[str, np.ndarray]:
    return {"prediction": object_column(LABELS)[chance.argmax(axis=1)], "probability": chance}


def dataset(made: Any, y: np.ndarray, **changes: Any) -> Any:
    return replace(made.dataset, task=task_of(made), target=y, **changes)


@pytest.mark.parametrize("folds", [1, 2, 4])
def test_no_row_is_judged_by_what_was_learnt_from_it(build: Any, folds: int) -> None:
    """Turning a row's own target around changes what is learnt, and never that row's own answer."""
    made = build("multiclass")
    y, chance = scripted()
    rows = np.arange(400)
    held = [rows[number::folds] for number in range(folds)] if folds > 1 else [rows[:300]]
    index = [FoldIndex(rows[:0], rows[300:] if folds == 1 else rows[:0], part) for part in held]
    tables = [table(chance[part.held]) for part in index]
    stop = [table(chance[part.stop]) if len(part.stop) else None for part in index]

    def answered(target: np.ndarray) -> list[np.ndarray]:
        data = dataset(made, target)
        found = learn(data, index, tables, stop)
        codes = [judged(found, [[one] for one in tables], data.task)[fold][0]["prediction"] for fold in range(folds)]
        judges = [found.judges[fold] if folds > 1 else found.judges for fold in range(folds)]
        learnt.append(msgspec.json.encode(judges))
        return codes

    learnt: list[bytes] = []
    before = answered(y)
    for fold, place in [(0, 0), (0, 1), (folds - 1, 7)]:
        other = y.copy()
        row = index[fold].held[place]
        other[row] = 2 if y[row] != 2 else 0
        after = answered(other)
        assert np.array_equal(after[fold][place], before[fold][place])
        assert learnt[-1] != learnt[0], "others are judged by it"
        if folds > 1:
            assert msgspec.json.decode(learnt[-1])[fold] == msgspec.json.decode(learnt[0])[fold], "it is not"


@pytest.mark.parametrize("role", ["time", "group"])
def test_with_time_or_groups_only_stop_rows_teach(build: Any, role: str) -> None:
    made = build("multiclass")
    y, chance = scripted()
    rows = np.arange(400)
    index = [FoldIndex(rows[:0], rows[200:], rows[:200])]
    roles = {role: rows.astype("datetime64[us]") if role == "time" else rows // 2}
    tables = [table(chance[:200])]
    data = dataset(made, y, **roles)
    found = learn(data, index, tables, [table(chance[200:])])
    assert len(found.judges) == 1
    flipped = dataset(made, np.where(rows < 200, (y + 1) % 3, y), **roles)
    assert learn(flipped, index, tables, [table(chance[200:])]).judges == found.judges
    assert learn(data, index, tables, [None]).judges == [None]


def test_only_classes_with_such_a_label_have_one(build: Any) -> None:
    made = build("multiclass")
    assert outside_code(made.task) is None
    assert outside_code(task_of(made)) == 2


def outside_build(build: Any, folds: int) -> Any:
    made = build("multiclass", rows=900, folds=folds)
    task = task_of(made)
    data = replace(made.dataset, task=task)
    data.save(made.root / "data")
    return replace(made, dataset=data)


@pytest.mark.parametrize("folds", [1, 3])
def test_what_ships_answers_like_what_was_scored(build: Any, tmp_path: Path, folds: int) -> None:
    made = outside_build(build, folds)
    candidate = Candidate(family="linear")
    for number in range(len(made.folds)):
        run_job(made.job(candidate, number), lambda step, score: None)
    trial = evaluate(made.root, candidate, 1.0, 0, made.dataset, made.folds, "outside_f1", 1.0)
    home = made.root / trial.folder
    kept = read_rejections(home)
    assert kept is not None
    assert len(kept.judges) == max(2, folds)
    assert trial.score is not None
    assert trial.score.value > 0.6
    oof = open_table(home / "oof")
    assert any(label == "c" for label in oof["prediction"])
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert shipped.program.steps[-1].op == "reject"
    assert shipped.parity is not None
    assert shipped.parity <= 1e-9
    with Engine(shipped.program, tmp_path / "out") as engine:
        found = engine.run(take(made.dataset.table, np.asarray(oof["row"])))
    same = np.mean([one == other for one, other in zip(found["prediction"], oof["prediction"], strict=True)])
    assert same > 0.9
    pooled = finished(made.root, trial)
    assert pooled.held[0]["probability"].shape[1] == 3
    assert msgspec.json.encode(ships(home)) == msgspec.json.encode(kept.ships)

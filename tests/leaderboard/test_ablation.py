"""What each ingredient contributed: taken away one by one from stored answers of a made-up build."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.compile.calibrate import Calibration
from smeaton.data.dataset import Dataset
from smeaton.data.split import make_folds, save_folds
from smeaton.errors import DataError
from smeaton.leaderboard.ablation import Ablation, Piece, ablation
from smeaton.leaderboard.ablation_text import render_ablation, sentence
from smeaton.leaderboard.board import build_board
from smeaton.leaderboard.forms import Board
from smeaton.task.arrays import save_table
from smeaton.task.table import object_column
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.trials.evaluate import evaluate
from smeaton.trials.executors import Job
from smeaton.trials.proposers.tpe import TUNED
from smeaton.trials.record import Candidate, Interval, Trial
from smeaton.trials.results import CALIBRATION_FILE, FitResult

ROWS = 400


class World:
    """A build of numbers, or of two labels; a solution answers with the truth and some noise of its own."""

    def __init__(self, root: Path, kind: str = "number", folds: int = 3, **changes: Any) -> None:
        rng = np.random.default_rng(0)
        self.rng, self.root = rng, root
        score = rng.normal(size=ROWS)
        target, output = score, Type(type="number")
        if kind == "class":
            target, output = (score > 0).astype(np.int64), Type(type="boolean", labels=(False, True))
        task = Task(
            data=Data(examples=Source(files=("x.csv",))),
            inputs={"amount": Type(type="number")},
            output={"y": output},
            name="world",
            folder=str(root),
        )
        self.score, self.metric = score, "rmse" if kind == "number" else "log_loss"
        self.dataset = replace(Dataset(task, {"amount": score}, target, hash="0"), **changes)
        (root / "data").mkdir(parents=True)
        self.dataset.save(root / "data")
        self.folds = make_folds(self.dataset, np.arange(ROWS), folds, 0)
        save_folds(self.folds, root / "data")
        self.trials: list[Trial] = []

    def add(self, family: str, noise: Any, why: str = "", seconds: float = 1.0, **config: Any) -> str:
        """Store the fits of a solution whose answers are off by `noise` (rows,), and judge it."""
        candidate = Candidate(family=family, config=config, why=why)
        key = f"{candidate.key}-1-0"
        for number, index in enumerate(self.folds):
            folder = self.root / "trials" / key / f"fold{number}"
            for side, rows in (("held", index.held), ("stop", index.stop)):
                save_table(self._answers(rows, noise), folder / side)
            job = Job(
                id=f"{key}/{number}",
                family=family,
                config=config,
                fold=number,
                fidelity=1.0,
                seed=0,
                seconds=1.0,
                data=str(self.root / "data"),
                out=str(folder),
            )
            result = FitResult(job=job, seconds=1.0, fit_seconds=1.0, mergeable=True, effect="pure")
            (folder / "result.json").write_bytes(msgspec.json.encode(result))
        found = evaluate(self.root, candidate, 1.0, 0, self.dataset, self.folds, self.metric, seconds)
        self.trials.append(found)
        return key

    def refused(self, family: str) -> None:
        self.trials.append(Trial(key=family, candidate=Candidate(family=family), state="refused", note="not here"))

    def board(self) -> Board:
        return build_board(self.root, self.dataset, self.metric, self.trials)

    def taken(self) -> Ablation:
        return ablation(self.root, self.board(), self.dataset)

    def _answers(self, rows: Any, noise: Any) -> dict[str, Any]:
        said = self.score[rows] + noise[rows]
        if self.metric == "rmse":
            return {"prediction": said}
        chance = 1 / (1 + np.exp(-2 * said))
        return {"prediction": object_column((chance > 0.5).tolist()), "probability": np.stack([1 - chance, chance], 1)}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., World]:
    return lambda *kind, **changes: World(tmp_path / "build", *kind, **changes)


def filled(world: World) -> World:
    """Two families right in different places, one that adds nothing, a constant, a refusal."""
    half = world.rng.normal(size=ROWS)
    world.add("baseline", -world.score)
    world.add("linear", half, seconds=2.0)
    world.add("boosting", 0.3 * world.rng.normal(size=ROWS) - 0.6 * half, seconds=3.0, encode="target")
    world.add("boosting", 0.3 * world.rng.normal(size=ROWS) - 0.5 * half, TUNED, 5.0, derive=["pairs", "counts"])
    world.add("forest", half + world.rng.normal(size=ROWS), seconds=7.0)
    world.refused("prompt")
    return world


def piece(found: Ablation, kind: str, name: str = "") -> Piece:
    return next(one for one in found.pieces if (one.kind, one.name) == (kind, name))


def test_what_the_blend_needs_is_missed(make: Callable[..., World]) -> None:
    found = filled(make()).taken()
    linear, boosting, forest = (piece(found, "family", name) for name in ("linear", "boosting", "forest"))
    assert linear.blend is not None
    assert linear.single is not None
    assert linear.blend.low > 0 == linear.single.value  # it is not the best, yet the blend lives by it
    assert boosting.blend is not None
    assert boosting.single is not None
    assert min(boosting.blend.low, boosting.single.low) > 0
    assert forest.blend is not None
    assert abs(forest.blend.value) < 0.1 * linear.blend.value
    assert (boosting.tried, boosting.seconds, found.seconds) == (2, 8.0, pytest.approx(18.0))
    assert found.pieces[0].kind == "family"
    assert not any(one.name in ("prompt", "baseline") for one in found.pieces)


def test_features_and_tuning_are_ingredients(make: Callable[..., World]) -> None:
    found = filled(make()).taken()
    pairs, counts, tuning = piece(found, "derive", "pairs"), piece(found, "derive", "counts"), piece(found, "tuning")
    assert pairs.single == counts.single == tuning.single
    assert pairs.single is not None
    assert pairs.single.value > 0
    assert piece(found, "encode", "target").seconds == 3.0
    assert tuning.seconds == 5.0


def test_a_blend_that_stands_on_the_board(make: Callable[..., World]) -> None:
    world = filled(make())
    keys = [trial.key for trial in world.trials if trial.score is not None]
    world.add("blend", 0.1 * world.rng.normal(size=ROWS), seconds=0.5, members=keys)
    blend = piece(world.taken(), "blend", "blend")
    assert blend.single is not None
    assert blend.single.low > 0
    assert blend.seconds == 0.5
    assert blend.blend is None
    world.add("student", 0.15 * world.rng.normal(size=ROWS), members=keys)
    student = piece(world.taken(), "blend", "student")
    assert student.blend is not None
    assert student.blend.high < 0


@pytest.mark.parametrize("role", ["", "group", "time"])
def test_classes_with_groups_and_time(make: Callable[..., World], role: str) -> None:
    codes = np.arange(ROWS) // 8
    known = {"": {}, "group": {"group": codes}, "time": {"time": codes.astype("datetime64[us]")}}[role]
    found = filled(make("class", folds=1 if role == "time" else 3, **known)).taken()
    boosting = piece(found, "family", "boosting")
    assert boosting.blend is not None
    assert boosting.blend.low > 0


def test_calibration_is_weighed(make: Callable[..., World]) -> None:
    world = make("class")
    world.add("linear", 4 * world.score)  # sure of everything, and rightly so
    world.add("boosting", 0.5 * world.rng.normal(size=ROWS))
    key = world.board().rows[0].key
    path = world.root / "trials" / key / CALIBRATION_FILE
    path.write_bytes(msgspec.json.encode([Calibration(kind="platt", a=1.0, b=-1.5)] * 3))
    found = piece(world.taken(), "calibration")
    assert found.single is not None


def test_a_refit_is_not_judged(make: Callable[..., World]) -> None:
    world = filled(make())
    best = world.board().rows[0].key
    trial = next(one for one in world.trials if one.key == best)
    world.trials.append(
        msgspec.structs.replace(
            trial,
            key="again",
            estimated_from=best,
            seconds=4.0,
            candidate=Candidate(family="boosting", config={"_rows": "all"}),
        )
    )
    found = piece(world.taken(), "refit")
    assert (found.single, found.seconds) == (None, 4.0)
    assert "sealed test" in found.why


def test_without_answers_there_is_nothing_to_say(make: Callable[..., World]) -> None:
    world = make()
    world.add("baseline", -world.score)
    with pytest.raises(DataError, match="no solution"):
        world.taken()
    key = world.add("linear", 0 * world.score)
    board = world.board()
    for file in sorted((world.root / "trials" / key / "oof").iterdir()):
        file.unlink()
    (world.root / "trials" / key / "oof").rmdir()
    with pytest.raises(DataError, match="gone"):
        ablation(world.root, board, world.dataset)


def test_it_is_deterministic_and_json(make: Callable[..., World]) -> None:
    world = filled(make())
    first, second = world.taken(), world.taken()
    assert first == second
    assert json.loads(json.dumps(first.as_dict()))["pieces"][0]["kind"] == "family"


def test_words() -> None:
    whole = Ablation(task="t", metric="rmse", better="lower", seconds=48.0, pieces=())
    lost = Interval(0.004, 0.001, 0.007)
    one = Piece(kind="family", name="catboost", tried=3, blend=lost, single=Interval(0.0, 0.0, 0.0), seconds=12.0)
    said = sentence(one, whole)
    assert said.startswith("catboost: without it the blend would lose 0.004 (0.001 to 0.007), the best single solution")
    assert said.endswith("would be the same; 12 s of 48 s in 3 full tries")
    gain = Piece(kind="derive", name="pairs", single=Interval(-0.5, -0.7, -0.3))
    assert (
        sentence(gain, whole)
        == "derived pairs: without it the best single solution would gain 0.5000 (0.3000 to 0.7000)"
    )
    unsure = Piece(kind="blend", name="blend", single=Interval(0.5, -0.1, 1.0), seconds=0.5)
    assert "better than the best single solution by 0.5000 (-0.1000 to 1.0000, not certain); 0.5 s" in sentence(
        unsure, whole
    )
    text = render_ablation(msgspec.structs.replace(whole, pieces=(one, gain, unsure), notes=("a note",)), 90)
    assert max(len(line) for line in text.splitlines()) <= 90
    assert "-> a note" in text

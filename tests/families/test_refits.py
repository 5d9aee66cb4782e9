"""What a holdout fits again on all rows counts as whole, for every family that says how it is fitted again."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tables import make_fold, make_profile, make_rows, make_run, make_task

from smeaton import plugins
from smeaton.data.fold import Fold
from smeaton.families import Family, Refusal
from smeaton.task.types import Type
from smeaton.trials.again import whole

#: Families for tables with columns of all kinds, whose fits are quick; the others have refits tested beside them.
NAMES = ("linear", "boosting", "mixed", "xgboost", "catboost", "forest", "network")
FEW = {"rounds": 12, "trees": 6, "epochs": 4}


@pytest.mark.parametrize("kind", ["binary", "4", "number"])
@pytest.mark.parametrize("name", NAMES)
def test_a_refit_that_came_to_its_end_is_whole(name: str, kind: str, tmp_path: Path) -> None:
    task, part = make_task(kind), _part(name)
    fold, _ = make_fold(160, kind)
    space = part.space(task, make_profile(160, task, fold.train.y))
    if isinstance(space, Refusal):
        pytest.skip(space.why)
    first = {key: value for key, value in space.starts[0].items() if key not in ("log", "refit")} | FEW
    said = part.fit(task, first, fold, make_run(tmp_path))
    refit = getattr(said, "refit", None)
    assert refit, "it says how to be fitted again"
    config = {**first, **refit}
    rows = make_rows(160, kind, seed=5)
    every = Fold(0, rows, rows.take(np.arange(0)), rows.x, np.arange(160))
    again = part.fit(task, config, every, make_run(tmp_path))
    fit: Any = SimpleNamespace(steps=int(getattr(again, "steps", 0)))
    job: Any = SimpleNamespace(config=config)
    assert whole(fit, job), f"it ended by itself, and noted the step {fit.steps}"


@pytest.mark.parametrize(
    ("steps", "end", "ended"), [(0, None, True), (7, None, False), (0, 9, True), (9, 9, True), (8, 9, False)]
)
def test_whole_is_what_the_clock_did_not_end(steps: int, end: int | None, ended: bool) -> None:
    job: Any = SimpleNamespace(config={} if end is None else {"_steps": end})
    fit: Any = SimpleNamespace(steps=steps)
    assert whole(fit, job) is ended


def _part(name: str) -> Family:
    found: Family = plugins.load("families", name)
    return found


def test_a_linear_model_keeps_what_stop_rows_told(tmp_path: Path) -> None:
    task, part = make_task("number"), _part("linear")
    fold, _ = make_fold(300, "number")
    config = {"knots": 4, "log": True, "sparse": True}
    first = part.fit(task, config, fold, make_run(tmp_path))
    refit = getattr(first, "refit", None)
    assert refit is not None
    assert refit["sparse"] >= 1
    rows = make_rows(300, "number")
    every = Fold(0, rows, rows.take(np.arange(0)), rows.x, np.arange(300))
    again: Any = part.fit(task, {**config, **refit}, every, make_run(tmp_path))
    assert again.ending.factor == getattr(first, "ending").factor  # noqa: B009 - families are their protocol here
    assert again.refit["penalty"] == refit["penalty"]


def test_a_quantile_is_not_fitted_again(tmp_path: Path) -> None:
    output = Type(type="number", quantile=0.9)
    task = make_task("number").with_(output={"y": output}, metric="pinball")
    fold, _ = make_fold(300, "number")
    assert getattr(_part("linear").fit(task, {}, fold, make_run(tmp_path)), "refit", None) is None

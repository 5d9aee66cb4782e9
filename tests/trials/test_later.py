"""The predicted interval of a build's later score, from what a trial left and what ships answered."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.task.arrays import save_table
from smeaton.trials.later import later_score, later_words
from smeaton.trials.record import Candidate, Trial

CANDIDATE = Candidate(family="scripted")
TRIAL = Trial(key="a", candidate=CANDIDATE, state="done", folder="trials/a")
REFIT = Trial(key="b", candidate=CANDIDATE, state="done", folder="trials/b", estimated_from="a")


def left(made: Any, rows: Any, off: Any) -> dict[str, Any]:
    """Answers that are off by so much."""
    return {"prediction": made.dataset.target[rows] + off[rows]}


@pytest.mark.parametrize("role", ["time", "group"])
@pytest.mark.parametrize("trial", [TRIAL, REFIT])
def test_both_periods_count(build: Any, role: str, trial: Trial) -> None:
    codes = np.arange(300) // 6
    known = codes.astype("datetime64[us]") if role == "time" else codes
    made = build("number", **{role: known})
    off = np.random.default_rng(0).normal(size=300)
    held, test = np.arange(100, 200), np.arange(200, 300)
    save_table({"row": held, **left(made, held, off)}, Path(made.root) / "trials" / "a" / "oof")
    found = later_score(made.root, trial, made.dataset, "rmse", test, left(made, test, off))
    assert found is not None
    assert found.low < found.value < found.high
    of = test if role == "time" else np.concatenate([held, test])
    assert found.value == pytest.approx(np.sqrt(np.square(off[of]).mean()))
    calm = later_score(made.root, trial, made.dataset, "rmse", test, left(made, test, 0.2 * off))
    assert calm is not None
    assert calm.high < found.high


def test_rows_for_themselves_need_none(build: Any) -> None:
    made = build("number")
    assert later_score(made.root, TRIAL, made.dataset, "rmse", np.arange(9), {"prediction": np.zeros(9)}) is None


def test_words(build: Any) -> None:
    made = build("number", time=np.arange(300).astype("datetime64[us]"))
    rows = np.arange(200, 300)
    off = np.random.default_rng(0).normal(size=300)
    save_table({"row": rows[:50], **left(made, rows[:50], off)}, Path(made.root) / "trials" / "a" / "oof")
    found = later_score(made.root, TRIAL, made.dataset, "rmse", rows[50:], left(made, rows[50:], off))
    assert found is not None
    said = later_words("rmse", found)
    assert f"{found.low:.4g} to {found.high:.4g}" in said
    assert "prediction interval" in said

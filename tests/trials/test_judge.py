"""The real judge over answers on disk: worse is positive whatever the metric's direction."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.task.arrays import save_table
from smeaton.trials.judge import StoredJudge
from smeaton.trials.record import Candidate
from smeaton.trials.results import FitResult
from smeaton.trials.setup import trial_key


def leave(build: Any, name: str, off: float) -> str:
    """What a candidate whose answers are wrong by `off` leaves; returns its key."""
    candidate = Candidate(family=name)
    key = trial_key(candidate, 1.0, 0)
    noise = np.random.default_rng(0).normal(size=len(build.dataset.target))
    for number, index in enumerate(build.folds):
        folder = Path(build.root) / "trials" / key / f"fold{number}"
        for side, rows in (("held", index.held), ("stop", index.stop)):
            save_table({"prediction": build.dataset.target[rows] + off * noise[rows]}, folder / side)
        fit = FitResult(job=build.job(candidate, number), seconds=1.0, fit_seconds=1.0)
        (folder / "result.json").write_bytes(msgspec.json.encode(fit))
    return key


@pytest.mark.parametrize("metric", ["rmse", "r2"])
def test_paired_says_which_is_worse(build: Any, metric: str) -> None:
    made = build("number")
    judge = StoredJudge(made.root, made.dataset, metric, 0)
    good, bad = leave(made, "good", 0.1), leave(made, "bad", 0.5)
    difference, low, high = judge.paired(bad, good, [0])
    assert 0 < low <= difference <= high
    assert judge.paired(good, bad, [0, 1, 2])[2] < 0
    assert judge.paired(good, good, [0])[0] == 0


def test_trial_takes_the_first_folds(build: Any) -> None:
    made = build("number")
    judge = StoredJudge(made.root, made.dataset, "rmse", 0)
    key = leave(made, "good", 0.1)
    assert len(judge.trial(Candidate(family="good"), 1.0, 0, 3, 2.0).scores) == 3
    first = judge.trial(Candidate(family="good"), 1.0, 0, 1, 2.0)
    assert (first.key, first.seconds, len(first.scores)) == (key, 2.0, 1)

"""The best of many alike owes its score to luck; the best of different ones does not."""

import numpy as np

from smeaton.leaderboard.luck import luck
from smeaton.trials.record import Candidate, Trial


def trials(scores: np.ndarray) -> list[Trial]:
    return [
        Trial(key=f"k{i}", candidate=Candidate(family="boosting", config={"i": i}), state="done", scores=tuple(row))
        for i, row in enumerate(scores.tolist())
    ]


def test_the_best_of_many_alike_is_lucky() -> None:
    rng = np.random.default_rng(0)
    found = [luck(trials(1.0 + 0.1 * rng.normal(size=(40, 5))), "lower") for _ in range(200)]
    best = [1.0 - (1.0 + 0.1 * rng.normal(size=(40, 5))).mean(axis=1).min() for _ in range(200)]
    # What is picked on other folds is worth 1 on average, so the luck is all that the best mean lies below it.
    assert abs(np.mean(found) - np.mean(best)) < 0.01
    assert np.mean(found) > 0.08


def test_what_is_best_on_every_fold_owes_nothing() -> None:
    scores = np.array([[0.5, 0.6, 0.7], [0.8, 0.9, 0.95], [0.7, 0.7, 0.8]])
    assert luck(trials(scores), "lower") == 0.0
    assert luck(trials(-scores), "higher") == 0.0
    assert luck(trials(scores), "higher") == 0.0


def test_nothing_can_be_told_from_few_folds_or_one_trial() -> None:
    rng = np.random.default_rng(1)
    assert luck(trials(rng.normal(size=(30, 2))), "lower") == 0.0
    assert luck(trials(rng.normal(size=(1, 5))), "lower") == 0.0
    assert luck([], "lower") == 0.0

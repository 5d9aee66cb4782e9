"""A candidate that answers only some of the held-out rows, beside those that answer all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.data.split import some_held
from smeaton.errors import SmeatonError
from smeaton.task.arrays import open_table
from smeaton.trials.evaluate import OOF, ROW, evaluate
from smeaton.trials.job import run_job
from smeaton.trials.judge import StoredJudge
from smeaton.trials.pool import finished, open_finished
from smeaton.trials.record import Candidate


def quiet(step: int, score: float) -> None:
    pass


def fitted(made: Any, candidate: Candidate, asked: int) -> Any:
    for number in range(len(made.folds)):
        run_job(made.job(candidate, number, asked=asked), quiet)
    return evaluate(made.root, candidate, 1.0, 0, made.dataset, made.folds, "log_loss", 1.0)


def test_only_the_rows_asked_are_answered_and_scored(build: Any) -> None:
    made = build()
    trial = fitted(made, Candidate(family="linear"), 20)
    rows = np.asarray(open_table(made.root / trial.folder / OOF)[ROW])
    assert len(rows) == 60
    expected = np.concatenate([some_held(index, number, 20).held for number, index in enumerate(made.folds)])
    assert np.array_equal(rows, expected)
    assert trial.score is not None
    assert trial.effect == "pure"
    assert trial.merged


def test_a_race_compares_the_rows_that_both_answered(build: Any) -> None:
    made = build()
    some, every = Candidate(family="linear"), Candidate(family="baseline")
    fitted(made, some, 20)
    fitted(made, every, 0)
    judge = StoredJudge(made.root, made.dataset, "log_loss", 0)
    worse, low, high = judge.paired(f"{every.key}-1-0", f"{some.key}-1-0", [0, 1])
    assert low <= worse <= high
    again, _, _ = judge.paired(f"{some.key}-1-0", f"{every.key}-1-0", [0, 1])
    assert again == pytest.approx(-worse)


def test_the_pool_shows_every_member_the_same_rows(build: Any) -> None:
    made = build()
    some = fitted(made, Candidate(family="linear"), 20)
    every = fitted(made, Candidate(family="baseline"), 0)
    pairs = [(index, some_held(index, number, 20)) for number, index in enumerate(made.folds)]
    few, cut = (open_finished(made.root / "trials" / trial.key, made.task, 0, pairs) for trial in (some, every))
    assert [len(table["prediction"]) for table in few.held] == [20, 20, 20]
    assert [len(table["prediction"]) for table in cut.held] == [20, 20, 20]
    whole = finished(made.root, every)
    for number, (index, wanted) in enumerate(pairs):
        place = np.searchsorted(index.held, wanted.held)
        assert np.array_equal(cut.held[number]["probability"], whole.held[number]["probability"][place])


def test_fewer_rows_are_some_of_more(build: Any) -> None:
    made = build()
    for number, index in enumerate(made.folds):
        few, more = (some_held(index, number, count).held for count in (10, 20))
        assert len(few) == 10
        assert set(few.tolist()) < set(more.tolist()) < set(index.held.tolist())
    some = fitted(made, Candidate(family="linear"), 20)
    pairs = [(index, some_held(index, number, 10)) for number, index in enumerate(made.folds)]
    assert [len(table["prediction"]) for table in open_finished(made.root / some.folder, made.task, 0, pairs).held] == [
        10, 10, 10,
    ]  # fmt: skip


def test_a_member_that_was_not_asked_enough_is_no_member(build: Any) -> None:
    made = build()
    some = fitted(made, Candidate(family="linear"), 20)
    pairs = [(index, some_held(index, number, 30)) for number, index in enumerate(made.folds)]
    with pytest.raises(SmeatonError, match="was not asked the rows"):
        open_finished(Path(made.root / "trials" / some.key), made.task, 0, pairs)

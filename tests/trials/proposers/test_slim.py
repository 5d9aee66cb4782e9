"""The proposer of smaller forms: of the best, seldom, never twice, and only of families that can be cut back."""

from typing import Any

from smeaton import plugins
from smeaton.families import Choice, Space
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.trials.record import Candidate, Interval, Trial

TASK = Task(
    data=Data(examples=Source(files=("rows.csv",))), output={"y": Type(type="number")}, inputs={}, metric="rmse"
)
PROPOSER = plugins.load("proposers", "slim")
SPACES = {
    "linear": Space(starts=({"knots": 0}, {"knots": 8}), smaller={"sparse": True}),
    "boosting": Space(starts=tuple({"leaves": n} for n in range(6)), effort=5, smaller={"slim": True}),
    "network": Space(starts=({},), params={"width": Choice((1, 2))}, effort=9),
}


def trial(family: str, score: float, **config: Any) -> Trial:
    candidate = Candidate(family=family, config=config)
    return Trial(key=candidate.key, candidate=candidate, state="done", score=Interval(score, score, score))


def test_the_best_of_a_family_is_cut_back_once_a_few_are_finished() -> None:
    trials = [trial("boosting", 1.0 + 0.1 * n, leaves=n) for n in (2, 0, 1)]
    assert PROPOSER.propose(TASK, SPACES, trials, []) is None
    trials.append(trial("boosting", 0.5, leaves=3))
    found = PROPOSER.propose(TASK, SPACES, trials, [])
    assert (found.family, found.config) == ("boosting", {"leaves": 3, "slim": True})
    assert found.why
    assert PROPOSER.propose(TASK, SPACES, trials, [found]) is None


def test_again_when_there_are_three_times_as_many_and_another_leads() -> None:
    trials = [trial("boosting", 1.0 + n, leaves=n) for n in range(11)]
    trials.append(trial("boosting", 0.5, leaves=0, slim=True))
    assert PROPOSER.propose(TASK, SPACES, trials, []) is None
    trials.append(trial("boosting", 9.0, leaves=11))
    assert PROPOSER.propose(TASK, SPACES, trials, []) is None  # the same leads: its smaller form was tried
    trials.append(trial("boosting", 0.1, leaves=12))
    assert PROPOSER.propose(TASK, SPACES, trials, []).config == {"leaves": 12, "slim": True}


def test_each_family_by_its_own_key_and_others_not() -> None:
    trials = [trial("network", 0.1, width=1), trial("linear", 1.0, knots=0), trial("linear", 2.0, knots=8)]
    found = PROPOSER.propose(TASK, SPACES, trials, [])
    assert (found.family, found.config) == ("linear", {"knots": 0, "sparse": True})
    only = {"network": SPACES["network"]}
    assert PROPOSER.propose(TASK, only, trials, []) is None


def test_trials_that_failed_are_no_parents() -> None:
    failed = Trial(key="x", candidate=Candidate(family="linear", config={"knots": 3}), state="failed")
    assert PROPOSER.propose(TASK, SPACES, [failed, failed], []) is None

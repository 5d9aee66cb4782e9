"""Conformance of every proposer found in the folder: no duplicates, deterministic, valid configurations."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton import plugins
from smeaton.families import Choice, Range, Space
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.trials.proposers.tpe import best_first
from smeaton.trials.record import Candidate, Interval, State, Trial

TASK = Task(
    data=Data(examples=Source(files=("rows.csv",))), output={"y": Type(type="number")}, inputs={}, metric="rmse"
)
SPACES = {
    "baseline": Space(starts=({},), effort=0),
    "linear": Space(
        starts=({}, {"strength": 5.0}), params={"strength": Range(0.01, 100, log=True), "kind": Choice(("a", "b"))}
    ),
    "boosting": Space(
        starts=({}, {"leaves": 7, "fixed": "yes"}, {"leaves": 63}),
        params={"leaves": Range(2, 255, log=True, integer=True), "share": Range(0.3, 1.0)},
        effort=5,
    ),
    "blend": Space(starts=({},), needs_pool=2),
}
PROPOSERS = plugins.names("proposers")


def trial(candidate: Candidate, score: float, state: State = "done") -> Trial:
    interval = Interval(score, score - 0.1, score + 0.1) if state == "done" else None
    return Trial(key=f"{candidate.key}-1-3", candidate=candidate, state=state, score=interval, seed=3)


def loss(config: dict[str, Any]) -> float:
    return abs(math.log(config.get("leaves", 20) / 40)) / 2 + abs(config.get("share", 0.5) - 0.9)


def valid(candidate: Candidate, spaces: dict[str, Space]) -> bool:
    space = spaces[candidate.family]
    if candidate.config in space.starts:
        return True
    for name, value in candidate.config.items():
        param = space.params.get(name)
        if isinstance(param, Choice) and value not in param.values:
            return False
        if isinstance(param, Range) and not param.low <= value <= param.high:
            return False
        if isinstance(param, Range) and param.integer and not isinstance(value, int):
            return False
    return set(space.params) <= set(candidate.config)


@pytest.mark.parametrize("name", PROPOSERS)
@settings(max_examples=20, deadline=None)
@given(
    scores=st.lists(st.floats(0.1, 2), min_size=30, max_size=30),
    states=st.lists(st.sampled_from(["done", "done", "stopped", "failed"]), min_size=30, max_size=30),
)
def test_never_twice_deterministic_and_valid(name: str, scores: list[float], states: list[State]) -> None:
    proposer = plugins.load("proposers", name)
    trials = [trial(Candidate(family=family, config=dict(SPACES[family].starts[0])), 1.0) for family in SPACES]
    if name == "portfolio":
        trials = []
    running: list[Candidate] = []
    for number, (score, state) in enumerate(zip(scores, states, strict=True)):
        candidate = proposer.propose(TASK, SPACES, trials, running)
        assert candidate == proposer.propose(TASK, SPACES, list(trials), list(running))
        if candidate is None:
            assert name in ("portfolio", "slim")  # the others always have another idea
            assert name == "slim" or number == sum(
                len(space.starts) for space in SPACES.values() if not space.needs_pool
            )
            return
        assert candidate.why
        assert candidate.family != "blend"
        assert valid(candidate, SPACES)
        assert candidate.key not in {t.candidate.key for t in trials} | {c.key for c in running}
        if number % 5 == 4:
            running.append(candidate)
        else:
            trials.append(trial(candidate, score, state))


@pytest.mark.parametrize("name", PROPOSERS)
def test_a_finite_space_is_exhausted(name: str) -> None:
    proposer = plugins.load("proposers", name)
    spaces = {
        "linear": Space(starts=({"a": 1, "b": 1},), params={"a": Choice((1, 2, 3)), "b": Range(1, 2, integer=True)})
    }
    trials = [trial(Candidate(family="linear", config={"a": 1, "b": 1}), 1.0)]
    for number in range(20):
        candidate = proposer.propose(TASK, spaces, trials, [])
        if candidate is None:
            break
        trials.append(trial(candidate, number))
    assert candidate is None
    assert len(trials) == (6 if name == "tpe" else 1)


@pytest.mark.parametrize("name", PROPOSERS)
def test_nothing_to_try(name: str) -> None:
    assert plugins.load("proposers", name).propose(TASK, {}, [], []) is None


def test_portfolio_starts_every_family_before_second_tries() -> None:
    proposer = plugins.load("proposers", "portfolio")
    trials: list[Trial] = []
    while (candidate := proposer.propose(TASK, SPACES, trials, [])) is not None:
        trials.append(trial(candidate, 1.0))
    families = [t.candidate.family for t in trials]
    assert families == ["baseline", "linear", "boosting", "linear", "boosting", "boosting"]


def best_of(metric: str, seed: int) -> float:
    proposer = plugins.load("proposers", "tpe")
    sign = -1.0 if metric == "r2" else 1.0
    spaces = {"boosting": SPACES["boosting"]}

    def tried(config: dict[str, Any]) -> Trial:
        found = trial(Candidate(family="boosting", config=config), sign * loss(config))
        return msgspec.structs.replace(found, seed=seed)

    trials = [tried(dict(start)) for start in spaces["boosting"].starts]
    for _ in range(40):
        candidate = proposer.propose(TASK.with_(metric=metric), spaces, trials, [])
        assert candidate is not None
        trials.append(tried(candidate.config))
    return loss(best_first(trials, sign)[0].candidate.config)


@pytest.mark.parametrize("metric", ["rmse", "r2"])
def test_tpe_finds_better_than_chance(metric: str) -> None:
    """On this loss the best of 40 random draws is 0.16 on average, and above 0.07 in 22 of 25 seeds."""
    assert sum(best_of(metric, seed) for seed in range(5)) / 5 < 0.07

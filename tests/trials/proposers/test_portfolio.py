"""The learnt order over all families, and what comes before and behind it."""

from smeaton.families import Space
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.trials.proposers.portfolio import order, part
from smeaton.trials.record import Candidate, Trial

TASK = Task(data=Data(examples=Source(files=("rows.csv",))), output={"y": Type(type="number")}, inputs={})
SPACES = {
    "linear": Space(starts=({"a": 1}, {"a": 2}), places=(1,), effort=1),
    "boosting": Space(starts=({"b": 1}, {"b": 2}, {"b": 3}), places=(0, 3), effort=5),
    "catboost": Space(starts=({"c": 1},), places=(2,), effort=8),
    "own": Space(starts=({"d": 1}, {"d": 2}), effort=0.5),
    "blend": Space(starts=({},), needs_pool=2),
}


def proposed(spaces: dict[str, Space]) -> list[tuple[str, dict[str, int]]]:
    trials: list[Trial] = []
    while (candidate := part.propose(TASK, spaces, trials, [])) is not None:
        trials.append(Trial(key=candidate.key, candidate=candidate, state="stopped", seed=0))
    return [(trial.candidate.family, trial.candidate.config) for trial in trials]


def test_the_learnt_order_holds_across_families_and_the_rest_comes_behind() -> None:
    assert proposed(SPACES) == [
        ("own", {"d": 1}),
        ("boosting", {"b": 1}),
        ("linear", {"a": 1}),
        ("catboost", {"c": 1}),
        ("boosting", {"b": 2}),
        ("own", {"d": 2}),
        ("linear", {"a": 2}),
        ("boosting", {"b": 3}),
    ]


def test_families_that_are_not_there_are_skipped() -> None:
    left = {name: space for name, space in SPACES.items() if name not in ("boosting", "own")}
    assert proposed(left) == [("linear", {"a": 1}), ("catboost", {"c": 1}), ("linear", {"a": 2})]


def test_what_runs_is_not_proposed_again() -> None:
    running = [Candidate(family="own", config={"d": 1}), Candidate(family="boosting", config={"b": 1})]
    found = part.propose(TASK, SPACES, [], running)
    assert found is not None
    assert (found.family, found.config) == ("linear", {"a": 1})


def test_it_says_where_in_the_order_a_start_stands() -> None:
    why = {(one.family, str(one.config)): one.why for one in order(SPACES)}
    assert why["boosting", "{'b': 2}"] == "number 4 of the learnt order for such tables"
    assert why["own", "{'d': 1}"] == "first try of its family"
    assert why["boosting", "{'b': 3}"] == "start 3 of 3"

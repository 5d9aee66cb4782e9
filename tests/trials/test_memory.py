"""After two candidates that ran out of memory a family is tried in smaller forms alone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smeaton.families import Choice, Range, Space
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.trials.choose import Chooser
from smeaton.trials.memory import too_large
from smeaton.trials.record import Candidate, Interval, Trial

TASK = Task(data=Data(examples=Source(files=("x.csv",))), output={"y": Type(type="number")}, metric="rmse")


def failed(config: dict[str, Any], family: str = "trees", cause: str = "memory") -> Trial:
    candidate = Candidate(family=family, config=config)
    return Trial(key=candidate.key, candidate=candidate, state="failed", cause=cause)


def trees(**config: Any) -> Candidate:
    return Candidate(family="trees", config=config)


def test_once_is_no_rule() -> None:
    assert not too_large(trees(rounds=900), [failed({"rounds": 500})])


def test_twice_bars_what_is_not_smaller() -> None:
    trials = [failed({"rounds": 500, "leaves": 31, "rate": 0.1}), failed({"rounds": 300, "leaves": 31, "rate": 0.1})]
    assert too_large(trees(rounds=900, leaves=31, rate=0.1), trials)
    assert too_large(trees(rounds=300, leaves=31, rate=0.01), trials), "a rate says nothing of memory"
    assert too_large(trees(rounds=100, leaves=63, rate=0.1), trials), "smaller in one and larger in another"
    assert too_large(trees(rate=0.1), trials), "it may be of any size"
    assert not too_large(trees(rounds=200, leaves=31, rate=0.1), trials)
    assert not too_large(trees(rounds=200, leaves=31, rate=0.9), trials)


def test_other_families_and_other_failures_do_not_count() -> None:
    trials = [failed({"rounds": 5}), failed({"rounds": 5}, family="linear"), failed({"rounds": 4}, cause="")]
    assert not too_large(trees(rounds=9), trials)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), min_size=3), min_size=2, max_size=5))
def test_what_failed_is_itself_too_large(configs: list[dict[str, int]]) -> None:
    trials = [failed(config) for config in configs]
    assert all(too_large(trees(**config), trials) for config in configs)


def chooser() -> Chooser:
    starts = tuple({"rounds": rounds} for rounds in (500, 400, 300, 200))
    trees_space = Space(starts=starts, params={"rounds": Range(300, 2000, integer=True)}, effort=5)
    linear = Space(starts=({"c": 0.1},), params={"c": Choice((0.1, 0.2, 0.3))}, effort=1)
    spaces = {"trees": trees_space, "linear": linear}
    return Chooser(TASK, 1.0, 0, spaces, [], spaces, {})


def test_the_search_passes_over_them() -> None:
    trials = [failed({"rounds": 500}), failed({"rounds": 400})]
    seen = []
    for _ in range(20):
        attempt = chooser().next(trials, [], lambda family: True)
        if attempt is None:
            break
        seen.append(attempt.candidate)
        score = Interval(1.0, 0.9, 1.1)
        trials.append(Trial(key=attempt.key, candidate=attempt.candidate, state="done", score=score))
    sizes = [one.config["rounds"] for one in seen if one.family == "trees"]
    assert sizes[:2] == [300, 200], "the smaller starts of the family have their turn"
    assert all(size < 400 for size in sizes)
    assert sum(one.family == "linear" for one in seen) == 3, "others are not kept from theirs"

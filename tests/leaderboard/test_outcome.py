from typing import Any

import numpy as np
import pytest

from smeaton.leaderboard.outcome import decide
from smeaton.task.profile import Suspect
from smeaton.task.task import Bar, Limits, Task
from smeaton.trials.record import Cost, Interval

LEAK = Suspect(
    kind="leak", columns=("sold_for",), why="sold_for alone gives price away", accept="accept: {leak: [sold_for]}"
)


def test_ready(world: Any, small: Cost) -> None:
    world.constant()
    world.add("linear", own=1.0, cost=small)
    outcome = decide(world.board(), {"rmse": Bar(op="<=", value=3)}, test={"rmse": Interval(1.4, 1.3, 1.5)})
    assert (outcome.state, outcome.code, outcome.reasons) == ("ready", 0, ())


def test_each_thing_in_the_way_is_a_reason(world: Any, small: Cost, number_task: Task) -> None:
    import msgspec

    world.constant()
    world.add("linear", own=1.0, cost=small)
    task = number_task.with_(limits=Limits(size=10))
    bars = {"rmse": Bar(op="<=", value=3)}
    test = {"rmse": Interval(2.9, 2.7, 3.2)}
    accepted = msgspec.structs.replace(LEAK, accepted=True)
    outcome = decide(world.board(task), bars, [LEAK, accepted], test, ["offline was asked for, and chat is not"])
    assert (outcome.state, outcome.code) == ("not ready", 3)
    assert outcome.reasons == (
        "size is 100 KB, the limit is 10 B",
        "rmse on the sealed test is 2.9, its high end 3.2 misses the bar <= 3",
        "leak: sold_for alone gives price away; accept: {leak: [sold_for]}",
        "offline was asked for, and chat is not",
    )
    assert decide(world.board(), bars, [accepted]).state == "ready"
    assert "was not judged on the sealed test" in decide(world.board(), bars, test={}).reasons[0]


@pytest.mark.parametrize("how", ["baseline best", "not certain", "alone", "refused"])
def test_no_solution(world: Any, small: Cost, how: str) -> None:
    if how == "refused":
        world.refused("linear", "no rows")
    else:
        world.constant()
    if how == "baseline best":
        world.add("linear", own=20.0, cost=small)
    if how == "not certain":
        truth = world.truth.target - world.truth.target.mean()
        noise = world.generator.normal(0, 0.02, len(truth))
        noise *= np.sign(noise @ truth)  # better than the constant, but by luck alone
        world.common = noise - truth
        world.add("lucky", cost=small)
    outcome = decide(world.board(), {})
    assert (outcome.state, outcome.code) == ("no solution", 4)
    expected = {
        "baseline best": "nothing beats the constant baseline",
        "not certain": "lucky does not beat the constant baseline at its interval: rmse is",
        "alone": "only the constant baseline could run",
        "refused": "no candidate could be scored (linear: no rows)",
    }
    assert expected[how] in outcome.reasons[0]


def test_without_a_baseline_it_is_said(world: Any, small: Cost) -> None:
    world.add("linear", own=1.0, cost=small)
    outcome = decide(world.board(), {})
    assert outcome.state == "ready"
    assert "no constant baseline" in outcome.notes[0]

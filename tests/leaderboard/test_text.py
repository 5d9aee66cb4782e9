from typing import Any

import pytest

from smeaton.leaderboard.text import number, render
from smeaton.leaderboard.words import summary
from smeaton.task.task import Limits, Task
from smeaton.trials.record import Cost


@pytest.mark.parametrize("width", [80, 110, 160])
def test_lines_keep_the_width_and_say_everything(
    world: Any, small: Cost, large: Cost, number_task: Task, width: int
) -> None:
    world.constant()
    world.add("linear", own=0.02, cost=small)
    world.add("boosting", own=0.01, cost=large)
    world.add("a-family-with-a-very-long-name-indeed", own=5, cost=Cost(p50=1, p95=1, cost_per_1k=None, size=10**9))
    world.refused("prompt", "the task does not allow that rows leave this machine, whatever the price may be")
    text = render(world.board(number_task.with_(limits=Limits(p95=0.5))), width)
    assert max(len(line) for line in text.splitlines()) <= width
    flat = " ".join(text.split())
    for part in ("houses: rmse, lower is better", "linear", "40x smaller", "unknown", "refused prompt: the task does"):
        assert part in flat
    assert "-> boosting is not better by its interval; linear is" in flat


def test_left_out_rows_are_counted(world: Any) -> None:
    for own in range(5):
        world.add(f"f{own}", own=own + 0.5)
    assert "… and 3 more" in render(world.board(), rows=2)


def test_numbers_for_people() -> None:
    assert [number(value) for value in (0.31234, 12.34567, 0.0123456, -123456.7, 0.0, 1e15)] == [
        "0.3123", "12.35", "0.01235", "-123,457", "0", "1e+15",
    ]  # fmt: skip


def test_a_configuration_in_few_words() -> None:
    assert (
        summary({"rate": 0.05, "leaves": 31, "members": ["a", "b"], "on": True})
        == "rate 0.05, leaves 31, 2 members, on true"
    )
    assert len(summary({f"setting{n}": n for n in range(30)})) <= 60

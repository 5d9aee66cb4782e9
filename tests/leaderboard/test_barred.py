"""What must never be chosen stands on the board with its score, and moves nothing."""

from collections.abc import Callable
from typing import Any

from smeaton.leaderboard.board import contenders
from smeaton.leaderboard.outcome import decide
from smeaton.leaderboard.text import render
from smeaton.task.task import Limits
from smeaton.trials.proposers.tpe import best_first
from smeaton.trials.record import Cost

WHY = "fitted elsewhere: may have seen these rows"


def test_the_best_score_does_not_win_where_it_is_no_evidence(world: Any, small: Cost) -> None:
    world.constant()
    barred = world.add("old.onnx", scale=0.01, barred=WHY)
    linear = world.add("linear", cost=small)
    board = world.board()
    row = board[barred]
    assert board.winner == linear
    assert (row.rank, row.tie, row.pareto, row.cost) == (None, False, False, None)
    assert row.score is not None
    assert row.behind is not None
    assert row.behind.value < 0  # it is compared all the same
    assert row.why.startswith(f"cannot be chosen: {WHY}; ahead of linear by")
    assert [one.rank for one in board.rows] == [1, 2, None]
    assert barred not in contenders(board)
    assert not any("old.onnx" in reason for reason in board.reasons)


def test_it_does_not_win_where_nothing_else_fits_either(world: Any, large: Cost) -> None:
    task = world_task(Limits(size=1))
    world.constant()
    world.add("SVC", scale=0.01, cost=None, barred="SVC: not compiled")
    linear = world.add("linear", cost=large)
    assert world.board(task).winner == linear


def test_the_board_shows_its_score_behind_what_is_ranked(world: Any, small: Cost) -> None:
    world.constant()
    world.add("old.onnx", scale=0.01, barred=WHY)
    world.add("linear", cost=small)
    lines = render(world.board()).split("\n")
    (place,) = (number for number, line in enumerate(lines) if "old.onnx" in line and "0.0" in line)
    assert "linear" in lines[2]
    assert place > max(number for number, line in enumerate(lines) if "baseline" in line[:20])
    assert " x" in lines[place]
    assert "cannot be chosen" in " ".join(lines[place:])


def test_with_nothing_but_it_there_is_no_solution_and_the_reason_is_said(world: Any) -> None:
    world.constant()
    world.add("old.onnx", scale=0.01, barred=WHY)
    ending = decide(world.board(), {})
    assert ending.state == "no solution"
    assert ending.reasons[0] == f"nothing else may be chosen (old.onnx: {WHY})"


def test_nothing_is_raced_against_it_nor_put_together_of_it(make_world: Callable[..., Any]) -> None:
    world = make_world(rows=200)
    world.constant()
    world.add("old.onnx", scale=0.01, barred=WHY)
    linear = world.add("linear")
    assert best_first(world.trials, 1.0)[0].key == linear
    assert all(not trial.barred for trial in best_first(world.trials, 1.0))


def world_task(limits: Limits) -> Any:
    from smeaton.task.task import Data, Task
    from smeaton.task.types import Type

    return Task(data=Data(), output={"price": Type(type="number")}, inputs={}, name="houses", limits=limits)

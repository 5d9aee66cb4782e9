import pytest

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.plot import plot
from smeaton.trials.record import Cost, Interval


def row(key: str, family: str, score: float, cost: float | None, rank: int, **more: object) -> Row:
    measured = Cost(p50=0.001, p95=0.002 * rank, cost_per_1k=cost, size=1000)
    return Row(
        key=key, family=family, state="done", rank=rank, score=Interval(score, score - 0.01, score + 0.01),
        cost=measured, **more,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def board() -> Board:
    rows = (
        row("a", "prompt", 0.95, 0.4, 1, config={"model": "openai:gpt-x"}, pareto=True),
        row("b", "tfidf", 0.90, 0.0001, 2, pareto=True),
        row("c", "linear", 0.80, 0.001, 3),
        row("d", "mystery", 0.85, None, 4),
    )
    return Board(task="mail", metric="accuracy", better="higher", unit="share", rows=rows)


def test_better_is_higher_and_cheaper_is_left(board: Board) -> None:
    lines = plot(board).splitlines()
    places = {
        mark: (number, line.index(mark, 11)) for number, line in enumerate(lines[1:17]) for mark in line[11:].split()
    }
    assert places["1"][0] < places["2"][0] < places["3"][0]
    assert places["2"][1] < places["3"][1] < places["1"][1]


def test_the_front_is_marked_and_names_say_the_model(board: Board) -> None:
    text = plot(board)
    assert "*1  prompt openai:gpt-x" in text
    assert " 3  linear" in text
    assert "*3" not in text


def test_an_unknown_cost_is_said_and_not_drawn_as_nothing(board: Board) -> None:
    assert "not drawn" in plot(board).splitlines()[-1]
    assert "mystery" in plot(board).splitlines()[-1]
    assert "mystery" in plot(board, "p95").splitlines()[-1]
    assert "not drawn" not in plot(board, "p95")


def test_lower_scores_may_be_the_better_ones(board: Board) -> None:
    lower = Board(task="mail", metric="log_loss", better="lower", unit="nats", rows=board.rows[:3])
    lines = plot(lower).splitlines()
    top = next(line for line in lines[1:] if line[11:].strip())
    assert top[11:].strip() == "3"


def test_nothing_measured() -> None:
    assert "nothing was measured" in plot(Board(task="t", metric="rmse", better="lower", unit="target", rows=()))

"""The board on a terminal: drawn where there is room, in colour where that is wished, every reason said."""

import io
from typing import Any

import pytest
from rich.console import Console

from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.terminal import WIDE, bar, terminal
from smeaton.leaderboard.text import render
from smeaton.task.task import Limits, Task
from smeaton.trials.record import Cost

ESCAPE = "\x1b"


def shown(board: Board, width: int, colour: bool = False, rows: int | None = None) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=colour, color_system="standard" if colour else None)
    console.print(terminal(board, width, rows))
    return file.getvalue()


@pytest.fixture
def board(world: Any, small: Cost, large: Cost, number_task: Task) -> Board:
    world.constant()
    world.add("linear", own=0.02, cost=small)
    world.add("boosting", own=0.01, cost=large)
    world.add("far", own=5, cost=Cost(p50=1, p95=1, cost_per_1k=None, size=10**9))
    world.refused("prompt", f"no {ESCAPE}[31mrows\u202e may leave")
    return world.board(number_task.with_(limits=Limits(p95=0.5)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("width", [WIDE, 200])
def test_a_wide_one_draws_intervals_and_says_everything(board: Board, width: int) -> None:
    text = shown(board, width)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("●") == 2, "the better ones; what is far behind is beyond the scale"
    assert text.count("▸") == 2
    flat = " ".join(text.split())
    for part in ("houses rmse, lower is better", "40x smaller", "* ships", "= ties with the best", "refused prompt",
                 "→ boosting is not better by its interval"):  # fmt: skip
        assert part in flat


def test_a_narrow_one_is_as_plain_text(board: Board) -> None:
    lines = [line.rstrip() for line in shown(board, 90).splitlines()]
    assert lines == render(board, 90).replace(ESCAPE, "\ufffd").replace("\u202e", "\ufffd").splitlines()


def test_colour_is_where_it_is_wished_and_text_cannot_bring_its_own(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert f"{ESCAPE}[1;32m" in shown(board, 160, colour=True)
    for text in (shown(board, 160), shown(board, 90)):
        assert ESCAPE not in text
        assert "\u202e" not in text
    monkeypatch.setenv("NO_COLOR", "1")
    assert f"{ESCAPE}[32m" not in shown(board, 160, colour=True)


def test_left_out_rows_are_counted(board: Board) -> None:
    assert "… and 2 more" in shown(board, 160, rows=2)


@pytest.mark.parametrize(
    ("interval", "drawn"),
    [
        ((0.0, 5.0, 10.0), "├────●────┤"),
        ((-5.0, 5.0, 15.0), "─────●─────"),
        ((4.0, 4.0, 4.0), "    ●      "),
        ((11.0, 12.0, 13.0), "          ▸"),
        ((-3.0, -2.0, 5.0), "◂          "),
    ],
)
def test_an_interval_in_characters(interval: tuple[float, float, float], drawn: str) -> None:
    assert bar(*interval, (0.0, 10.0), 11) == drawn


def test_one_value_alone_has_a_drawing() -> None:
    assert bar(1.0, 1.0, 1.0, (1.0, 1.0), 3) == "●  "

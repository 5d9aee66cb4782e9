"""Quality against cost as plain text: a point for each measured solution, the Pareto front marked."""

import math
from collections.abc import Sequence

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.text import number
from smeaton.leaderboard.ties import oriented
from smeaton.task.units import show_dollars, show_seconds

_WIDTH, _HEIGHT = 64, 16
_MARKS = "123456789abcdefghijklmnopqrstuvwxyz"


def plot(board: Board, by: str = "cost") -> str:
    """The measured rows of a board as points: better is higher, cheaper (`by="cost"`: dollars per 1,000 calls) or
    faster (`by="p95"`) is further left, on a logarithmic scale. A mark is a solution of the list below; `*` stands
    before those on the Pareto front. Rows without the figure are listed as such.
    """
    known = [(row, value) for row in board.rows if (value := _value(row, by)) is not None and row.score is not None]
    shown = known[: len(_MARKS)]
    if not shown:
        return "nothing was measured yet: there is no point to draw"
    show = show_dollars if by == "cost" else show_seconds
    xs = [math.log10(max(value, 1e-9)) for _, value in shown]
    ys = [oriented(row.score.value, board.better) for row, _ in shown if row.score]
    grid = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    for mark, x, y in reversed(list(zip(_MARKS, xs, ys, strict=False))):  # the better ranked stand on top
        grid[_HEIGHT - 1 - _place(y, ys, _HEIGHT)][_place(x, xs, _WIDTH)] = mark
    scores = sorted((row.score.value for row, _ in shown if row.score), reverse=board.better == "higher")
    lines = [f"{board.metric} (better is higher up) against {_axis(by)} (log scale)"]
    for place, cells in enumerate(grid):
        edge = number(scores[0]) if place == 0 else number(scores[-1]) if place == _HEIGHT - 1 else ""
        lines.append(f"{edge:>9} |{''.join(cells).rstrip()}")
    low, high = show(min(value for _, value in shown)), show(max(value for _, value in shown))
    lines += [" " * 10 + "+" + "-" * _WIDTH, " " * 11 + low + high.rjust(_WIDTH - len(low))]
    lines += [_legend(mark, row, show(value)) for mark, (row, value) in zip(_MARKS, shown, strict=False)]
    missing = [row.name for row in board.rows if row.rank is not None and _value(row, by) is None]
    if missing:
        lines.append(
            f"not drawn, for nobody measured them or their cost is unknown: {', '.join(dict.fromkeys(missing))}"
        )
    return "\n".join(lines)


def _axis(by: str) -> str:
    return "dollars per 1,000 calls" if by == "cost" else "seconds a call takes at p95"


def _value(row: Row, by: str) -> float | None:
    if row.cost is None:
        return None
    return row.cost.cost_per_1k if by == "cost" else row.cost.p95


def _place(value: float, values: Sequence[float], size: int) -> int:
    """Where a value stands on an axis of `size` characters."""
    low, high = min(values), max(values)
    return round((value - low) / (high - low) * (size - 1)) if high > low else size // 2


def _legend(mark: str, row: Row, value: str) -> str:
    assert row.score is not None
    return f"  {'*' if row.pareto else ' '}{mark}  {row.name:<36} {number(row.score.value):>9}  {value:>12}"

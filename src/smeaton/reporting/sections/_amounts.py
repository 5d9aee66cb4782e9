"""Scores and differences as people read them: shares in per cent, differences of shares in points."""

import math

from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.text import number
from smeaton.metrics import Unit
from smeaton.metrics._defaults import load_metric
from smeaton.task.task import Task
from smeaton.task.units import show_number, show_range
from smeaton.trials.record import Interval


def amount(value: float, unit: Unit = "") -> str:
    """A score: `79.8 %` for a share, else four digits that count, and no more than whole ones of thousands."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 1_000 else number(value)


def ends(score: Interval, unit: Unit = "") -> str:
    """The ends of an interval: `73.0 % to 85.4 %`."""
    return f"{amount(score.low, unit)} to {amount(score.high, unit)}"


def gap(value: float, unit: Unit = "") -> str:
    """A difference without its sign, three digits: `4.2 points` of shares."""
    return f"{100 * abs(value):.1f} points" if unit == "share" else show_number(abs(value))


def gaps(lead: Interval, unit: Unit = "") -> str:
    """The ends of a difference, with signs where it may go either way: `2.1 to 6.3 points`, `-0.1 to 0.4`."""
    if unit == "share":
        return f"{100 * lead.low:.1f} to {100 * lead.high:.1f} points"
    return show_range(lead.low, lead.high)


def unit_of(metric: str, board: Board, task: Task) -> Unit:
    """A metric's unit. A user's own that does not rank the board is not loaded for it."""
    if metric == board.metric:
        return board.unit
    return "" if ":" in metric else load_metric(metric, task).unit


def axis(board: Board) -> str:
    """The title of a scale of scores: `log_loss (lower is better)`."""
    return f"{board.metric} ({board.better} is better)"


def is_finite(score: Interval | None) -> bool:
    """Whether there is a score that can be drawn."""
    return score is not None and all(map(math.isfinite, (score.value, score.low, score.high)))


def cell(score: Interval | None) -> list[float] | None:
    """An interval as a cell of a grid holds it."""
    return [score.value, score.low, score.high] if score is not None and is_finite(score) else None


def count(number: int, one: str, many: str = "") -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"

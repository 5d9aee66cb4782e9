"""Why a row stands where it stands, and what a configuration is, in a few words."""

from collections.abc import Mapping
from typing import Any

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.ties import savings
from smeaton.task.units import show_number, show_range

_WIDTH = 60


def why(row: Row, best: Row | None, winner: str | None, board: Board) -> str:
    """One sentence about a row. `row.why` holds the trial's note until then."""
    if row.state != "done":
        return (
            row.why or {"stopped": "stopped before its full try", "failed": "failed", "refused": "refused"}[row.state]
        )
    if row.score is None:
        return row.why or "tried on a part of the rows only"
    if best is None:
        return row.why
    if row.estimated_from:
        parts = (*row.limits, *row.bars, f"{row.why}; the score is of the fit it repeats ({row.estimated_from[:8]})")
        return "; ".join(parts)
    said = [f"cannot be chosen: {row.barred}" if row.barred else "", *row.limits, *row.bars]
    if row.key == best.key:
        cheaper = None if row.key == winner or winner is None else board[winner]
        said.append(f"best {board.metric}" if cheaper is None else _not_better(row, cheaper))
    elif row.tie:
        saved = _saves(best, row, " and is") if row.key == winner else ""
        said.append(f"ties with {best.family}{saved}")
    elif row.behind is not None:
        low, high, word = row.behind.low, row.behind.high, "behind"
        if row.behind.value < 0:  # better, yet it cannot win: it breaks a limit, or was not measured
            low, high, word = -high, -low, "ahead of"
        certain = "" if low > 0 else ", not certain"
        said.append(f"{word} {best.family} by {show_number(abs(row.behind.value))} ({show_range(low, high)}){certain}")
        cheaper_words = savings(row.cost, best.cost)
        said.append(cheaper_words if row.behind.low <= 0 else "")
    elif best.score is not None:
        said.append(f"behind {best.family} by {show_number(abs(row.score.value - best.score.value))}")
    if row.cost is None and best.cost is not None and row.fits and not row.barred:
        said.append("not measured")
    return "; ".join(part for part in (*said, row.why) if part)


def drawn(group: bool, time: bool) -> str:
    """How rows that belong together are drawn for intervals; '' where none do."""
    ways = [
        *(["runs of neighbouring moments"] if time else []),
        *(["whole groups"] if group else []),
    ]
    if not ways:
        return ""
    both = " (the wider ends of the two)" if len(ways) > 1 else ""
    return f"intervals draw {' and '.join(ways)} together{both}: single rows would promise too much"


def _not_better(best: Row, cheaper: Row) -> str:
    return f"not better than {cheaper.family} by its interval{_saves(best, cheaper, ', which is')}"


def _saves(dear: Row, cheap: Row, lead: str) -> str:
    saved = savings(cheap.cost, dear.cost)
    return f"{lead} {saved}" if saved else ""


def summary(config: Mapping[str, Any]) -> str:
    """A configuration in at most 60 characters: plain values as they are, lists and mappings by their length."""
    parts = []
    for name, value in config.items():
        if isinstance(value, bool | str) or value is None:
            parts.append(f"{name} {value}".lower() if not isinstance(value, str) else f"{name} {value}")
        elif isinstance(value, int | float):
            parts.append(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}")
        else:
            parts.append(f"{len(value)} {name}")
    text = ", ".join(parts)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1].rstrip(", ") + "…"

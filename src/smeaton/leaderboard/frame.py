"""A board as a data frame: one row for each solution, in the board's order."""

from importlib.util import find_spec
from typing import Any

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.text import marks


def board_rows(board: Board) -> list[dict[str, Any]]:
    """The board's rows as flat mappings: scores and ends of intervals as numbers, p95 in seconds, size in bytes, cost
    in dollars per 1,000 calls; None for what is not known."""
    return [_flat(row, board) for row in board.rows]


def board_frame(board: Board) -> Any:
    """The same as a pandas frame where pandas is installed, else the list itself."""
    rows = board_rows(board)
    if find_spec("pandas") is None:
        return rows
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(rows[0]) if rows else None)
    return frame.astype({"rank": "Int64", "size": "Int64"}) if rows else frame  # whole numbers, where known


def _flat(row: Row, board: Board) -> dict[str, Any]:
    score, cost = row.score, row.cost
    return {
        "rank": row.rank,
        "solution": row.name,
        "state": row.state,
        board.metric: score.value if score else None,
        "low": score.low if score else None,
        "high": score.high if score else None,
        "p95": cost.p95 if cost else None,
        "cost_per_1k": cost.cost_per_1k if cost else None,
        "size": cost.size if cost else None,
        "seconds": row.seconds,
        "marks": marks(row, board),
        "why": row.why,
        "config": row.config,
        "key": row.key,
    }

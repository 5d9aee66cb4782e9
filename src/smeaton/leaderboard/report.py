"""A build in Markdown: how it ended, the board, and what the sealed test said."""

from collections.abc import Mapping

from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.outcome import Outcome
from smeaton.leaderboard.text import costs, marks, number, range_of, related
from smeaton.trials.record import Interval


def markdown(board: Board, outcome: Outcome, test: Mapping[str, Interval] | None = None, openings: int = 0) -> str:
    """The summary as Markdown. `test` are the winner's sealed scores by metric, opened `openings` times so far."""
    direction = "higher is better" if board.better == "higher" else "lower is better"
    parts = [f"# {_safe(board.task)}: {outcome.state}", ""]
    parts += [f"- {_safe(text)}" for text in (*outcome.reasons, *outcome.notes, *board.reasons, *related(board))]
    parts += ["", f"## Board ({_safe(board.metric)}, {direction})", ""]
    parts += [
        "| | solution | score | 95 % interval | p95 | per 1,000 calls | size | | why |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in board.rows:
        score = ("", "") if row.score is None else (number(row.score.value), range_of(row.score))
        name = f"{row.family} ({row.what})" if row.what else row.family
        place = row.state if row.rank is None else str(row.rank)
        cells = (place, name, *score, *costs(row.cost), marks(row, board), row.why)
        parts.append(f"| {' | '.join(_safe(cell) for cell in cells)} |")
    parts += ["", "`*` ships, `=` ties with the best, `P` on the Pareto front, `!` breaks a limit or a bar."]
    if test is not None:
        times = "once" if openings == 1 else f"{openings} times"
        parts += ["", f"## Sealed test (opened {times})", "", "| metric | value | 95 % interval |", "|---|---|---|"]
        parts += [f"| {_safe(name)} | {number(score.value)} | {range_of(score)} |" for name, score in test.items()]
    return "\n".join(parts) + "\n"


def _safe(text: str) -> str:
    """Text that cannot break out of a table cell or become markup."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "\\`|[]*_":
        text = text.replace(mark, "\\" + mark)
    return text

"""A board as lines of plain text of a fixed width."""

import textwrap

from smeaton.leaderboard.forms import Board, Row
from smeaton.task.units import show_bytes, show_dollars, show_seconds
from smeaton.trials.later import later_words
from smeaton.trials.record import Cost, Interval

_HEADS = ("", "solution", "score", "95 % interval", "p95", "per 1k", "size", "")
_RIGHT = {0, 2, 4, 5, 6}


def render(board: Board, width: int = 110, rows: int | None = None) -> str:
    """The board in lines no wider than `width` (at least 80): ranked rows first, then what did not run and why.

    `rows` limits how many ranked rows are shown; how many were left out is said.
    """
    width = max(width, 80)
    ranked = [row for row in board.rows if row.rank is not None]
    barred = [row for row in board.rows if row.rank is None and row.barred and row.score is not None]
    shown = [*ranked[:rows], *barred]
    direction = "higher is better" if board.better == "higher" else "lower is better"
    lines = [_cut(f"{board.task}: {board.metric}, {direction}", width)]
    if shown:
        lines += _table([_HEADS, *(_cells(row, board) for row in shown)], [row.why for row in shown], width)
    left = len(ranked) - len(ranked[:rows])
    if left:
        lines.append(f"… and {left} more")
    for row in board.rows:
        if row.rank is None and row not in barred:
            lines += _wrapped(f"{row.state:>7}  {row.family}: {row.why}", width, 9)
    for reason in (*board.reasons, *related(board)):
        lines += _wrapped(f"-> {reason}", width, 3)
    return "\n".join(line.rstrip() for line in lines)


def related(board: Board) -> tuple[str, ...]:
    """What has to be said where rows belong together: how intervals were drawn, where a later score will lie."""
    later = "" if board.later is None else later_words(board.metric, board.later)
    return tuple(filter(None, (board.intervals, later)))


def number(value: float) -> str:
    """A score for people: four digits that count, and all of a large one's whole part."""
    if 1_000 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4f}" if 0.1 <= abs(value) < 10 else f"{value:.4g}"


def range_of(score: Interval) -> str:
    """The ends of an interval for people."""
    return f"{number(score.low)} to {number(score.high)}"


def costs(cost: Cost | None) -> tuple[str, str, str]:
    """p95, cost per 1,000 calls and size for people; what was not measured is empty, what is unknown says so."""
    if cost is None:
        return "", "", ""
    money = "unknown" if cost.cost_per_1k is None else show_dollars(cost.cost_per_1k)
    return show_seconds(cost.p95), money, show_bytes(cost.size)


def marks(row: Row, board: Board) -> str:
    """`*` the winner, `=` ties with the best, `P` on the Pareto front, `!` breaks a limit or a bar,
    `x` must never be chosen."""
    flags = (
        ("*", row.key == board.winner), ("=", row.tie), ("P", row.pareto), ("!", not row.fits),
        ("x", bool(row.barred)),
    )  # fmt: skip
    return "".join(mark for mark, holds in flags if holds)


def _cells(row: Row, board: Board) -> tuple[str, ...]:
    assert row.score is not None
    return (
        "" if row.rank is None else str(row.rank),
        row.name,
        number(row.score.value),
        range_of(row.score),
        *costs(row.cost),
        marks(row, board),
    )


def _table(cells: list[tuple[str, ...]], whys: list[str], width: int) -> list[str]:
    """Columns as wide as their widest cell; the reason in what is left of the line, or under it."""
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    widths[1] = min(widths[1], 24 if width < 100 else 36)
    used = [place for place, size in enumerate(widths) if size]
    lines = []
    for line, why in zip(cells, ["", *whys], strict=True):
        text = "  ".join(
            _cut(line[place], widths[place]).rjust(widths[place])
            if place in _RIGHT
            else _cut(line[place], widths[place]).ljust(widths[place])
            for place in used
        )
        if len(text) + 2 + len(why) <= width:
            lines.append(f"{text}  {why}")
        else:
            lines.append(_cut(text, width))
            lines += _wrapped(f"      {why}", width, 6)
    return lines


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=" " * indent, drop_whitespace=True) or [""]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"

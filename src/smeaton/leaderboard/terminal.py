"""A board for a terminal: intervals drawn to one scale, what matters in colour, every reason said."""

import statistics
from typing import TYPE_CHECKING

from smeaton.extras import needs
from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.text import costs, marks, number, range_of, related, render

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

WIDE = 136  #: columns of a terminal from which intervals are drawn
_DRAWN = (14, 32)  # characters of a drawing, at least and at most
_STYLES = {"*": "bold green", "=": "cyan", "P": "blue", "!": "yellow", "x": "red"}
_LEGEND = {
    "*": "ships", "=": "ties with the best", "P": "on the Pareto front", "!": "breaks a limit or a bar",
    "x": "must not be chosen",
}  # fmt: skip


def terminal(board: Board, width: int, rows: int | None = None) -> "Group":
    """The board as something `rich` prints: ranked rows (the first `rows`), what the marks mean, what did not run, and
    the reasons of the choice. `width` is the terminal's, in characters; where it is narrow, the lines are those of
    plain text.

    Raises:
        ExtraMissing: rich is not installed.
    """
    with needs("build"):
        from rich.console import Group
        from rich.text import Text
    if width < WIDE:
        lines = render(board, width, rows).splitlines()
        return Group(*(Text(line, style="bold" if line is lines[0] else "") for line in map(_shown, lines)))
    ranked = [row for row in board.rows if row.rank is not None and row.score is not None]
    barred = [row for row in board.rows if row.rank is None and row.barred and row.score is not None]
    shown = [*ranked[:rows], *barred]
    direction = "higher is better" if board.better == "higher" else "lower is better"
    head = Text.assemble((_shown(board.task), "bold"), f"  {_shown(board.metric)}, {direction}")
    parts: list[Text | Table] = [head]
    if shown:
        parts += [_table(shown, board, width), _legend(shown, board)]
    if len(ranked) > len(ranked[:rows]):
        parts.append(Text(f"… and {len(ranked) - len(ranked[:rows])} more", style="dim"))
    others = [row for row in board.rows if row not in ranked and row not in barred]
    parts += [Text(), _rest(others)] if others else []
    said = [*board.reasons, *related(board)]
    parts += [Text()] if said else []
    parts += [Text.assemble(("→ ", "green"), _shown(reason)) for reason in said]
    return Group(*parts)


def _table(shown: list[Row], board: Board, width: int) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = min(_DRAWN[1], _DRAWN[0] + (width - WIDE) // 2)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim", show_edge=False)
    for name in ("", "", "solution", "score", "95 % interval", "", "p95", "per 1k", "size", "why"):
        most = 36 if name == "solution" else None
        table.add_column(name, no_wrap=name not in ("why", "solution"), max_width=most, overflow="fold")
    for column in table.columns:
        column.justify = "right" if column.header in ("score", "p95", "per 1k", "size") else "left"
    table.columns[1].justify = "right"
    scale = _scale(shown)
    for row in shown:
        assert row.score is not None
        flags = marks(row, board)
        style = _STYLES.get(flags[:1], "")
        cells = [Text(flags, style=style), Text("" if row.rank is None else str(row.rank), style="dim"),
                 Text(_shown(row.name), style=style), Text(number(row.score.value), style=style)]  # fmt: skip
        cells += [Text(bar(row.score.low, row.score.value, row.score.high, scale, drawn), style=style)]
        cells += [Text(range_of(row.score), style="dim"), *map(Text, costs(row.cost)), Text(_shown(row.why), "dim")]
        table.add_row(*cells)
    return table


def bar(low: float, value: float, high: float, scale: tuple[float, float], width: int) -> str:
    """An interval in `width` characters; an arrow where it goes on beyond the scale."""
    start, stop = scale
    step = (stop - start) / (width - 1) or 1.0

    def place(at: float) -> int:
        return round((at - start) / step)

    if place(value) < 0 or place(value) >= width:
        return "◂".ljust(width) if place(value) < 0 else "▸".rjust(width)
    line = [" "] * width
    for at in range(max(place(low), 0), min(place(high), width - 1) + 1):
        line[at] = "─"
    if place(low) >= 0:
        line[place(low)] = "├"
    if place(high) < width:
        line[place(high)] = "┤"
    line[place(value)] = "●"
    return "".join(line)


def _scale(shown: list[Row]) -> tuple[float, float]:
    """The ends of what is drawn: the intervals of the rows that are no further from the first than three intervals are
    long, so that a constant answer far behind does not press all others together."""
    scores = [row.score for row in shown if row.score is not None]
    reach = 3 * statistics.median(score.high - score.low for score in scores)
    near = [score for score in scores if abs(score.value - scores[0].value) <= reach]
    return min(score.low for score in near), max(score.high for score in near)


def _legend(shown: list[Row], board: Board) -> "Text":
    """What the marks that are there mean."""
    from rich.text import Text

    there = set("".join(marks(row, board) for row in shown))
    text = Text()
    for flag, meaning in _LEGEND.items():
        if flag in there:
            text.append("   " if text else "").append(flag, style=_STYLES[flag]).append(f" {meaning}", style="dim")
    return text


def _rest(others: list[Row]) -> "Table":
    """What did not run, and why."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for row in others:
        style = "yellow" if row.state == "failed" else "dim"
        table.add_row(Text(row.state, style), Text(_shown(row.name)), Text(_shown(row.why), "dim"))
    return table


def _shown(text: str) -> str:
    """Text that cannot steer a terminal, or turn its direction."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text)

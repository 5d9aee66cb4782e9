"""A board as HTML for a notebook: one table, every value escaped, no script, no style sheet of its own."""

from collections.abc import Iterable, Sequence
from html import escape

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.text import costs, marks, number, range_of, related

_HEADS = ("", "solution", "score", "95 % interval", "p95", "per 1k", "size", "", "why")
_NUMBERS = {0, 2, 4, 5, 6}
_LEGEND = "* ships, = ties with the best, P on the Pareto front, ! breaks a limit or a bar"


def board_html(board: Board, rows: int | None = None) -> str:
    """The ranked rows (the first `rows`), what did not run and why, and the reasons of the choice."""
    ranked = [row for row in board.rows if row.rank is not None]
    shown = ranked[:rows]
    direction = "higher is better" if board.better == "higher" else "lower is better"
    caption = f"{board.task}: {board.metric}, {direction}"
    parts = [table_html(caption, _HEADS, [_cells(row, board) for row in shown], _NUMBERS)]
    if len(ranked) > len(shown):
        parts.append(f"<p>… and {len(ranked) - len(shown)} more</p>")
    if shown:
        parts.append(f"<p><small>{escape(_LEGEND)}</small></p>")
    parts.append(list_html((*board.reasons, *related(board))))
    others = [f"{row.state} {row.family}: {row.why}" for row in board.rows if row.rank is None]
    if others:
        parts.append(f"<details><summary>{len(others)} without a score</summary>{list_html(others)}</details>")
    return f"<div>{''.join(parts)}</div>"


def table_html(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table of texts; the columns at the places `numbers` are set to the right."""
    right = set(numbers)
    head = "".join(f'<th scope="col"{_side(place, right)}>{escape(name)}</th>' for place, name in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(f"<td{_side(place, right)}>{escape(cell)}</td>" for place, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    named = f'<caption style="text-align:left"><b>{escape(caption)}</b></caption>' if caption else ""
    return f"<table>{named}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def list_html(lines: Iterable[str]) -> str:
    """Lines as a list; nothing where there are none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _side(place: int, right: set[int]) -> str:
    return f' style="text-align:{"right" if place in right else "left"}"'


def _cells(row: Row, board: Board) -> tuple[str, ...]:
    assert row.score is not None
    score = number(row.score.value)
    return (str(row.rank), row.name, score, range_of(row.score), *costs(row.cost), marks(row, board), row.why)

"""The card of each candidate: what it is, how it did, what it costs, and why it stands where it stands."""

import json
from collections.abc import Iterator

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.text import costs, marks, number, range_of
from smeaton.reporting.characters import html
from smeaton.task.units import show_bytes, show_seconds

MOST = 400  #: cards on a page
_LONGEST = 4_000  #: characters of a configuration
_MARKS = {
    "*": "ships", "=": "ties with the best", "P": "on the Pareto front", "!": "breaks a limit or a bar",
    "x": "must not be chosen",
}  # fmt: skip


def anchor(key: str) -> str:
    """The address of a candidate's card on the page."""
    return f"#candidate-{key}"


def links(board: Board) -> dict[str, str]:
    """The address of each card by the candidate's key."""
    return {row.key: anchor(row.key) for row in board.rows[:MOST]}


def cards(board: Board) -> str:
    """All candidates of a board as cards that open."""
    inside = "".join(map("".join, (_card(row, board) for row in board.rows[:MOST])))
    left = len(board.rows) - MOST
    more = f"<p>{left:,} more are on the board: smeaton board.</p>" if left > 0 else ""
    return (
        '<section class="part" id="candidates" aria-labelledby="candidates-title"><h2 id="candidates-title" '
        'tabindex="-1">Every candidate</h2><p class="words shows">The card of everything that was tried: what it is, '
        f'how it did and what it costs.</p><div class="cards">{inside}</div>{more}</section>'
    )


def _card(row: Row, board: Board) -> Iterator[str]:
    score = "" if row.score is None else f"<b>{number(row.score.value)}</b>"
    place = row.state if row.rank is None else f"#{row.rank}"
    yield f'<details class="candidate" id="{html(anchor(row.key)[1:])}"><summary><i>{html(place)}</i> '
    yield f'<bdi class="name">{html(row.name)}</bdi> <small>{html(row.what)}</small>{score}</summary>'
    yield f'<dl class="rows">{"".join(_line(name, value) for name, value in _lines(row, board) if value)}</dl>'
    if row.config:
        config = json.dumps(row.config, indent=2, ensure_ascii=False, sort_keys=True, default=str)
        cut = config if len(config) <= _LONGEST else f"{config[:_LONGEST]}\n… ({len(config) - _LONGEST:,} more)"
        yield f"<h3>Configuration</h3><pre>{html(cut)}</pre>"
    yield "</details>"


def _lines(row: Row, board: Board) -> Iterator[tuple[str, str]]:
    yield "why it stands here", row.why
    yield "marks", ", ".join(_MARKS[mark] for mark in marks(row, board))
    if row.score is not None:
        yield board.metric, f"{number(row.score.value)} (95 % interval {range_of(row.score)})"
    for name, found in row.judged.items():
        yield name, f"{number(found.value)} (95 % interval {range_of(found)})"
    if row.behind is not None and row.behind.value:
        yield "behind the best", f"{number(row.behind.value)} ({range_of(row.behind)})"
    p95, money, size = costs(row.cost)
    yield "p95 of one call", p95
    yield "1,000 calls", money
    yield "size", size
    if row.cost is not None and row.cost.memory is not None:
        yield "memory", show_bytes(row.cost.memory)
    yield "breaks", "; ".join((*row.limits, *row.bars))
    yield "its try took", show_seconds(row.seconds) if row.seconds else ""
    yield "key", row.key


def _line(name: str, value: str) -> str:
    return f'<div><dt>{html(name)}</dt><dd dir="auto">{html(value)}</dd></div>'

"""A grid as a table that scrolls in itself, and the data of a figure as one."""

from collections.abc import Mapping
from typing import Any

from smeaton.reporting.characters import html, prose
from smeaton.reporting.forms import Figure, Grid, Head
from smeaton.reporting.page.cells import SHORT, cell, span_of

FIGURE_ROWS = 30  #: of a figure's data
#: About how many pixels a column wants, by how it is read; and how many a table has that stands beside others.
_WIDTHS = {"n": 90, "short": 105, "some": 220, "long": 340, "interval": 150, "mark": 60}
_FEW = 380


def table(grid: Grid, name: str, links: Mapping[str, str]) -> str:
    """A grid with its title and how it was computed. `links` are addresses of texts that a cell may hold."""
    how = f'<details class="how"><summary>How this was computed</summary><p>{prose(grid.how)}</p></details>'
    wants = sum(_WIDTHS[_room(grid, place)] for place in range(len(grid.heads)))
    size = "few" if wants <= _FEW else "some" if wants <= 2 * _FEW else "many"
    return (
        f'<div class="sheet {size}"><h3 id="{name}">{html(grid.title)}</h3>'
        f"{_scroller(_rows(grid, links), name)}{how if grid.how else ''}</div>"
    )


def data_table(figure: Figure, name: str) -> str:
    """What a figure shows, for who does not see it: its first rows, and how many it has."""
    heads = tuple(
        Head(name=column, kind="text" if any(isinstance(one, str | bool) for one in values) else "number")
        for column, values in figure.columns.items()
    )
    rows = list(zip(*figure.columns.values(), strict=True))
    shown = tuple(tuple(map(_plain, row)) for row in rows[:FIGURE_ROWS])
    left = len(rows) - len(shown)
    more = f"<p>The first {len(shown)} of {len(rows):,} rows; report.json holds them all.</p>" if left else ""
    grid = Grid(id=figure.id, title=f"Data of: {figure.title}", heads=heads, rows=shown)
    return f"{_scroller(_rows(grid, {}), name, grid.title)}{more}"


def _scroller(inside: str, name: str, title: str = "") -> str:
    """A frame that scrolls, reachable with the keyboard."""
    named = f'aria-label="{html(title)}"' if title else f'aria-labelledby="{name}"'
    return f'<div class="scroll" role="group" tabindex="0" {named}>{inside}</div>'


def _rows(grid: Grid, links: Mapping[str, str]) -> str:
    places = range(len(grid.heads))
    spans = [
        span_of([row[place] for row in grid.rows]) if grid.heads[place].kind == "interval" else (0.0, 1.0)
        for place in places
    ]
    strong, kinds = set(grid.strong), [_room(grid, place) for place in places]
    body = "".join(
        f"<tr{' class=strong' if number in strong else ''}>"
        + "".join(_cell(grid.heads[place], row[place], spans[place], links) for place in places)
        + "</tr>"
        for number, row in enumerate(grid.rows)
    )
    return f"<table><thead><tr>{''.join(map(_head, grid.heads, kinds))}</tr></thead><tbody>{body}</tbody></table>"


def _room(grid: Grid, place: int) -> str:
    """How wide a column wants to be, by what it holds."""
    kind = grid.heads[place].kind
    if kind in ("number", "share", "seconds", "bytes", "dollars"):
        return "n"
    if kind != "text":
        return kind
    longest = max((len(str(row[place] or "")) for row in grid.rows), default=0)
    return "short" if longest <= SHORT else "some" if longest <= 60 else "long"


def _head(head: Head, room: str) -> str:
    if not head.name.strip():
        return f'<td class="{room}"></td>'  # a heading that says nothing is none
    note = f' title="{html(head.note)}"' if head.note else ""
    return f'<th scope="col" class="{room}"{note}>{html(head.name)}</th>'


def _cell(head: Head, value: Any, span: tuple[float, float], links: Mapping[str, str]) -> str:
    if head.kind == "text" and value in links:
        return f'<td><a class="card" href="{html(links[value])}">{html(value)}</a></td>'
    return cell(head, value, span)


def _plain(value: Any) -> Any:
    """A value of a figure as a cell holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, str | int | float) else str(value)

"""A grid as a table that scrolls in itself, and the data of a figure as one."""

from collections.abc import Mapping
from typing import Any

from smeaton.report.characters import html
from smeaton.report.forms import Figure, Grid, Head
from smeaton.report.page.cells import cell, span_of

FIGURE_ROWS = 30  #: of a figure's data


def table(grid: Grid, name: str, links: Mapping[str, str]) -> str:
    """A grid with its title and how it was computed. `links` are addresses of texts that a cell may hold."""
    how = f'<details class="how"><summary>How this was computed</summary><p>{html(grid.how)}</p></details>'
    size = "few" if len(grid.heads) <= 3 else "some" if len(grid.heads) <= 6 else "many"
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
    strong = set(grid.strong)
    body = "".join(
        f"<tr{' class=strong' if number in strong else ''}>"
        + "".join(_cell(grid.heads[place], row[place], spans[place], links) for place in places)
        + "</tr>"
        for number, row in enumerate(grid.rows)
    )
    return f"<table><thead><tr>{''.join(map(_head, grid.heads))}</tr></thead><tbody>{body}</tbody></table>"


def _head(head: Head) -> str:
    right = ' class="n"' if head.kind in ("number", "share", "seconds", "bytes", "dollars") else ""
    note = f' title="{html(head.note)}"' if head.note else ""
    if not head.name.strip():
        return f"<td{right}></td>"  # a heading that says nothing is none
    return f'<th scope="col"{right}{note} data-kind="{head.kind}">{html(head.name)}</th>'


def _cell(head: Head, value: Any, span: tuple[float, float], links: Mapping[str, str]) -> str:
    if head.kind == "text" and value in links:
        return f'<td><a class="card" href="{html(links[value])}">{html(value)}</a></td>'
    return cell(head, value, span)


def _plain(value: Any) -> Any:
    """A value of a figure as a cell holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, str | int | float) else str(value)

"""Series of a chart: their names, their colours, and what tells them apart where colours are not seen."""

from typing import Any

from smeaton.reporting.charts._texts import distinct
from smeaton.reporting.charts._theme import ACCENT, SERIES, WIDTH
from smeaton.reporting.forms import Figure

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2])
_LONGEST = 22  # characters of a name
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def names_of(figure: Figure, column: str = "series") -> list[str]:
    """The names of the series as they are shown, in the order they first appear; none for a single nameless one."""
    found = list(dict.fromkeys(figure.columns.get(column, [])))
    return [] if found in ([], [""]) else distinct(found, _LONGEST)


def shown(figure: Figure, column: str = "series") -> list[str]:
    """The name of each row's series as it is shown; '' for a single nameless one."""
    names = names_of(figure, column)
    values = figure.columns.get(column, [])
    if not names:
        return [""] * len(next(iter(figure.columns.values())))
    place = dict(zip(dict.fromkeys(values), names, strict=True))
    return [place[value] for value in values]


def colours(names: list[str]) -> dict[str, Any]:
    """The colour of each series: the accent for one alone."""
    if len(names) < 2:
        return {"value": ACCENT}
    return _coded(names, [SERIES[place % len(SERIES)] for place in range(len(names))])


def dashes(names: list[str]) -> dict[str, Any]:
    """The dash of each series' line."""
    return {"value": [1, 0]} if len(names) < 2 else _coded(names, [DASHES[i % len(DASHES)] for i in range(len(names))])


def shapes(names: list[str]) -> dict[str, Any]:
    """The shape of each series' points."""
    return {"value": "circle"} if len(names) < 2 else _coded(names, [SHAPES[i % 6] for i in range(len(names))])


def legend(names: list[str]) -> dict[str, Any] | None:
    """A legend above the chart, None for one series alone."""
    if len(names) < 2:
        return None
    columns = _columns(names)
    return {"columns": columns, "labelLimit": WIDTH / columns - 34, "offset": 18}


def legend_rows(names: list[str]) -> int:
    """How many lines the legend takes; a chart grows by them."""
    return 0 if len(names) < 2 else -(-len(names) // _columns(names))


def _columns(names: list[str]) -> int:
    wide = 40 + 7.5 * max(map(len, names))  # pixels of the widest entry, about
    return max(1, min(len(names), int(WIDTH / wide)))


def _coded(names: list[str], values: list[Any]) -> dict[str, Any]:
    scale = {"domain": names, "range": values}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": legend(names)}

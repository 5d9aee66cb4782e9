"""Series of a chart: their names, their colours, and what tells them apart where colours are not seen."""

from typing import Any

from smeaton.report.charts._texts import distinct
from smeaton.report.charts._theme import ACCENT, SERIES
from smeaton.report.forms import Figure

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def names_of(figure: Figure, column: str = "series") -> list[str]:
    """The names of the series as they are shown, in the order they first appear; none for a single nameless one."""
    found = list(dict.fromkeys(figure.columns.get(column, [])))
    return [] if found in ([], [""]) else distinct(found)


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
    longest = max(map(len, names))
    return {"columns": max(1, min(len(names), 46 // (longest + 4))), "labelLimit": 250, "offset": 18}


def _coded(names: list[str], values: list[Any]) -> dict[str, Any]:
    scale = {"domain": names, "range": values}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": legend(names)}

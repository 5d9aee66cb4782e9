"""How many rows lie where on two scales of numbers: a cell for each bin, the stronger the more rows (by logarithm)."""

import math
from typing import Any

from smeaton.reporting.charts._scales import log_ticks
from smeaton.reporting.charts._texts import spoken
from smeaton.reporting.charts._theme import ACCENT, INK
from smeaton.reporting.forms import Figure


class Density:
    """`x` and `x_end`, `y` and `y_end` of each cell, `count` of rows in it (cells without rows left out). Options:
    `domain` of both scales, `diagonal` (where both are the same), `log` (both scales)."""

    columns: tuple[str, ...] = ("x", "x_end", "y", "y_end", "count")
    extra: tuple[str, ...] = ()

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        rows, options = _rows(figure), figure.options
        x, y = axis_of("x", figure.x, options), axis_of("y", figure.y, options)
        most = max((row["weight"] for row in rows), default=1.0)
        opacity = {
            "field": "weight",
            "type": "quantitative",
            "scale": {"domain": [0, most], "range": [0.08, 1]},
            "legend": None,
        }
        cells = {
            "mark": {"type": "rect", "fill": ACCENT, "stroke": None},
            "encoding": {
                "x": x,
                "x2": {"field": "x_end"},
                "y": y,
                "y2": {"field": "y_end"},
                "fillOpacity": opacity,
                "description": {"field": "says"},
            },
        }
        return {"data": {"values": rows}, "layer": [cells, *diagonal(figure, x, y)]}


def axis_of(axis: str, title: str, options: dict[str, Any]) -> dict[str, Any]:
    """An axis of numbers with the domain of both."""
    scale: dict[str, Any] = {"domain": options["domain"], "nice": False} if "domain" in options else {"zero": False}
    form: dict[str, Any] = {"tickCount": 5}
    if options.get("log"):
        scale, form = {**scale, "type": "log"}, {**form, "values": log_ticks(options.get("domain", []))}
    return {"field": axis, "type": "quantitative", "title": title or None, "scale": scale, "axis": form}


def diagonal(figure: Figure, x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    """The line on which both are the same, where it is asked for."""
    options = figure.options
    if not options.get("diagonal") or "domain" not in options:
        return []
    line = {"type": "line", "strokeDash": [4, 3], "strokeWidth": 1.5, "color": INK}
    data = {"values": [{"x": end, "y": end} for end in options["domain"]]}
    return [{"data": data, "mark": line, "encoding": {"x": x, "y": y, "description": {"value": "both are the same"}}}]


def _rows(figure: Figure) -> list[dict[str, Any]]:
    names = ("x", "x_end", "y", "y_end", "count")
    rows = []
    for x, x_end, y, y_end, count in zip(*(figure.columns[name] for name in names), strict=True):
        across, up = (f"{spoken(start)} to {spoken(end)}" for start, end in ((x, x_end), (y, y_end)))
        says = f"{count:,} row{'' if count == 1 else 's'}: {across}, {up}"
        place = {"x": x, "x_end": x_end, "y": y, "y_end": y_end}
        rows.append({**place, "weight": math.log1p(count), "says": says})
    return rows


part = Density()

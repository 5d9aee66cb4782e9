"""How often values occur: a bar for each bin, one series or several on top of each other."""

from typing import Any

from smeaton.reporting.charts._scales import log_ticks
from smeaton.reporting.charts._series import colours, names_of, shown
from smeaton.reporting.charts._texts import spoken
from smeaton.reporting.charts._theme import MUTED
from smeaton.reporting.forms import Figure


class Histogram:
    """`start` and `end` of each bin and `count` of rows in it; `series` names what is stacked. Options: `kind` (`share`
    or `number`) of the values, `log` (bins are as wide as their ratio), `rules`: values to mark, with their names,
    `domain`: the ends of the axis."""

    columns: tuple[str, ...] = ("start", "end", "count")
    extra: tuple[str, ...] = ("series",)

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        kind, log = figure.options.get("kind", "number"), bool(figure.options.get("log"))
        rows, names = _rows(figure, kind), names_of(figure)
        axis: dict[str, Any] = {"grid": False, **({"format": "~%"} if kind == "share" else {})}
        scale: dict[str, Any] = {"type": "log", "nice": False} if log else {"zero": False, "nice": False}
        if "domain" in figure.options:
            scale["domain"] = figure.options["domain"]
        x = {
            "field": "start",
            "type": "quantitative",
            "title": figure.x or None,
            "scale": scale,
            "axis": axis | ({"values": log_ticks([*figure.columns["start"], *figure.columns["end"]])} if log else {}),
        }
        y = {"field": "from", "type": "quantitative", "title": figure.y or None}
        bars = {
            "mark": {"type": "rect", "opacity": 0.85, "stroke": None},
            "encoding": {
                "x": x,
                "x2": {"field": "end"},
                "y": y,
                "y2": {"field": "to"},
                "fill": colours(names),
                "description": {"field": "says"},
            },
        }
        return {"data": {"values": rows}, "layer": [bars, *_rules(figure.options.get("rules", []), kind)]}


def _rows(figure: Figure, kind: str) -> list[dict[str, Any]]:
    columns = figure.columns
    stacked: dict[tuple[float, float], float] = {}
    rows = []
    for start, end, count, one in zip(columns["start"], columns["end"], columns["count"], shown(figure), strict=True):
        below = stacked.get((start, end), 0)
        stacked[start, end] = below + count
        if not count:
            continue
        of = f"{one}, " if one else ""
        says = f"{of}{spoken(start, kind)} to {spoken(end, kind)}: {count:,} row{'' if count == 1 else 's'}"
        place = {"start": start, "end": end, "from": below, "to": below + count}
        rows.append({**place, "series": one, "says": says})
    return rows


def _rules(rules: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = []
    for rule in rules:
        x = {"datum": rule["x"], "type": "quantitative"}
        says = f"{rule['name']}: {spoken(rule['x'], kind)}"
        mark = {"type": "rule", "color": MUTED, "strokeDash": [4, 3], "strokeWidth": 1.5}
        text = {"type": "text", "align": "left", "baseline": "top", "dx": 4, "color": MUTED, "aria": False}
        alone: dict[str, Any] = {"data": {"values": [{}]}}
        layers.append({**alone, "mark": mark, "encoding": {"x": x, "description": {"value": says}}})
        layers.append({**alone, "mark": text, "encoding": {"x": x, "y": {"value": 4}, "text": {"value": rule["name"]}}})
    return layers


part = Histogram()

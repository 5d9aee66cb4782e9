"""Values with upright intervals along a scale of numbers, held against where they should lie: a diagonal or a level.
A point whose interval misses that is marked by colour and shape."""

from typing import Any

from smeaton.reporting.charts._scales import log_ticks
from smeaton.reporting.charts._texts import spoken
from smeaton.reporting.charts._theme import ACCENT, MUTED, WARN
from smeaton.reporting.forms import Figure


class IntervalPoints:
    """`x`, `y` with `low` and `high`; `off` says that a point is not where it should be, `note` is read aloud after the
    numbers. Options: `kind_x` and `kind_y` (`share` or `number`), `diagonal` (y should be x), `level` and `level_name`
    (y should be that), `log_x`, `domain_x` and `domain_y`."""

    columns: tuple[str, ...] = ("x", "y", "low", "high")
    extra: tuple[str, ...] = ("off", "note")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        rows, options = _rows(figure), figure.options
        x, y = _axis("x", figure.x, options, rows), _axis("y", figure.y, options, rows)
        colour = {"field": "c", "type": "nominal", "scale": None}
        line = {
            "mark": {"type": "rule", "strokeWidth": 2, "aria": False},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour},
        }
        point = {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "color": colour,
                "shape": {"field": "s", "type": "nominal", "scale": None},
                "description": {"field": "says"},
            },
        }
        return {"data": {"values": rows}, "layer": [*_guides(figure, rows, x, y), line, point]}


def _rows(figure: Figure) -> list[dict[str, Any]]:
    columns, options = figure.columns, figure.options
    count = len(columns["x"])
    off, notes = columns.get("off", [False] * count), columns.get("note", [""] * count)
    kind_x, kind_y = (options.get(f"kind_{axis}", "number") for axis in "xy")
    rows = []
    for place, (x, y, low, high) in enumerate(zip(*(columns[name] for name in ("x", "y", "low", "high")), strict=True)):
        between = f"{spoken(low, kind_y)} to {spoken(high, kind_y)}"
        note = f"; {notes[place]}" if notes[place] else ""
        says = f"at {spoken(x, kind_x)}: {spoken(y, kind_y)}, {between}{note}"
        colour, shape = (WARN, "diamond") if off[place] else (ACCENT, "circle")
        rows.append({"x": x, "y": y, "low": low, "high": high, "says": says, "c": colour, "s": shape})
    return rows


def _guides(figure: Figure, rows: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    options, level = figure.options, figure.options.get("level")
    dashed = {"strokeDash": [4, 3], "strokeWidth": 1.5, "color": MUTED}
    if options.get("diagonal"):
        ends = options.get("domain_x") or [min(row["x"] for row in rows), max(row["x"] for row in rows)]
        line = {"data": {"values": [{"x": end, "y": end} for end in ends]}, "mark": {"type": "line", **dashed}}
        return [{**line, "encoding": {"x": x, "y": y, "description": {"value": "where points should lie"}}}]
    if level is None:
        return []
    name, kind = options.get("level_name", "wanted"), options.get("kind_y", "number")
    place = {"y": {"datum": level, "type": "quantitative"}, "description": {"value": f"{name}: {spoken(level, kind)}"}}
    text = {"type": "text", "align": "left", "baseline": "bottom", "color": MUTED, "aria": False}
    alone: dict[str, Any] = {"data": {"values": [{}]}}
    return [
        {**alone, "mark": {"type": "rule", **dashed}, "encoding": place},
        {**alone, "mark": text, "encoding": {"x": {"value": 2}, "y": {"value": -3}, "text": {"value": f"- - {name}"}}},
    ]


def _axis(axis: str, title: str, options: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    form: dict[str, Any] = {"tickCount": 5, **({"format": "~%"} if options.get(f"kind_{axis}") == "share" else {})}
    domain = options.get(f"domain_{axis}")
    scale: dict[str, Any] = {"domain": domain, "nice": False} if domain else {"zero": False, "nice": True}
    if options.get(f"log_{axis}"):
        scale, form = {**scale, "type": "log"}, {**form, "values": log_ticks(row[axis] for row in rows)}
    return {"field": axis, "type": "quantitative", "title": title or None, "scale": scale, "axis": form}


part = IntervalPoints()

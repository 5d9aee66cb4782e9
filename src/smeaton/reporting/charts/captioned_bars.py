"""Values with their intervals as bars, each under a line of text that has the width to itself: for long names."""

from typing import Any

from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.charts._theme import ACCENT, INK, WARN, WIDTH
from smeaton.reporting.forms import Figure

_STEP = 36  # pixels a row
_AXIS = 40  # below them
_LONG = 46  # characters that fit the width


class CaptionedBars:
    """`name`, `value`, `low`, `high` (both None: no interval); `note` is written after the name. Options: `kind`
    (`share` or `number`), `warn` (the bars are something bad)."""

    columns: tuple[str, ...] = ("name", "value", "low", "high")
    extra: tuple[str, ...] = ("note",)

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        kind, rows = figure.options.get("kind", "number"), _rows(figure)
        colour = WARN if figure.options.get("warn") else ACCENT
        axis: dict[str, Any] = {"format": "~%"} if kind == "share" else {}
        x = {"field": "value", "type": "quantitative", "title": figure.x or None, "axis": axis, "scale": {"zero": True}}
        scale = {"domain": [0, max(len(rows), 1)], "reverse": True, "nice": False}
        y = {"type": "quantitative", "axis": None, "scale": scale}
        bar = {"type": "rect", "opacity": 0.3, "fill": colour, "stroke": None}
        line = {"type": "rule", "strokeWidth": 2, "color": colour, "aria": False}
        dot = {"type": "point", "filled": True, "size": 55, "opacity": 1, "color": colour}
        text = {"type": "text", "align": "left", "baseline": "middle", "color": INK, "aria": False, "limit": WIDTH}
        said = {"description": {"field": "says"}}
        across = {"x": {**x, "field": "zero"}, "x2": {"field": "value"}}
        ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}}
        layers: list[dict[str, Any]] = [
            {"mark": bar, "encoding": {**across, "y": {**y, "field": "top"}, "y2": {"field": "bottom"}, **said}},
            {
                "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
                "mark": line,
                "encoding": {**ends, "y": {**y, "field": "middle"}},
            },
            {"mark": dot, "encoding": {"x": x, "y": {**y, "field": "middle"}, **said}},
            {"mark": text, "encoding": {"x": {"value": 2}, "y": {**y, "field": "line"}, "text": {"field": "text"}}},
        ]
        return {"data": {"values": rows}, "height": _STEP * len(rows) + _AXIS, "layer": layers}


def _rows(figure: Figure) -> list[dict[str, Any]]:
    columns, kind = figure.columns, figure.options.get("kind", "number")
    notes = columns.get("note", [""] * len(columns["name"]))
    rows = []
    for place, name in enumerate(columns["name"]):
        value, low, high = (columns[part][place] for part in ("value", "low", "high"))
        between = "" if low is None or high is None else f", {spoken(low, kind)} to {spoken(high, kind)}"
        tail = f" ({notes[place]})" if notes[place] else ""
        text = cut(name, max(12, _LONG - len(tail))) + tail
        says = f"{text}: {spoken(value, kind)}{between}"
        places = {"line": place + 0.26, "top": place + 0.52, "middle": place + 0.68, "bottom": place + 0.84, "zero": 0}
        rows.append({**places, "text": text, "value": value, "low": low, "high": high, "says": says})
    return rows


part = CaptionedBars()

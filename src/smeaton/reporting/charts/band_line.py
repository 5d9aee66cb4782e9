"""A line over numbers or moments with a band around it, and a rug of short strokes where the rows are."""

from typing import Any

from smeaton.reporting.charts._texts import spoken
from smeaton.reporting.charts._theme import ACCENT, MUTED
from smeaton.reporting.forms import Figure


class BandLine:
    """`x` in order (numbers, or moments as ISO 8601 where `time` is set), `value`, `low` and `high`. Options: `kind`
    (`number` or `share`), `time`, `rug` (a list of values of x), `rug_name` (what a stroke is)."""

    columns: tuple[str, ...] = ("x", "value", "low", "high")
    extra: tuple[str, ...] = ()

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        kind, timed = figure.options.get("kind", "number"), bool(figure.options.get("time"))
        columns = figure.columns
        rows = [
            {"x": x, "value": value, "low": low, "high": high, "says": _says(figure, x, (value, low, high), kind)}
            for x, value, low, high in zip(*(columns[name] for name in self.columns), strict=True)
        ]
        across: dict[str, Any] = {"field": "x", "type": "temporal" if timed else "quantitative"}
        across["title"] = figure.x or None
        if not timed:
            across["scale"] = {"zero": False, "nice": False}
        up: dict[str, Any] = {
            "field": "value",
            "type": "quantitative",
            "title": figure.y or None,
            "scale": {"zero": False},
        }
        up["axis"] = {"format": "~%"} if kind == "share" else {}
        layers = [_band(across, up), _line(across, up), _dots(across, up)]
        strokes = figure.options.get("rug") or []
        return {"data": {"values": rows}, "layer": layers + ([_rug(across, strokes)] if strokes else [])}


def _says(figure: Figure, x: Any, numbers: tuple[Any, Any, Any], kind: str) -> str:
    value, low, high = (spoken(number, kind) for number in numbers)
    return f"{figure.x} {spoken(x)}: {value}, {low} to {high}"


def _band(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    mark = {"type": "area", "color": ACCENT, "opacity": 0.18, "aria": False}
    return {"mark": mark, "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}}


def _line(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    mark = {"type": "line", "color": ACCENT, "strokeWidth": 2, "aria": False}
    return {"mark": mark, "encoding": {"x": x, "y": y}}


def _dots(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    mark = {"type": "point", "filled": True, "color": ACCENT, "size": 28, "opacity": 1}
    return {"mark": mark, "encoding": {"x": x, "y": y, "description": {"field": "says"}}}


def _rug(x: dict[str, Any], strokes: list[Any]) -> dict[str, Any]:
    mark = {"type": "tick", "orient": "vertical", "size": 8, "color": MUTED, "opacity": 0.6, "aria": False}
    data = {"values": [{"x": stroke} for stroke in strokes]}
    return {"data": data, "mark": {**mark, "y": {"expr": "height - 4"}}, "encoding": {"x": x}}


part = BandLine()

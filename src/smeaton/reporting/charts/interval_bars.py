"""Values with their intervals, one below the other: a dot for the value, a line for its interval, and where `bar` is
set a bar from zero. Cleveland and McGill (1984): a place along one scale is what people read best."""

from typing import Any

from smeaton.reporting.charts._texts import distinct, spoken
from smeaton.reporting.charts._theme import ACCENT, BAD, GOOD, INK, MUTED, WARN
from smeaton.reporting.forms import Figure

#: What a `mood` looks like: its colour, and a shape for those who do not see it.
MOODS = {
    "": (ACCENT, "circle"),
    "good": (GOOD, "triangle-up"),
    "warn": (WARN, "square"),
    "bad": (BAD, "diamond"),
    "muted": (MUTED, "circle"),
}
_STEP, _TALL = 24, 40  # pixels a row
_SHORT, _LONG = 26, 52  # characters of a name
_COLOUR = {"field": "c", "type": "nominal", "scale": None}


class IntervalBars:
    """`name`, `value`, `low`, `high` (both None: no interval). `mood` is a key of `MOODS`; `note` is read aloud after
    the numbers. Options: `kind` (`number` or `share`), `bar` (from zero), `rule` and `rule_name` (a value to compare
    with), `zero` (the scale holds 0; so it does with `bar`), `above` (long names: each on a line of its own above its
    value)."""

    columns: tuple[str, ...] = ("name", "value", "low", "high")
    extra: tuple[str, ...] = ("mood", "note")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        kind = figure.options.get("kind", "number")
        above, rule = bool(figure.options.get("above")), figure.options.get("rule")
        rows = _rows(figure, kind, _LONG if above else _SHORT)
        scale = {"zero": bool(figure.options.get("zero") or figure.options.get("bar")), "nice": True}
        axis: dict[str, Any] = {"format": "~%"} if kind == "share" else {}
        x = {"field": "value", "type": "quantitative", "scale": scale, "title": figure.x or None, "axis": axis}
        y = {
            "field": "name",
            "type": "nominal",
            "sort": [row["name"] for row in rows],
            "title": figure.y or None,
            "axis": None if above else {"labelLimit": 150, "ticks": False, "domain": False},
        }
        layers = [] if rule is None else _rule(rule, figure.options.get("rule_name", ""), kind)
        layers += [_bar(x, y)] if figure.options.get("bar") else []
        layers += [_line(x, y), _dot(x, y), *([_names(y)] if above else [])]
        return {"data": {"values": rows}, "height": {"step": _TALL if above else _STEP}, "layer": layers}


def _rows(figure: Figure, kind: str, most: int) -> list[dict[str, Any]]:
    columns = figure.columns
    count = len(columns["name"])
    moods, notes = columns.get("mood", [""] * count), columns.get("note", [""] * count)
    rows = []
    for place, name in enumerate(distinct(columns["name"], most)):
        value, low, high = (columns[part][place] for part in ("value", "low", "high"))
        between = "" if low is None or high is None else f", {spoken(low, kind)} to {spoken(high, kind)}"
        colour, shape = MOODS[moods[place] or ""]
        says = f"{name}: {spoken(value, kind)}{between}" + (f"; {notes[place]}" if notes[place] else "")
        rows.append({"name": name, "value": value, "low": low, "high": high, "says": says, "c": colour, "s": shape})
    return rows


def _bar(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "mark": {"type": "bar", "height": 12, "opacity": 0.25, "aria": False},
        "encoding": {"x": x, "y": y, "color": _COLOUR},
    }


def _line(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}}
    return {
        "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
        "mark": {"type": "rule", "strokeWidth": 2, "aria": False},
        "encoding": {**ends, "y": y, "color": _COLOUR},
    }


def _dot(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    shape = {"field": "s", "type": "nominal", "scale": None}
    return {
        "transform": [{"filter": "isValid(datum.value)"}],
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": 70},
        "encoding": {"x": x, "y": y, "color": _COLOUR, "shape": shape, "description": {"field": "says"}},
    }


def _names(y: dict[str, Any]) -> dict[str, Any]:
    mark = {"type": "text", "align": "left", "baseline": "bottom", "dy": -7, "color": INK, "aria": False}
    return {"mark": mark, "encoding": {"x": {"value": 2}, "y": y, "text": {"field": "name"}}}


def _rule(value: float, name: str, kind: str) -> list[dict[str, Any]]:
    says = f"{name}: {spoken(value, kind)}" if name else spoken(value, kind)
    x = {"datum": value, "type": "quantitative"}
    line = {"type": "rule", "color": MUTED, "strokeDash": [4, 3], "strokeWidth": 1.5}
    text = {"type": "text", "align": "left", "baseline": "bottom", "dx": -2, "color": MUTED, "aria": False}
    alone: dict[str, Any] = {"data": {"values": [{}]}}
    layers: list[dict[str, Any]] = [{**alone, "mark": line, "encoding": {"x": x, "description": {"value": says}}}]
    if name:
        place = {"x": x, "y": {"value": -2}, "text": {"value": name}}
        layers.append({**alone, "mark": text, "encoding": place})
    return layers


part = IntervalBars()

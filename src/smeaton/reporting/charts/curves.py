"""Lines through points that are given, told apart by colour and dash, with points and places that are marked."""

from typing import Any

from smeaton.reporting.charts._series import colours, dashes, legend_rows, names_of, shown
from smeaton.reporting.charts._texts import spoken
from smeaton.reporting.charts._theme import ACCENT, HEIGHT, INK, MUTED
from smeaton.reporting.forms import Figure

#: What a row is part of: a series' line; a line to compare with; a point that stands out.
LINE, GUIDE, POINT = "line", "guide", "point"
_LINE = 17  # pixels of a line of the legend


class Curves:
    """`x`, `y`; `series` names the line, `mark` is one of line (so it is without one), guide and point, `note` is read
    aloud of a line's first row and of each point. Options: `kind_x` and `kind_y` (`share` or `number`), `step` (the
    value holds for what comes before it), `rules`: places on the x axis to mark, with their names, `domain_x` and
    `domain_y`."""

    columns: tuple[str, ...] = ("x", "y")
    extra: tuple[str, ...] = ("series", "mark", "note")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        options = figure.options
        x, y = _axis("x", figure.x, options), _axis("y", figure.y, options)
        names = _named(figure)
        step = "step-before" if options.get("step") else "linear"
        line = {
            "transform": [_only(LINE)],
            "mark": {"type": "line", "strokeWidth": 2, "interpolate": step},
            "encoding": {
                "x": x,
                "y": y,
                "order": {"field": "order", "type": "quantitative"},
                "color": colours(names),
                "strokeDash": dashes(names),
                "description": {"field": "says"},
            },
        }
        guide = {
            "transform": [_only(GUIDE)],
            "mark": {"type": "line", "strokeWidth": 1.5, "strokeDash": [4, 3], "color": MUTED},
            "encoding": {
                "x": x,
                "y": y,
                "order": {"field": "order", "type": "quantitative"},
                "detail": {"field": "series"},
                "description": {"field": "says"},
            },
        }
        point = {
            "transform": [_only(POINT)],
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1, "stroke": INK, "strokeWidth": 1},
            "encoding": {"x": x, "y": y, "fill": _without_legend(names), "description": {"field": "says"}},
        }
        rules = [layer for rule in options.get("rules", []) for layer in _rule(rule, options.get("kind_x", "number"))]
        high = HEIGHT + _LINE * max(0, legend_rows(names) - 1)
        return {"data": {"values": _rows(figure)}, "height": high, "layer": [guide, *rules, line, point]}


def _named(figure: Figure) -> list[str]:
    """The names of the series that are more than a line to compare with."""
    columns = figure.columns
    marks = columns.get("mark", [LINE] * len(columns["x"]))
    own = dict.fromkeys(name for name, mark in zip(shown(figure), marks, strict=True) if mark != GUIDE)
    return [name for name in names_of(figure) if name in own]


def _without_legend(names: list[str]) -> dict[str, Any]:
    """The colour of a series' point: what the legend says of its line holds for it."""
    found = colours(names)
    return found if "value" in found else {**found, "legend": None}


def _rows(figure: Figure) -> list[dict[str, Any]]:
    columns = figure.columns
    count = len(columns["x"])
    marks, notes = columns.get("mark", [LINE] * count), columns.get("note", [""] * count)
    kinds = [figure.options.get(f"kind_{axis}", "number") for axis in "xy"]
    rows = []
    for place, (x, y, name) in enumerate(zip(columns["x"], columns["y"], shown(figure), strict=True)):
        at = ", ".join(spoken(value, kind) for value, kind in zip((x, y), kinds, strict=True))
        note = notes[place] or (name if marks[place] != POINT else "")
        says = f"{note}: {at}" if marks[place] == POINT and note else note or at
        rows.append({"x": x, "y": y, "order": place, "series": name, "mark": marks[place], "says": says})
    return rows


def _axis(axis: str, title: str, options: dict[str, Any]) -> dict[str, Any]:
    share = options.get(f"kind_{axis}") == "share"
    domain = options.get(f"domain_{axis}")
    scale = {"domain": domain, "nice": False} if domain else {"zero": False, "nice": True}
    form = {"axis": {"format": "~%", "tickCount": 5}} if share else {"axis": {"tickCount": 5}}
    return {"field": axis, "type": "quantitative", "title": title or None, "scale": scale, **form}


def _only(mark: str) -> dict[str, str]:
    return {"filter": f"datum.mark == '{mark}'"}


def _rule(rule: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    x = {"datum": rule["x"], "type": "quantitative"}
    alone: dict[str, Any] = {"data": {"values": [{}]}}
    says = {"value": f"{rule['name']}: {spoken(rule['x'], kind)}"}
    line = {"type": "rule", "color": ACCENT, "strokeDash": [4, 3], "strokeWidth": 1.5}
    text = {"type": "text", "align": "left", "baseline": "bottom", "dx": 2, "color": INK, "aria": False}
    return [
        {**alone, "mark": line, "encoding": {"x": x, "description": says}},
        {**alone, "mark": text, "encoding": {"x": x, "y": {"value": -2}, "text": {"value": rule["name"]}}},
    ]


part = Curves()

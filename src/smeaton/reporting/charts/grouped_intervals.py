"""Several values of each of many names, with their intervals: one below the other, a shape and a colour a series."""

from typing import Any

from smeaton.reporting.charts._series import colours, names_of, shapes, shown
from smeaton.reporting.charts._texts import distinct, spoken
from smeaton.reporting.forms import Figure

_STEP = 10  # pixels of a series within its name


class GroupedIntervals:
    """`name`, `series`, `value` with `low` and `high` (all None: there is no such value); `note` is read aloud after
    the numbers. Options: `kind` (`share` or `number`), `domain`."""

    columns: tuple[str, ...] = ("name", "series", "value", "low", "high")
    extra: tuple[str, ...] = ("note",)

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        kind, domain = figure.options.get("kind", "number"), figure.options.get("domain")
        rows, names = _rows(figure, kind), names_of(figure)
        scale = {"domain": domain, "nice": False} if domain else {"zero": False, "nice": True}
        axis: dict[str, Any] = {"tickCount": 5, **({"format": "~%"} if kind == "share" else {})}
        x = {"field": "value", "type": "quantitative", "scale": scale, "title": figure.x or None, "axis": axis}
        y = {
            "field": "name",
            "type": "nominal",
            "sort": list(dict.fromkeys(row["name"] for row in rows)),
            "title": figure.y or None,
            "axis": {"labelLimit": 140, "ticks": False, "domain": False, "grid": False},
            "scale": {"paddingInner": 0.3},
        }
        beside = {"field": "series", "type": "nominal", "sort": names}
        line = {
            "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
            "mark": {"type": "rule", "strokeWidth": 2, "aria": False},
            "encoding": {
                "x": {**x, "field": "low"},
                "x2": {"field": "high"},
                "y": y,
                "yOffset": beside,
                "color": colours(names),
            },
        }
        dot = {
            "transform": [{"filter": "isValid(datum.value)"}],
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 55},
            "encoding": {
                "x": x,
                "y": y,
                "yOffset": beside,
                "color": colours(names),
                "shape": shapes(names),
                "description": {"field": "says"},
            },
        }
        return {"data": {"values": rows}, "height": {"step": _STEP, "for": "offset"}, "layer": [line, dot]}


def _rows(figure: Figure, kind: str) -> list[dict[str, Any]]:
    columns = figure.columns
    every = list(dict.fromkeys(columns["name"]))
    called = dict(zip(every, distinct(every, 28), strict=True))
    notes = columns.get("note", [""] * len(columns["name"]))
    rows = []
    for place, (name, series) in enumerate(zip(columns["name"], shown(figure), strict=True)):
        value, low, high = (columns[part][place] for part in ("value", "low", "high"))
        between = "" if low is None or high is None else f", {spoken(low, kind)} to {spoken(high, kind)}"
        note = f"; {notes[place]}" if notes[place] else ""
        says = f"{called[name]}, {series}: {spoken(value, kind)}{between}{note}"
        rows.append({"name": called[name], "series": series, "value": value, "low": low, "high": high, "says": says})
    return rows


part = GroupedIntervals()

"""Quality against what it costs: a point for each solution, those that nothing beats in both joined to the front.

Better is always further up and further left, so a value where lower is better stands on a turned axis.
"""

import math
from collections.abc import Sequence
from typing import Any

from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.charts._theme import ACCENT, HEIGHT, INK, MUTED
from smeaton.reporting.forms import Figure

#: What a `kind` looks like: its colour, shape, size in square pixels, and whether it is filled.
KINDS = {
    "chosen": (ACCENT, "diamond", 170, True),
    "front": (INK, "circle", 80, True),
    "": (MUTED, "circle", 50, False),
}
_NEAR = (0.35, 0.07)  # labels nearer than these shares of width and height would cover each other
_NAMED = 8  # points of which all get a name
_MARKS = 5  # of a logarithmic scale
_RIGHT = 0.55  # from this share of the width on a label stands to the left of its point


class Pareto:
    """`x`, `y`, `name`, `kind` (a key of `KINDS`), `front` (whether it is on the line). `low` and `high` are the ends
    of an interval around `y`, `key` the candidate's key: a point links to `#candidate-KEY`. `note` is read aloud after
    the numbers. Options: `log` (the horizontal scale), `flip` (lower values are better), `kind` (`number` or `share`).
    """

    columns: tuple[str, ...] = ("x", "y", "name", "kind", "front")
    extra: tuple[str, ...] = ("low", "high", "key", "note")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        rows = _rows(figure)
        share = figure.options.get("kind") == "share"
        scale_x = {"type": "log"} if figure.options.get("log") else {"zero": False, "nice": True}
        scale_y = {"zero": False, "nice": True, "reverse": bool(figure.options.get("flip"))}
        axis_x: dict[str, Any] = {"tickCount": 4}
        if figure.options.get("log"):
            axis_x |= {"values": _ticks([row["x"] for row in rows]), "format": ",~f"}
        axis_y = {"tickCount": 5} | ({"format": "~%"} if share else {})
        x = {"field": "x", "type": "quantitative", "scale": scale_x, "title": figure.x or None, "axis": axis_x}
        y = {"field": "y", "type": "quantitative", "scale": scale_y, "title": figure.y or None, "axis": axis_y}
        layers = [_whiskers(x, y), _front(rows, x, y), _points(x, y), _labels(rows, x, y)]
        return {"data": {"values": rows}, "height": HEIGHT, "layer": [layer for layer in layers if layer]}


def _rows(figure: Figure) -> list[dict[str, Any]]:
    columns, share = figure.columns, figure.options.get("kind", "number")
    count = len(columns["x"])
    empty: list[Any] = [None] * count
    lows, highs = columns.get("low", empty), columns.get("high", empty)
    keys, notes = columns.get("key", [""] * count), columns.get("note", [""] * count)
    rows = []
    for place in range(count):
        x, y, kind = columns["x"][place], columns["y"][place], columns["kind"][place]
        colour, shape, size, filled = KINDS[kind]
        says = f"{cut(columns['name'][place], 60)}: {spoken(y, share)}"
        if lows[place] is not None and highs[place] is not None:
            says += f" ({spoken(lows[place], share)} to {spoken(highs[place], share)})"
        says += f", {figure.x or 'cost'} {spoken(x)}" + (f"; {notes[place]}" if notes[place] else "")
        rows.append(
            {
                "x": x,
                "y": y,
                "low": lows[place],
                "high": highs[place],
                "name": cut(columns["name"][place], 24),
                "kind": kind,
                "front": bool(columns["front"][place]),
                "c": colour,
                "s": shape,
                "size": size,
                "fill": colour if filled else "transparent",
                "link": f"#candidate-{keys[place]}" if keys[place] else None,
                "says": says,
            }
        )
    return rows


def _points(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    """Points, those that matter drawn last."""
    encoding = {
        "x": x,
        "y": y,
        "stroke": {"field": "c", "type": "nominal", "scale": None},
        "fill": {"field": "fill", "type": "nominal", "scale": None},
        "shape": {"field": "s", "type": "nominal", "scale": None},
        "size": {"field": "size", "type": "quantitative", "scale": None},
        "href": {"field": "link"},
        "description": {"field": "says"},
        "order": {"field": "size"},
    }
    return {"mark": {"type": "point", "opacity": 1, "strokeWidth": 1.5}, "encoding": encoding}


def _whiskers(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
        "mark": {"type": "rule", "opacity": 0.35, "strokeWidth": 1.5, "aria": False},
        "encoding": {
            "x": x,
            "y": {**y, "field": "low"},
            "y2": {"field": "high"},
            "color": {"field": "c", "type": "nominal", "scale": None},
        },
    }


def _front(rows: Sequence[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    """The best quality to be had for at most so much, as a line of steps; {} for fewer than two points."""
    if sum(row["front"] for row in rows) < 2:
        return {}
    return {
        "transform": [{"filter": "datum.front"}],
        "mark": {"type": "line", "interpolate": "step-after", "color": INK, "strokeWidth": 1.5, "strokeDash": [5, 3],
                 "aria": False},
        "encoding": {"x": x, "y": y, "order": {"field": "x"}},
    }  # fmt: skip


def _labels(rows: Sequence[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    """Names beside points as far as none covers another: the chosen one first, then the front, the others if few."""
    places = dict(zip(map(id, rows), _spots(rows, x["scale"].get("type") == "log"), strict=True))
    shown: list[dict[str, Any]] = []
    able = [row for row in rows if row["kind"] or len(rows) <= _NAMED]
    for row in sorted(able, key=lambda row: ("chosen", "front", "").index(row["kind"])):
        across, up = places[id(row)]
        taken = [places[id(other)] for other in shown]
        if all(abs(across - other[0]) > _NEAR[0] or abs(up - other[1]) > _NEAR[1] for other in taken):
            shown.append(row)
    layers = []
    for align, dx, left in (("left", 6, True), ("right", -6, False)):
        some = [
            {key: row[key] for key in ("x", "y", "name", "c")}
            for row in shown
            if (places[id(row)][0] < _RIGHT) is left
        ]  # fmt: skip
        if some:
            layers.append(
                {
                    "data": {"values": some},
                    "mark": {"type": "text", "align": align, "dx": dx, "baseline": "bottom", "dy": -4, "aria": False},
                    "encoding": {
                        "x": x,
                        "y": y,
                        "text": {"field": "name"},
                        "color": {"field": "c", "type": "nominal", "scale": None},
                    },
                }
            )
    return {"layer": layers} if layers else {}


def _ticks(values: Sequence[float]) -> list[float]:
    """Where a logarithmic scale is marked: at 1, 2 and 5 of each power of ten where five marks do, else at fewer."""
    low, high = math.log10(min(values)), math.log10(max(values))
    powers = range(math.floor(low), math.ceil(high) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        marks = [step * 10.0**power for power in powers for step in steps]
        marks = [mark for mark in marks if low - 0.1 <= math.log10(mark) <= high + 0.1]
        if len(marks) <= _MARKS:
            return marks
    return marks[:: 1 + len(marks) // _MARKS]


def _spots(rows: Sequence[dict[str, Any]], log: bool) -> list[tuple[float, float]]:
    """Where the points stand, as shares of width and height."""
    xs = [math.log(row["x"]) if log else row["x"] for row in rows]
    ys = [row["y"] for row in rows]
    ends = [value for row in rows for value in (row["low"], row["high"], row["y"]) if value is not None]
    return list(zip(_shares(xs, xs), _shares(ys, ends), strict=True))


def _shares(values: Sequence[float], ends: Sequence[float]) -> list[float]:
    low, high = min(ends, default=0.0), max(ends, default=0.0)
    return [(value - low) / (high - low) if high > low else 0.5 for value in values]


part = Pareto()

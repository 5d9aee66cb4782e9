"""Two values of each line with what lies between them: how far apart they are is what the eye sees first."""

from typing import Any

from smeaton.reporting.charts._texts import cut, distinct, spoken
from smeaton.reporting.charts._theme import ACCENT, MUTED
from smeaton.reporting.forms import Figure

_STEP = 22


class Dumbbells:
    """`name` of each line, its two values `start` and `end`. `note` is read aloud after the numbers. Options: `kind`
    (`number` or `share`), `start_name` and `end_name` (what the values are)."""

    columns: tuple[str, ...] = ("name", "start", "end")
    extra: tuple[str, ...] = ("note",)

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        options, columns = figure.options, figure.columns
        kind = str(options.get("kind", "number"))
        start, end = (str(options.get(f"{side}_name", side)) for side in ("start", "end"))
        names = distinct(columns["name"], 40)
        notes = columns.get("note", [""] * len(names))
        rows = []
        for name, one, two, note in zip(names, columns["start"], columns["end"], notes, strict=True):
            says = f"{name}: {start} {spoken(one, kind)}, {end} {spoken(two, kind)}"
            rows.append({"name": name, "a": one, "b": two, "says": says + (f"; {cut(note, 160)}" if note else "")})
        axis: dict[str, Any] = {"format": "~%"} if kind == "share" else {}
        scale: dict[str, Any] = {"zero": kind == "share"}
        x = {"field": "a", "type": "quantitative", "title": figure.x or None, "axis": axis, "scale": scale}
        y: dict[str, Any] = {"field": "name", "type": "nominal", "sort": names, "title": figure.y or None}
        y["axis"] = {"labelLimit": 190, "ticks": False, "domain": False, "labelOverlap": False}
        ends = {"domain": [start, end], "range": [MUTED, ACCENT]}
        shapes = {"domain": [start, end], "range": ["circle", "diamond"]}
        legend = {"columns": 1 if len(start) + len(end) + max(map(len, names), default=0) > 45 else 2}
        dots = [
            {
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 65},
                "encoding": {
                    "x": {**x, "field": field},
                    "y": y,
                    "color": {"datum": side, "type": "nominal", "scale": ends, "legend": legend},
                    "shape": {"datum": side, "type": "nominal", "scale": shapes, "legend": legend},
                    "description": {"field": "says"},
                },
            }
            for field, side in (("a", start), ("b", end))
        ]
        line = {
            "mark": {"type": "rule", "strokeWidth": 2, "color": MUTED, "opacity": 0.5, "aria": False},
            "encoding": {"x": x, "x2": {"field": "b"}, "y": y},
        }
        return {"data": {"values": rows}, "height": {"step": _STEP}, "layer": [line, *dots]}


part = Dumbbells()

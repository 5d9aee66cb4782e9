"""Which columns are missing together: each line is one pattern of missing values, the commonest first."""

from typing import Any

from smeaton.reporting.charts._texts import distinct, spoken
from smeaton.reporting.charts._theme import FAINT, WARN
from smeaton.reporting.forms import Figure

_STEP, _WIDE = 20, 26  # pixels of a line, and at most of a column


class Patterns:
    """One row is one cell: `pattern` is the number of its line (from 1, the commonest first), `rows` how many rows are
    like that and `share` which share of all, `column` the column, `missing` whether it is missing in them. Columns
    stand in the order in which they first occur."""

    columns: tuple[str, ...] = ("pattern", "rows", "share", "column", "missing")
    extra: tuple[str, ...] = ()

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        columns = figure.columns
        order = list(dict.fromkeys(columns["column"]))
        shown = dict(zip(order, distinct(order, 24), strict=True))
        lines = {
            number: f"{spoken(share, 'share')}, {rows:,} rows"
            for number, rows, share in zip(columns["pattern"], columns["rows"], columns["share"], strict=True)
        }
        names = dict(zip(lines, distinct(list(lines.values())), strict=True))
        data = [
            {
                "x": shown[column],
                "y": names[number],
                "c": WARN if missing else "transparent",
                "says": f"{shown[column]} is {'missing' if missing else 'there'} in {lines[number]}",
            }
            for number, column, missing in zip(columns["pattern"], columns["column"], columns["missing"], strict=True)
        ]
        axis = {"orient": "top", "labelAngle": -40, "labelOverlap": False, "domain": False, "labelLimit": 150}
        x = {"field": "x", "type": "nominal", "sort": list(shown.values()), "title": figure.x or None, "axis": axis}
        y = {"field": "y", "type": "nominal", "sort": list(names.values()), "title": figure.y or None}
        colour = {"field": "c", "type": "nominal", "scale": None}
        return {
            "data": {"values": data},
            "width": {"step": min(_WIDE, max(12, 260 // max(1, len(order))))},
            "height": {"step": _STEP},
            "mark": {"type": "rect", "stroke": FAINT, "strokeWidth": 1, "cornerRadius": 2},
            "encoding": {"x": x, "y": y, "color": colour, "description": {"field": "says"}},
        }


part = Patterns()

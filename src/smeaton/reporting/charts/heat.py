"""A table of shares as colours: the stronger a cell, the larger its share. Cells where row and column agree and those
where they do not have colours of their own, so that mistakes stand out; few cells have their number written in them."""

from typing import Any

from smeaton.reporting.charts._texts import distinct, spoken
from smeaton.reporting.charts._theme import ACCENT, INK, WARN, WIDTH
from smeaton.reporting.forms import Figure

_STRONGEST = 0.6  # opacity: what is written in a cell can be read on it
_WRITTEN = 12  # labels up to which numbers are written
_CELL = 26  # the least pixels of a cell
_MOST_PIXELS = 48
_LIMIT = 110  # pixels of a label


class Heat:
    """`row`, `column` (texts, in the order they first appear) and `value`, a share. `count` is written and read aloud,
    `note` is read aloud after it. Options: `agree` (cells of the same row and column are right, the others wrong)."""

    columns: tuple[str, ...] = ("row", "column", "value")
    extra: tuple[str, ...] = ("count", "note")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        rows = _rows(figure)
        downs, acrosses = (list(dict.fromkeys(row[part] for row in rows)) for part in ("row", "column"))
        wide = max(WIDTH, _LIMIT + _CELL * len(acrosses))
        cell = min(_MOST_PIXELS, max(_CELL, 260 // max(len(downs), 1)))
        axis = {"labelLimit": _LIMIT, "ticks": False, "domain": False, "grid": False}
        angle = 0 if len(acrosses) <= 3 else -40 if len(acrosses) <= _WRITTEN else -90
        turned = {"labelAngle": angle, "labelOverlap": False}
        x = {"field": "column", "type": "nominal", "sort": acrosses, "title": figure.x or None, "axis": axis | turned}
        y = {"field": "row", "type": "nominal", "sort": downs, "title": figure.y or None, "axis": axis}
        layers = [_cells(x, y)]
        if "count" in figure.columns and len(acrosses) <= _WRITTEN:
            layers.append(_numbers(x, y))
        below = 44 if len(acrosses) <= 3 else _LIMIT
        return {"data": {"values": rows}, "width": wide, "height": cell * len(downs) + below, "layer": layers}


def _rows(figure: Figure) -> list[dict[str, Any]]:
    columns, agree = figure.columns, bool(figure.options.get("agree"))
    every = list(dict.fromkeys([*columns["row"], *columns["column"]]))
    shown = dict(zip(every, distinct(every, 22), strict=True))
    blank = [None] * len(columns["row"])
    counts, notes = columns.get("count", blank), columns.get("note", blank)
    rows = []
    for down, across, value, count, note in zip(
        columns["row"], columns["column"], columns["value"], counts, notes, strict=True
    ):
        rows.append(
            {
                "row": shown[down],
                "column": shown[across],
                "value": 0.0 if value is None else value,
                "count": "" if not count else f"{count:,}",
                "c": ACCENT if not agree or down == across else WARN,
                "says": f"{shown[down]}, {shown[across]}: {spoken(value, 'share')}{f'; {note}' if note else ''}",
            }
        )
    return rows


def _cells(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    opacity = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": [0.03, _STRONGEST]},
        "legend": None,
    }
    colour = {"field": "c", "type": "nominal", "scale": None}
    return {
        "mark": {"type": "rect", "cornerRadius": 3},
        "encoding": {"x": x, "y": y, "fill": colour, "fillOpacity": opacity, "description": {"field": "says"}},
    }


def _numbers(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "mark": {"type": "text", "color": INK, "aria": False, "fontSize": 11},
        "encoding": {"x": x, "y": y, "text": {"field": "count", "type": "nominal"}},
    }


part = Heat()

"""How values spread along a scale of numbers: the middle as a line, the middle half and most of them as bands."""

from typing import Any

from smeaton.reporting.charts._scales import log_ticks
from smeaton.reporting.charts._texts import spoken
from smeaton.reporting.charts._theme import ACCENT, MUTED
from smeaton.reporting.forms import Figure


class Fan:
    """`x` and, for what lies near it, the `middle` with `low` and `high` of the middle half; `lowest` and `highest` are
    the ends of a wider band, `count` the rows. Options: `level` (where values should lie), `log_x`, `log_y`."""

    columns: tuple[str, ...] = ("x", "middle", "low", "high")
    extra: tuple[str, ...] = ("lowest", "highest", "count")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        options = figure.options
        columns = [column for name, column in figure.columns.items() if name not in ("x", "count")]
        x = _axis("x", figure.x, figure.columns["x"] if options.get("log_x") else None)
        y = _axis(
            "middle", figure.y, [value for column in columns for value in column] if options.get("log_y") else None
        )
        layers = []
        for low, high, opacity in (("lowest", "highest", 0.14), ("low", "high", 0.28)):
            if low in figure.columns:
                band = {"x": x, "y": {**y, "field": low}, "y2": {"field": high}}
                mark = {"type": "area", "color": ACCENT, "opacity": opacity, "aria": False}
                layers.append({"mark": mark, "encoding": band})
        if "level" in options:
            rule = {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5, "color": MUTED, "aria": False}
            place = {"y": {"datum": options["level"], "type": "quantitative"}}
            layers.append({"data": {"values": [{}]}, "mark": rule, "encoding": place})
        line = {"type": "line", "color": ACCENT, "strokeWidth": 2, "aria": False}
        point = {"type": "point", "color": ACCENT, "filled": True, "size": 30, "opacity": 1}
        layers.append({"mark": line, "encoding": {"x": x, "y": y}})
        layers.append({"mark": point, "encoding": {"x": x, "y": y, "description": {"field": "says"}}})
        return {"data": {"values": _rows(figure)}, "layer": layers}


def _axis(field: str, title: str, log: list[float] | None) -> dict[str, Any]:
    """`log` are the values of a logarithmic scale."""
    scale: dict[str, Any] = {"zero": False, "nice": False} if log is None else {"type": "log", "nice": False}
    axis: dict[str, Any] = {"tickCount": 5} if log is None else {"values": log_ticks(log)}
    return {"field": field, "type": "quantitative", "title": title or None, "scale": scale, "axis": axis}


def _rows(figure: Figure) -> list[dict[str, Any]]:
    columns = figure.columns
    rows = []
    for place, x in enumerate(columns["x"]):
        row = {name: column[place] for name, column in columns.items()}
        count = f"; {row['count']:,} rows" if "count" in row else ""
        half = f"half lie within {spoken(row['low'])} to {spoken(row['high'])}"
        rows.append({**row, "says": f"at {spoken(x)}: middle {spoken(row['middle'])}, {half}{count}"})
    return rows


part = Fan()

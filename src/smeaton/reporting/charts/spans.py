"""Which rows go into which part: one line for each fold, its parts as stretches along time or along the rows."""

from typing import Any

from smeaton.reporting.charts._texts import distinct
from smeaton.reporting.charts._theme import ACCENT, FAINT, INK, MUTED, SERIES
from smeaton.reporting.forms import Figure

#: What is done with a part: its name, its colour, and how thick it is, for those who do not see the colour.
PARTS = {
    "train": ("fitted on", MUTED, 7),
    "stop": ("stopped on", SERIES[4], 11),
    "held": ("held out", ACCENT, 15),
    "test": ("sealed test", INK, 3),
    "unused": ("not used", FAINT, 2),
}
_STEP = 26


class Spans:
    """One row is one stretch: `line` is the line it lies on, `part` a key of `PARTS`, `start` and `end` where it lies,
    `rows` how many rows it holds. Option `time`: both are seconds since 1970 (UTC)."""

    columns: tuple[str, ...] = ("line", "part", "start", "end", "rows")
    extra: tuple[str, ...] = ()

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        columns, time = figure.columns, bool(figure.options.get("time"))
        order = list(dict.fromkeys(columns["line"]))
        names = dict(zip(order, distinct(order), strict=True))
        data = [
            {
                "line": names[line],
                "part": PARTS[part][0],
                "start": start * 1_000 if time else start,
                "end": end * 1_000 if time else end,
                "says": f"{names[line]}: {PARTS[part][0]}, {rows:,} rows",
            }
            for line, part, start, end, rows in zip(*(columns[name] for name in self.columns), strict=True)
        ]
        used = [part for part in PARTS if part in set(columns["part"])]
        scale: dict[str, Any] = {"type": "utc", "nice": False} if time else {"nice": False, "zero": False}
        kind = "temporal" if time else "quantitative"
        x = {"field": "start", "type": kind, "scale": scale, "title": figure.x or None, "axis": {"grid": False}}
        y = {"field": "line", "type": "nominal", "sort": list(names.values()), "title": figure.y or None}
        domain = {"domain": [PARTS[part][0] for part in used], "range": [PARTS[part][1] for part in used]}
        legend = {"symbolType": "square", "columns": 3 if len(used) > 4 else 2}
        colour = {"field": "part", "type": "nominal", "scale": domain, "legend": legend}
        encoding = {"x": x, "x2": {"field": "end"}, "y": y, "color": colour, "description": {"field": "says"}}
        layers = [
            {
                "transform": [{"filter": {"field": "part", "equal": PARTS[part][0]}}],
                "mark": {"type": "bar", "height": PARTS[part][2], "cornerRadius": 0, "minBandSize": 1},
                "encoding": encoding,
            }
            for part in used
        ]
        return {"data": {"values": data}, "height": {"step": _STEP}, "layer": layers}


part = Spans()

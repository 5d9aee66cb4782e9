"""Amounts as bars from zero, each put together of parts: what takes how much, and what it was for."""

from typing import Any

from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.charts._theme import ACCENT, BAD, INK, MUTED, SERIES, WARN
from smeaton.reporting.forms import Figure

#: Colours of parts by what they mean; others get those of `SERIES` in order.
MEANINGS = {"accent": ACCENT, "muted": MUTED, "warn": WARN, "bad": BAD}
_STEP = 24  # pixels a bar


class StackedBars:
    """`name` (of a bar; equal ones are one bar, in the order of their first appearance), `value` (0 or more), `part`
    (the same in each bar, in the order of `parts`). `note` is read aloud. Options: `parts` (each part's name with a key
    of `MEANINGS`, or '' ), `unit` (words after a number)."""

    columns: tuple[str, ...] = ("name", "value", "part")
    extra: tuple[str, ...] = ("note",)

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        parts: dict[str, str] = figure.options.get("parts") or dict.fromkeys(figure.columns["part"], "")
        spare = iter(SERIES * (1 + len(parts) // len(SERIES)))
        colours = [MEANINGS[meaning] if meaning else next(spare) for meaning in parts.values()]
        rows = _rows(figure, list(parts))
        bars = list(dict.fromkeys(row["name"] for row in rows))
        y = {"field": "name", "type": "nominal", "sort": bars, "title": figure.y or None,
             "axis": {"labelLimit": 160, "ticks": False, "domain": False}}  # fmt: skip
        x = {"field": "value", "type": "quantitative", "title": figure.x or None, "axis": {"tickCount": 5}}
        colour = {"field": "part", "type": "nominal", "title": None,
                  "scale": {"domain": list(parts), "range": colours}}  # fmt: skip
        stacked = {
            "mark": {"type": "bar", "height": 14},
            "encoding": {"x": {**x, "stack": "zero"}, "y": y, "color": colour, "order": {"field": "place"},
                         "description": {"field": "says"}},
        }  # fmt: skip
        totals = [
            {"name": bar, "value": total, "text": f"{total:,.0f}" if total >= 100 else f"{total:.3g}"}
            for bar in bars
            if (total := sum(row["value"] for row in rows if row["name"] == bar)) > 0
        ]
        ends = {
            "data": {"values": totals},
            "mark": {"type": "text", "align": "left", "dx": 5, "color": INK, "aria": False},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        }
        return {"data": {"values": rows}, "height": {"step": _STEP}, "layer": [stacked, ends]}


def _rows(figure: Figure, parts: list[str]) -> list[dict[str, Any]]:
    columns = figure.columns
    notes, unit = columns.get("note", [""] * len(columns["name"])), figure.options.get("unit", "")
    known: dict[str, str] = {}  # cut only once told apart: two long names must not become one bar
    for name in columns["name"]:
        short = cut(name, 30)
        known.setdefault(name, short if short not in known.values() else f"{cut(name, 25)} ({len(known) + 1})")
    return [
        {"name": known[name], "value": value, "part": part, "place": parts.index(part),
         "says": f"{known[name]}, {part}: {spoken(value)} {unit}".rstrip() + (f"; {note}" if note else "")}
        for name, value, part, note in zip(columns["name"], columns["value"], columns["part"], notes, strict=True)
    ]  # fmt: skip


part = StackedBars()

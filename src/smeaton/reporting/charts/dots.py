"""A dot for each row on two scales of numbers."""

from typing import Any

from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.charts._theme import ACCENT
from smeaton.reporting.charts.density import axis_of, diagonal
from smeaton.reporting.forms import Figure


class Dots:
    """`x` and `y` of each row; `note` is read aloud before the numbers. Options: as in `density`."""

    columns: tuple[str, ...] = ("x", "y")
    extra: tuple[str, ...] = ("note",)

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        columns = figure.columns
        notes = columns.get("note", [""] * len(columns["x"]))
        rows = []
        for across, up, note in zip(columns["x"], columns["y"], notes, strict=True):
            said = f"{cut(note, 60)}: " if note else ""
            rows.append({"x": across, "y": up, "says": f"{said}{spoken(across)}, {spoken(up)}"})
        x, y = axis_of("x", figure.x, figure.options), axis_of("y", figure.y, figure.options)
        dots = {
            "mark": {"type": "point", "filled": True, "size": 28, "opacity": 0.55, "color": ACCENT},
            "encoding": {"x": x, "y": y, "description": {"field": "says"}},
        }
        return {"data": {"values": rows}, "layer": [*diagonal(figure, x, y), dots]}


part = Dots()

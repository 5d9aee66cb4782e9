"""Where the cells of small multiples stand, and their bars within them, in pixels."""

from dataclasses import dataclass
from typing import Any

from smeaton.reporting.forms import Figure

GAP = 14  #: between cells
CAPTION = 26  #: above the bars of a cell: its name and its note
_BELOW = 16
_HIGH, _WIDE = 62, 110  # of the bars of a cell among others, and of one that has the width to itself
_STEP = 21  # pixels a value takes: a line of text, and its bar below
_LINE, _THICK = 7, 5  # where the text lies, and how high the bar is


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its left upper corner, its size, its bars as rows of the figure. `top` is the largest size of a bar,
    `means` the ends of the scale of the means."""

    name: str
    x: float
    y: float
    width: float
    high: float
    bars: tuple[dict[str, Any], ...]
    top: float
    means: tuple[float, float]
    strong: bool

    @property
    def bottom(self) -> float:
        """Where the bars stand on."""
        return self.y + CAPTION + self.high

    @property
    def height(self) -> float:
        """Of the whole cell."""
        return CAPTION + self.high + _BELOW

    def line(self, bar: dict[str, Any]) -> float:
        """The height at which the text of a value lies."""
        return self.y + CAPTION + int(bar["place"]) * _STEP + _LINE

    def box(self, bar: dict[str, Any]) -> dict[str, float]:
        """The bar as a rectangle."""
        if bar["low"] is None:
            y = self._middle(bar)
            return {"x": self.x, "x2": self.x + self._long(bar["size"]), "y": y - _THICK / 2, "y2": y + _THICK / 2}
        left, right = self._along(bar)
        room = min(1.0, 0.1 * (right - left))
        return {"x": left + room, "x2": right - room, "y": self.bottom - self._tall(bar["size"]), "y2": self.bottom}

    def edge(self, bar: dict[str, Any]) -> dict[str, float]:
        """A line where the bar would end with its other size."""
        if bar["low"] is None:
            x, y = self.x + self._long(bar["other"]), self._middle(bar)
            return {"x": x, "x2": x, "y": y - _THICK, "y2": y + _THICK}
        left, right = self._along(bar)
        y = self.bottom - self._tall(bar["other"])
        return {"x": left, "x2": right, "y": y, "y2": y}

    def dot(self, bar: dict[str, Any]) -> tuple[float, float, dict[str, float] | None]:
        """Where the mean of a bar lies, and the line of its interval."""
        low, high = bar.get("mean_low"), bar.get("mean_high")
        if bar["low"] is None:
            y = self._middle(bar)
            x, one, two = (self.x + self._level(value) * self.width for value in (bar["mean"], low, high))
            return x, y, None if low is None else {"x": one, "x2": two, "y": y, "y2": y}
        x = sum(self._along(bar)) / 2
        y, one, two = (self.bottom - self._level(value) * self.high for value in (bar["mean"], low, high))
        return x, y, None if low is None else {"x": x, "x2": x, "y": one, "y2": two}

    def _middle(self, bar: dict[str, Any]) -> float:
        return self.line(bar) + _LINE + _THICK - 1.5

    def _along(self, bar: dict[str, Any]) -> tuple[float, float]:
        """Both ends of a bar along the cell."""
        first, last = self.bars[0]["low"], self.bars[-1]["high"]
        left, right = (self.x + self.width * _share(bar[end], first, last) for end in ("low", "high"))
        return left, right

    def _long(self, size: float) -> float:
        return self.width * min(1.0, size / self.top) if self.top else 0.0

    def _tall(self, size: float) -> float:
        return self.high * min(1.0, size / self.top) if self.top else 0.0

    def _level(self, value: float | None) -> float:
        return 0.0 if value is None else min(1.0, max(0.0, _share(value, *self.means)))


def cells_of(figure: Figure, width: int, top: float) -> list[Cell]:
    """The cells of a figure in the order in which they first occur, `top` pixels below the upper edge."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for values in zip(*figure.columns.values(), strict=True):
        bar = dict(zip(figure.columns, values, strict=True))
        group = groups.setdefault(bar["cell"], [])
        group.append({**bar, "place": len(group)})
    across = min(max(1, len(groups)), int(figure.options.get("across", 3)))
    wide = (width - GAP * (across - 1)) / across
    sizes = {name: _largest(bars) for name, bars in groups.items()}
    means = figure.options.get("means") or (0.0, 1.0)
    whole = float(figure.options.get("top") or max(sizes.values(), default=0.0))
    found: list[Cell] = []
    names, y = list(groups), top
    for start in range(0, len(names), across):
        row = names[start : start + across]
        high = max(_room(groups[name], across) for name in row)
        for place, name in enumerate(row):
            found.append(
                Cell(
                    name=name,
                    x=place * (wide + GAP),
                    y=y,
                    width=wide,
                    high=high,
                    bars=tuple(groups[name]),
                    top=whole if figure.options.get("together") else sizes[name],
                    means=(float(means[0]), float(means[1])),
                    strong=name in figure.options.get("strong", ()),
                )
            )
        y = found[-1].y + found[-1].height + GAP / 2
    return found


def _share(value: float, low: float, high: float) -> float:
    """How far a value lies between two others. Halves, for the difference of two large numbers may overflow."""
    return (value / 2 - low / 2) / ((high / 2 - low / 2) or 1.0)


def _largest(bars: list[dict[str, Any]]) -> float:
    return max(max(float(bar["size"]), float(bar.get("other") or 0.0)) for bar in bars)


def _room(bars: list[dict[str, Any]], across: int) -> float:
    """How high the bars of a cell stand."""
    if bars[0]["low"] is None:
        return _STEP * len(bars)
    return _HIGH if across > 1 else _WIDE

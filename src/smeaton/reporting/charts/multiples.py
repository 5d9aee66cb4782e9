"""Small multiples (Tufte 1983): many columns side by side, each a histogram or its commonest values, in one view.

The cells are placed here and drawn as one view on a grid of pixels: Vega-Lite's own facets have scales and axes each,
which cost about ten times as much as what is in a cell.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from smeaton.reporting.charts._cells import CAPTION, Cell, cells_of
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.charts._theme import ACCENT, FONT, GRID, INK, MUTED, WIDTH
from smeaton.reporting.forms import Figure

_SMALL = FONT - 1.5
_LEGEND = 18
#: How wide a letter is on average, in sizes of its font, and how much more room Vega may give a text before it cuts it
#: too: it takes letters for wider than pages draw them.
_LETTER, _SPARE = 0.55, 1.5
#: The scales of a view whose data are pixels.
_X: dict[str, Any] = {"field": "x", "type": "quantitative", "scale": None, "axis": None}
_Y: dict[str, Any] = {"field": "y", "type": "quantitative", "scale": None, "axis": None}
_DOT: dict[str, Any] = {"type": "point", "filled": True, "color": ACCENT, "opacity": 1, "size": 26}
_SAYS = {"field": "says", "type": "nominal"}


class Multiples:
    """One row of the columns is one bar: `cell` is the cell it stands in (its name), `name` what the bar holds, `low`
    and `high` its ends along the cell (None: a value by itself, a bar to the right with its name on it), `size` how
    long it is, from 0. `mean` with `mean_low` and `mean_high` is a dot with its interval above the bar (None: none),
    on one scale in all cells; `other` the size of the same bar in other rows, drawn as a line.

    Options: `kind` and `mean_kind` (`number` or `share`) say how sizes and means are read, `size_name`, `mean_name` and
    `other_name` what they are, `bars_name` what a bar is; `means` are the ends of the scale of the means; `across` is
    the number of cells side by side (3), `together` that sizes are on one scale in all cells, up to `top` (the largest
    size); `ends` are the texts below both ends of a cell, `notes` texts below its name, both by cell; `strong` the
    cells that stand out.
    """

    columns: tuple[str, ...] = ("cell", "name", "low", "high", "size")
    extra: tuple[str, ...] = ("mean", "mean_low", "mean_high", "other")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        legend = _legend(figure)
        top = _LEGEND if legend else 0
        cells = cells_of(figure, WIDTH, top)
        marks: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for cell in cells:
            if cell.bars[0]["low"] is not None:
                marks["floors"].append({"x": cell.x, "x2": cell.x + cell.width, "y": cell.bottom})
            marks["words"] += _words(cell, figure)
            for bar in cell.bars:
                _mark(marks, cell, bar, figure)
        layers = [
            _layer(marks["floors"], {"type": "rule", "color": GRID}, x2=True),
            _layer(marks["bars"], {"type": "rect", "opacity": 0.38}, x2=True, y2=True, says=True, colour=True),
            _layer(marks["others"], {"type": "rule", "color": INK, "strokeWidth": 2}, x2=True, y2=True, says=True),
            _layer(marks["lines"], {"type": "rule", "color": ACCENT, "strokeWidth": 1.5}, x2=True, y2=True),
            _layer(marks["dots"], _DOT, says=True),
            *_word_layers(marks["words"]),
            *legend,
        ]
        height = max((cell.y + cell.height for cell in cells), default=top + 20)
        return {"width": WIDTH, "height": round(height), "autosize": "none", "layer": [one for one in layers if one]}


def _mark(marks: dict[str, list[dict[str, Any]]], cell: Cell, bar: dict[str, Any], figure: Figure) -> None:
    """What is drawn of one bar."""
    says = _says(cell, bar, figure)
    marks["bars"].append({**cell.box(bar), "says": says, "c": ACCENT if cell.strong else MUTED})
    if bar.get("other") is not None:
        marks["others"].append({**cell.edge(bar), "says": says})
    if bar["low"] is None:
        size, y = spoken(bar["size"], _kind(figure)), cell.line(bar)
        marks["words"].append({"x": cell.x, "y": y, "t": cut(bar["name"], 200), "w": cell.width - 42, "kind": "value"})
        marks["words"].append({"x": cell.x + cell.width, "y": y, "t": size, "w": cell.width, "kind": "end"})
    if bar.get("mean") is not None:
        x, y, ends = cell.dot(bar)
        marks["dots"].append({"x": x, "y": y, "says": says})
        marks["lines"] += [] if ends is None else [ends]


def _kind(figure: Figure) -> str:
    return str(figure.options.get("kind", "share"))


def _says(cell: Cell, bar: dict[str, Any], figure: Figure) -> str:
    """A bar read aloud."""
    options = figure.options
    size = options.get("size_name", "of the rows")
    said = f"{cut(cell.name, 60)}, {cut(bar['name'], 80)}: {spoken(bar['size'], _kind(figure))} {size}".rstrip()
    if bar.get("other") is not None:
        said += f"; {options.get('other_name', 'others')}: {spoken(bar['other'], _kind(figure))}"
    if bar.get("mean") is not None:
        kind = options.get("mean_kind", "number")
        said += f"; {options.get('mean_name', 'mean')}: {spoken(bar['mean'], kind)}"
        if bar.get("mean_low") is not None:
            said += f" ({spoken(bar['mean_low'], kind)} to {spoken(bar['mean_high'], kind)})"
    return said


def _words(cell: Cell, figure: Figure) -> list[dict[str, Any]]:
    """The name of a cell, its note, and what stands below its ends."""
    note = figure.options.get("notes", {}).get(cell.name, "")
    left, right = figure.options.get("ends", {}).get(cell.name, ("", ""))
    below, half = cell.bottom + 9, cell.width / 2
    found = [
        {"x": cell.x, "y": cell.y + 7, "t": cut(cell.name, 200), "w": cell.width, "kind": "name"},
        {"x": cell.x, "y": cell.y + CAPTION - 7, "t": note, "w": cell.width, "kind": "note"},
        {"x": cell.x, "y": below, "t": left, "w": half, "kind": "note"},
        {"x": cell.x + cell.width, "y": below, "t": right, "w": half, "kind": "end"},
    ]
    return [word for word in found if word["t"]]


def _word_layers(words: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Texts that are alike in one layer: how wide a text may be is said for a whole mark."""
    layers = []
    for kind, width in sorted({(word["kind"], word["w"]) for word in words}):
        some = [word for word in words if (word["kind"], word["w"]) == (kind, width)]
        side = "right" if kind == "end" else "left"
        layers.append(_text(some, side, INK if kind in ("name", "value") else MUTED, width, bold=kind == "name"))
    return layers


def _text(
    rows: Sequence[dict[str, Any]], side: str, colour: str, width: float = 0, bold: bool = False
) -> dict[str, Any]:
    mark: dict[str, Any] = {"type": "text", "align": side, "baseline": "middle", "color": colour, "aria": False}
    mark |= {"fontSize": FONT if bold else _SMALL} | ({"fontWeight": "bold"} if bold else {})
    mark |= {"limit": round(_SPARE * width)} if width else {}
    most = max(4, int(width / (_LETTER * mark["fontSize"]))) if width else 200
    data = [{"x": row["x"], "y": row["y"], "t": cut(row["t"], most)} for row in rows]
    return {"data": {"values": data}, "mark": mark, "encoding": {"x": _X, "y": _Y, "text": {"field": "t"}}}


def _layer(
    rows: Sequence[dict[str, Any]],
    mark: dict[str, Any],
    *,
    x2: bool = False,
    y2: bool = False,
    says: bool = False,
    colour: bool = False,
) -> dict[str, Any]:
    if not rows:
        return {}
    encoding: dict[str, Any] = {"x": _X, "y": _Y}
    encoding |= {"x2": {"field": "x2"}} if x2 else {}
    encoding |= {"y2": {"field": "y2"}} if y2 else {}
    encoding |= {"description": _SAYS} if says else {}
    encoding |= {"color": {"field": "c", "type": "nominal", "scale": None}} if colour else {}
    return {"data": {"values": list(rows)}, "mark": mark if says else {**mark, "aria": False}, "encoding": encoding}


def _legend(figure: Figure) -> list[dict[str, Any]]:
    """What a line or a dot is, above the cells; nothing where bars stand alone."""
    for column, name, mark in (
        ("mean", "mean_name", _DOT),
        ("other", "other_name", {"type": "rule", "color": INK, "strokeWidth": 2}),
    ):
        if any(value is not None for value in figure.columns.get(column, ())):
            bar = [{"x": 0, "x2": 10, "y": 3, "y2": 11}]
            sign = [{"x": 130, "x2": 142, "y": 7}] if column == "other" else [{"x": 136, "y": 7}]
            words = [
                {"x": 14, "y": 7, "t": figure.options.get("bars_name", "share of the rows")},
                {"x": 146, "y": 7, "t": cut(figure.options.get(name, column), 60)},
            ]
            return [
                _layer(bar, {"type": "rect", "color": MUTED, "opacity": 0.38}, x2=True, y2=True),
                _layer(sign, mark, x2=column == "other"),
                _text(words, "left", MUTED, WIDTH - 146),
            ]
    return []


part = Multiples()

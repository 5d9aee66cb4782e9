"""The one visual language: colours by what they mean. The page gives each a light and a dark value (`report.css`)."""

from typing import Any

ACCENT = "var(--accent)"  #: what the reader should look at: the chosen solution, the main series
GOOD, WARN, BAD = "var(--good)", "var(--warn)", "var(--bad)"
INK, MUTED, FAINT, GRID = "var(--ink)", "var(--muted)", "var(--faint)", "var(--grid)"
#: Series that mean nothing by their colour; told apart by people who are colour-blind (Okabe and Ito, 2008), and never
#: by colour alone: shapes or direct labels go with them.
SERIES = ("var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)", "var(--s6)")
WIDTH, HEIGHT = 360, 240  #: of a chart in pixels at its natural size: it stays readable on a page 400 px wide
FONT = 11.5  #: of every word in a chart, in pixels at its natural size

_COMPOSED = ("facet", "repeat", "concat", "hconcat", "vconcat")
_AXIS = {
    "labelColor": MUTED, "titleColor": MUTED, "gridColor": GRID, "tickColor": GRID, "domainColor": FAINT,
    "labelFontSize": FONT, "titleFontSize": FONT, "titleFontWeight": "normal", "labelLimit": 130, "titleLimit": 300,
    "titlePadding": 6, "labelPadding": 4, "tickSize": 3, "tickCount": 5, "labelOverlap": True, "labelFlush": False,
}  # fmt: skip
_CONFIG: dict[str, Any] = {
    "font": "Arial",
    "background": None,
    "padding": 4,
    "view": {"stroke": None},
    "axis": _AXIS,
    "axisX": {"tickCount": 4},
    "axisQuantitative": {"domain": False},
    "axisBand": {"grid": False, "ticks": False},
    "legend": {
        "orient": "top", "direction": "horizontal", "title": None, "labelColor": INK, "labelFontSize": FONT,
        "titleColor": MUTED, "titleFontSize": FONT, "titleFontWeight": "normal", "labelLimit": 150, "offset": 6,
        "columnPadding": 12, "rowPadding": 3, "symbolStrokeWidth": 2, "symbolSize": 60,
    },
    "header": {
        "labelColor": INK, "labelFontSize": FONT, "titleColor": MUTED, "titleFontSize": FONT,
        "titleFontWeight": "normal", "labelLimit": 160,
    },
    "title": {"color": INK, "fontSize": FONT, "fontWeight": "normal", "anchor": "start"},
    "range": {"category": list(SERIES)},
    "mark": {"color": ACCENT},
    "text": {"color": INK, "fontSize": FONT},
    "line": {"strokeWidth": 2},
    "point": {"filled": True, "size": 45},
    "circle": {"size": 45},
    "bar": {"cornerRadiusEnd": 2},
    "rule": {"color": MUTED},
    "tick": {"thickness": 2},
    "area": {"opacity": 0.2},
}  # fmt: skip


def themed(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart's specification in this language, at its natural size. An own size stays; the axes and the legend take
    their room from it, except where it is given per step of a scale, or the chart is composed of several."""
    whole: dict[str, Any] = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": _CONFIG, **spec}
    if any(name in spec for name in _COMPOSED):
        return whole
    whole = {"width": WIDTH, "height": HEIGHT, **whole}
    steps = isinstance(whole["width"], dict), isinstance(whole["height"], dict)
    fit = {(False, False): "fit", (False, True): "fit-x", (True, False): "fit-y", (True, True): "pad"}[steps]
    return {"autosize": {"type": fit, "contains": "padding"}, **whole}

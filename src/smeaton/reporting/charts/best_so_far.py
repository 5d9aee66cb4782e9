"""A search: a point for each try where its score was known, and the best score so far as a line of steps.

Better is always further up, so a score where lower is better stands on a turned axis. What is worse than the scale
shows, and what has no score, stands on its lower edge.
"""

from typing import Any

from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.charts._theme import ACCENT, BAD, HEIGHT, MUTED, WARN
from smeaton.reporting.forms import Figure

#: What the `state` of a try looks like: its colour and shape. The words are the legend's.
STATES = {
    "new best": (ACCENT, "circle"),
    "finished": (MUTED, "circle"),
    "stopped early": (MUTED, "cross"),
    "part of the rows": (WARN, "square"),
    "failed": (BAD, "triangle-down"),
}
_EDGE = -5  # pixels from the lower edge


class BestSoFar:
    """`at`, `score` (None: it has none), `state` (a key of `STATES`), `name`. `best` is the best score so far (None:
    nothing has one yet), `key` the candidate's key: a point links to `#candidate-KEY`. `note` is read aloud. Options:
    `worst` (the worst score that is drawn where it is), `end` (until when the line goes on), `flip` (lower is better),
    `kind` (`number` or `share`)."""

    columns: tuple[str, ...] = ("at", "score", "state", "name")
    extra: tuple[str, ...] = ("best", "key", "note")

    def spec(self, figure: Figure) -> dict[str, Any]:
        """See the contract."""
        options, rows = figure.options, _rows(figure)
        flip = bool(options.get("flip"))
        x = {
            "field": "at",
            "type": "quantitative",
            "title": figure.x or None,
            "scale": {"nice": False, "domainMin": 0},
            "axis": {"tickCount": 5},
        }
        y = {
            "field": "score",
            "type": "quantitative",
            "title": figure.y or None,
            "scale": {"zero": False, "nice": True, "reverse": flip, "clamp": True},
            "axis": {"tickCount": 5} | ({"format": "~%"} if options.get("kind") == "share" else {}),
        }
        named = [state for state in STATES if any(row["state"] == state for row in rows)]
        looks = {
            "color": {"field": "state", "type": "nominal", "title": None, "scale": {
                "domain": named, "range": [STATES[state][0] for state in named]}},
            "shape": {"field": "state", "type": "nominal", "title": None, "scale": {
                "domain": named, "range": [STATES[state][1] for state in named]}},
            "href": {"field": "link"},
            "description": {"field": "says"},
        }  # fmt: skip
        point = {"type": "point", "filled": True, "opacity": 0.9, "size": 60}
        inside = {"transform": [{"filter": "!datum.edge"}], "mark": point, "encoding": {"x": x, "y": y, **looks}}
        edge = {
            "transform": [{"filter": "datum.edge"}],
            "mark": {**point, "yOffset": _EDGE},
            "encoding": {"x": x, "y": {"value": "height"}, **looks},
        }
        layers = [_line(figure, x, y), edge, inside]
        return {"data": {"values": rows}, "height": HEIGHT, "layer": [layer for layer in layers if layer]}


def _rows(figure: Figure) -> list[dict[str, Any]]:
    columns, options = figure.columns, figure.options
    kind, worst, sign = options.get("kind", "number"), options.get("worst"), -1 if options.get("flip") else 1
    count = len(columns["at"])
    keys, notes = columns.get("key", [""] * count), columns.get("note", [""] * count)
    rows = []
    for place in range(count):
        score, state = columns["score"][place], columns["state"][place]
        edge = score is None or (worst is not None and sign * score < sign * worst)
        says = f"{cut(columns['name'][place], 60)}, {state}"
        says += "" if score is None else f": {spoken(score, kind)}"
        says += f"; {notes[place]}" if notes[place] else ""
        link = f"#candidate-{keys[place]}" if keys[place] else None
        rows.append({"at": columns["at"][place], "score": None if edge else score, "state": state, "edge": edge,
                     "link": link, "says": says})  # fmt: skip
    return rows


def _line(figure: Figure, x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    """The best so far; {} where nothing has a score."""
    bests = figure.columns.get("best", [])
    points = [
        {"at": at, "score": best} for at, best in zip(figure.columns["at"], bests, strict=False) if best is not None
    ]
    worst, sign = figure.options.get("worst"), -1 if figure.options.get("flip") else 1
    if worst is not None:
        points = [point for point in points if sign * point["score"] >= sign * worst]
    if not points:
        return {}
    end = figure.options.get("end")
    if end is not None and end > points[-1]["at"]:
        points.append({"at": end, "score": points[-1]["score"]})
    says = f"the best score so far goes from {spoken(points[0]['score'])} to {spoken(points[-1]['score'])}"
    return {
        "data": {"values": points},
        "mark": {"type": "line", "interpolate": "step-after", "color": ACCENT, "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "order": {"field": "at"}, "description": {"value": says}},
    }


part = BestSoFar()

"""Quality against cost: points that link to their cards, the front as a line, names that do not cover each other."""

import json
from typing import Any

import pytest

from smeaton.reporting.charts._theme import ACCENT, MUTED
from smeaton.reporting.charts.pareto import part
from smeaton.reporting.forms import Figure
from smeaton.reporting.svg import draw


def figure(x: list[float], y: list[float], *, kind: list[str] | None = None, **more: Any) -> Figure:
    options = more.pop("options", {})
    kinds = kind or ["chosen", *[""] * (len(x) - 1)]
    names = more.pop("name", [f"forest {place}" for place in range(len(x))])
    columns = {"x": x, "y": y, "name": names, "kind": kinds, "front": [one != "" for one in kinds], **more}
    return Figure(
        id="f", chart="pareto", title="t", says="s", how="h", x="ms", y="rmse", columns=columns, options=options
    )


def layers(spec: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    """Layers with a mark, those within layers too."""
    flat = [inner for layer in spec["layer"] for inner in layer.get("layer", [layer])]
    return [layer for layer in flat if layer["mark"]["type"] == mark]


def test_points_link_to_cards_and_are_read_aloud() -> None:
    spec = part.spec(figure([1.0, 2.0], [0.4, 0.5], key=["abc", ""], low=[0.3, None], high=[0.5, None]))
    first, second = spec["data"]["values"]
    assert (first["link"], second["link"]) == ("#candidate-abc", None)
    assert first["says"] == "forest 0: 0.4 (0.3 to 0.5), ms 1"
    assert (first["c"], second["c"]) == (ACCENT, MUTED)
    (points,) = layers(spec, "point")
    assert points["encoding"]["description"] == {"field": "says"}


@pytest.mark.parametrize("flip", [True, False])
def test_better_is_up_whichever_is_better(flip: bool) -> None:
    spec = part.spec(figure([1.0, 2.0], [0.4, 0.5], options={"flip": flip}))
    assert spec["layer"][-2]["encoding"]["y"]["scale"]["reverse"] is flip


def test_the_front_is_a_line_of_at_least_two() -> None:
    assert layers(part.spec(figure([1.0, 2.0], [0.4, 0.5])), "line") == []
    (line,) = layers(part.spec(figure([1.0, 2.0], [0.4, 0.5], kind=["chosen", "front"])), "line")
    assert line["mark"]["interpolate"] == "step-after"


def test_a_logarithmic_scale_has_few_marks_within_its_values() -> None:
    for x in ([1.0, 12.0], [0.003, 9_000.0], [2.0, 17.0], [1e-9, 1e9]):
        spec = part.spec(figure(x, [0.4, 0.5], options={"log": True}))
        marks = layers(spec, "point")[0]["encoding"]["x"]["axis"]["values"]
        assert 1 <= len(marks) <= 6
        assert all(0.7 * x[0] <= mark <= 1.4 * x[1] for mark in marks)


def test_names_do_not_cover_each_other_and_the_chosen_one_stays() -> None:
    x, y = [1.0, 1.01, 9.0], [0.5, 0.5001, 0.9]
    spec = part.spec(figure(x, y, kind=["front", "chosen", "front"]))
    named = [row["name"] for layer in layers(spec, "text") for row in layer["data"]["values"]]
    assert named == ["forest 1", "forest 2"]
    sides = {layer["mark"]["align"]: layer["data"]["values"][0]["name"] for layer in layers(spec, "text")}
    assert sides == {"left": "forest 1", "right": "forest 2"}, "on the right, a name stands left of its point"


def test_of_many_points_only_those_that_matter_have_names() -> None:
    many = [float(place) for place in range(1, 21)]
    spec = part.spec(figure(many, many))
    assert [row["name"] for layer in layers(spec, "text") for row in layer["data"]["values"]] == ["forest 0"]


def test_hostile_names_are_cut_and_drawn_as_text() -> None:
    spec = part.spec(figure([1.0, 1.0], [0.4, 0.4], name=["<script>alert(1)</script>" * 200, ""], key=["a", "b"]))
    json.dumps(spec, allow_nan=False)
    drawn = draw(figure([1.0, 1.0], [0.4, 0.4], name=["<script>" * 900, ""], key=["a", "b"]), "p").svg
    assert "<script" not in drawn
    assert 'href="#candidate-a"' in drawn
    assert len(drawn) < 20_000

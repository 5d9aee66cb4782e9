"""The search: tries where they ended, the best so far as steps, what has no place on the scale on its lower edge."""

from typing import Any

import pytest

from smeaton.reporting.charts.best_so_far import STATES, part
from smeaton.reporting.forms import Figure
from smeaton.reporting.svg import draw


def figure(**changes: Any) -> Figure:
    columns: dict[str, list[Any]] = {
        "at": [1.0, 2.0, 3.0, 4.0],
        "score": [0.9, 0.5, None, 0.4],
        "state": ["new best", "new best", "stopped early", "new best"],
        "name": ["baseline", "linear", "tfidf", "<b>forest</b>"],
        "best": [0.9, 0.5, 0.5, 0.4],
        "key": ["a", "b", "", "d"],
    }
    options = changes.pop("options", {"flip": True})
    return Figure(
        id="f", chart="best_so_far", title="t", says="s", how="h", columns={**columns, **changes}, options=options
    )


def test_the_best_is_a_line_of_steps_to_the_end() -> None:
    line = part.spec(figure(options={"flip": True, "end": 9.0}))["layer"][0]
    assert line["mark"]["interpolate"] == "step-after"
    assert [(row["at"], row["score"]) for row in line["data"]["values"]] == [
        (1.0, 0.9), (2.0, 0.5), (3.0, 0.5), (4.0, 0.4), (9.0, 0.4),
    ]  # fmt: skip
    assert "from 0.9 to 0.4" in line["encoding"]["description"]["value"]


@pytest.mark.parametrize(("flip", "worst", "on_edge"), [(True, 0.6, [1.0, 3.0]), (False, 0.45, [3.0, 4.0])])
def test_what_is_worse_than_the_scale_stands_on_its_edge(flip: bool, worst: float, on_edge: list[float]) -> None:
    spec = part.spec(figure(options={"flip": flip, "worst": worst}))
    assert [row["at"] for row in spec["data"]["values"] if row["edge"]] == on_edge
    best = [row["score"] for row in spec["layer"][0]["data"]["values"]]
    assert all(score <= worst if flip else score >= worst for score in best)
    edge = spec["layer"][1]
    assert edge["encoding"]["y"] == {"value": "height"}


def test_the_legend_holds_what_occurs_and_shapes_go_with_colours() -> None:
    looks = part.spec(figure())["layer"][-1]["encoding"]
    assert looks["color"]["scale"]["domain"] == ["new best", "stopped early"] == looks["shape"]["scale"]["domain"]
    shapes = looks["shape"]["scale"]["range"]
    assert shapes == [STATES["new best"][1], STATES["stopped early"][1]]
    assert len(set(shapes)) == 2


def test_points_are_read_aloud_and_lead_to_their_cards() -> None:
    rows = part.spec(figure(note=["", "first try", "", ""]))["data"]["values"]
    assert rows[1]["says"] == "linear, new best: 0.5; first try"
    assert rows[2]["says"] == "tfidf, stopped early"
    assert [row["link"] for row in rows] == ["#candidate-a", "#candidate-b", None, "#candidate-d"]


def test_without_a_score_there_is_no_line() -> None:
    none = figure(score=[None] * 4, best=[None] * 4, state=["failed"] * 4)
    assert [layer["mark"]["type"] for layer in part.spec(none)["layer"]] == ["point", "point"]


def test_it_is_drawn() -> None:
    drawn = draw(figure(), "p")
    assert "stopped early" in drawn.svg
    assert "<b>" not in drawn.svg
    assert drawn.svg.count("href=") == 3

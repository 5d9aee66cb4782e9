"""A line with its band, over numbers and over moments."""

import json
from typing import Any

import pytest

from smeaton.reporting.charts.band_line import part
from smeaton.reporting.forms import Figure


def figure(x: list[Any], **options: Any) -> Figure:
    ends = {"value": [0.2, 0.5], "low": [0.1, 0.4], "high": [0.3, 0.6]}
    return Figure(
        id="f", chart="band_line", title="t", says="s", how="h", x="age", y="mean", columns={"x": x, **ends},
        options=options,
    )  # fmt: skip


def test_points_are_read_aloud_and_the_band_is_between_the_ends() -> None:
    spec = part.spec(figure([1.0, 2.0], kind="share"))
    assert spec["data"]["values"][0]["says"] == "age 1: 20 %, 10 % to 30 %"
    band, line, dots = spec["layer"]
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")
    assert line["encoding"]["y"]["axis"]["format"] == "~%"
    assert dots["encoding"]["description"] == {"field": "says"}


@pytest.mark.parametrize(("timed", "scale"), [(True, "temporal"), (False, "quantitative")])
def test_moments_have_a_scale_of_time(timed: bool, scale: str) -> None:
    spec = part.spec(figure(["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"] if timed else [1, 2], time=timed))
    assert {layer["encoding"]["x"]["type"] for layer in spec["layer"]} == {scale}


def test_the_rug_holds_a_stroke_for_each_value() -> None:
    spec = part.spec(figure([1.0, 2.0], rug=[1.0, 1.5, 2.0]))
    assert [row["x"] for row in spec["layer"][-1]["data"]["values"]] == [1.0, 1.5, 2.0]
    json.dumps(spec, allow_nan=False)

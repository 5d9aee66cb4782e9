"""Which rows go into which part."""

from typing import Any

import pytest

from smeaton.reporting.charts.spans import PARTS, part
from smeaton.reporting.forms import Figure


def figure(**options: Any) -> Figure:
    columns: dict[str, list[Any]] = {
        "line": ["fold 1", "fold 1", "fold 2"],
        "part": ["train", "held", "test"],
        "start": [0.0, 10.0, 5.0],
        "end": [10.0, 12.0, 6.0],
        "rows": [1_000, 2, 1],
    }
    return Figure(id="f", chart="spans", title="t", says="s", how="h", x="rows", columns=columns, options=options)


def test_a_stretch_says_its_part_and_its_rows() -> None:
    rows = part.spec(figure())["data"]["values"]
    assert rows[0]["says"] == "fold 1: fitted on, 1,000 rows"
    assert (rows[0]["start"], rows[0]["end"]) == (0.0, 10.0)


def test_moments_are_read_in_utc() -> None:
    spec = part.spec(figure(time=True))
    x = spec["layer"][0]["encoding"]["x"]
    assert (x["type"], x["scale"]["type"]) == ("temporal", "utc")
    assert spec["data"]["values"][1]["start"] == 10_000.0


def test_parts_are_told_apart_without_colour() -> None:
    heights = [layer["mark"]["height"] for layer in part.spec(figure())["layer"]]
    assert len(set(heights)) == 3
    assert len({thick for _, _, thick in PARTS.values()}) == len(PARTS)


def test_only_parts_that_are_there_are_in_the_legend() -> None:
    scale = part.spec(figure())["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == ["fitted on", "held out", "sealed test"]


def test_it_is_drawn() -> None:
    pytest.importorskip("vl_convert")
    from smeaton.reporting.svg import draw

    svg = draw(figure(time=True), "x").svg
    assert "fold 2: sealed test, 1 rows" in svg

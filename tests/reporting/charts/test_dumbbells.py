"""Two values of each line."""

from typing import Any

import pytest

from smeaton.reporting.charts.dumbbells import part
from smeaton.reporting.forms import Figure


def figure(names: list[str], **options: Any) -> Figure:
    count = len(names)
    columns: dict[str, list[Any]] = {"name": names, "start": [0.1] * count, "end": [0.9] * count, "note": ["n"] * count}
    options = {"start_name": "says", "end_name": "answer"} | options
    return Figure(id="f", chart="dumbbells", title="t", says="s", how="h", columns=columns, options=options)


def test_a_line_says_both_values_with_their_names() -> None:
    assert part.spec(figure(["row 1"], kind="share"))["data"]["values"][0]["says"] == "row 1: says 10 %, answer 90 %; n"
    assert part.spec(figure(["row 1"]))["data"]["values"][0]["says"] == "row 1: says 0.1, answer 0.9; n"


def test_both_ends_are_told_apart_by_shape_too() -> None:
    dots = part.spec(figure(["row 1"]))["layer"][1:]
    assert [dot["encoding"]["shape"]["datum"] for dot in dots] == ["says", "answer"]
    assert len(set(dots[0]["encoding"]["shape"]["scale"]["range"])) == 2


def test_names_that_begin_alike_stay_apart() -> None:
    spec = part.spec(figure(["x" * 100 + "a", "x" * 100 + "b", ""]))
    assert len({row["name"] for row in spec["data"]["values"]}) == 3


def test_it_is_drawn() -> None:
    pytest.importorskip("vl_convert")
    from smeaton.reporting.svg import draw

    svg = draw(figure(["<b>", "row 2"], kind="share"), "x").svg
    assert "&lt;b&gt;: says 10 %, answer 90 %; n" in svg

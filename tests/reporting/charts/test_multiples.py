"""Small multiples: where bars, dots and words stand, and what is read aloud."""

from typing import Any

import pytest

from smeaton.reporting.charts._theme import ACCENT, WIDTH
from smeaton.reporting.charts.multiples import part
from smeaton.reporting.forms import Figure

HOSTILE = "</text><script>alert(1)</script> & \u202e"


def figure(columns: dict[str, list[Any]], **options: Any) -> Figure:
    return Figure(id="f", chart="multiples", title="t", says="s", how="h", columns=columns, options=options)


def bins(cells: int = 1, **more: list[Any]) -> dict[str, list[Any]]:
    names = [f"c{number}" for number in range(cells) for _ in range(3)]
    return {"cell": names, "name": ["0 to 1", "1 to 2", "2 to 4"] * cells, "low": [0.0, 1.0, 2.0] * cells,
            "high": [1.0, 2.0, 4.0] * cells, "size": [0.25, 0.5, 0.25] * cells} | more  # fmt: skip


def values(names: list[str], sizes: list[float], **more: list[Any]) -> dict[str, list[Any]]:
    none: list[Any] = [None] * len(names)
    return {"cell": ["c"] * len(names), "name": names, "low": none, "high": none, "size": sizes} | more


def marks(spec: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for layer in spec["layer"] if layer["mark"]["type"] == kind for row in layer["data"]["values"]]


def aloud(spec: dict[str, Any], kind: str) -> list[str]:
    return [row["says"] for row in marks(spec, kind) if "says" in row]


def test_a_bar_is_as_high_and_as_wide_as_what_it_holds() -> None:
    bars = marks(part.spec(figure(bins())), "rect")
    heights = [bar["y2"] - bar["y"] for bar in bars]
    assert heights[1] == pytest.approx(2 * heights[0])
    assert bars[2]["x2"] - bars[2]["x"] == pytest.approx(2 * (bars[0]["x2"] - bars[0]["x"]), rel=0.05)
    assert bars[0]["x2"] < bars[1]["x"]


def test_a_value_is_a_bar_to_the_right_with_its_name_and_its_size() -> None:
    spec = part.spec(figure(values(["a", HOSTILE], [0.8, 0.2])))
    bars = marks(spec, "rect")
    assert bars[0]["x2"] - bars[0]["x"] == pytest.approx(4 * (bars[1]["x2"] - bars[1]["x"]))
    assert {"a", "80 %", "20 %"} <= {word["t"] for word in marks(spec, "text")}
    assert any("<script>" in word["t"] for word in marks(spec, "text")), "the renderer escapes it"


def test_bars_are_read_aloud_with_what_else_is_there() -> None:
    columns = bins(mean=[0.1, None, 0.3], mean_low=[0.05, None, None], mean_high=[0.2, None, None])
    said = aloud(part.spec(figure(columns, mean_name="share of yes", mean_kind="share")), "rect")
    assert said == [
        "c0, 0 to 1: 25 % of the rows; share of yes: 10 % (5 % to 20 %)",
        "c0, 1 to 2: 50 % of the rows",
        "c0, 2 to 4: 25 % of the rows; share of yes: 30 %",
    ]
    other = aloud(part.spec(figure(bins(other=[0.1, 0.2, 0.7]), other_name="the sealed test")), "rect")
    assert other[0] == "c0, 0 to 1: 25 % of the rows; the sealed test: 10 %"


def test_dots_are_on_one_scale_in_all_cells() -> None:
    columns = bins(2, mean=[0.0, 0.5, 1.0] * 2, mean_low=[None] * 6, mean_high=[None] * 6)
    dots = [dot for dot in marks(part.spec(figure(columns, means=[0.0, 1.0])), "point") if "says" in dot]
    assert len(dots) == 6
    assert dots[0]["y"] > dots[1]["y"] > dots[2]["y"]
    assert [dot["y"] for dot in dots[:3]] == [dot["y"] for dot in dots[3:]]


def test_sizes_are_on_one_scale_where_they_belong_together() -> None:
    columns = values(["a", "b"], [0.4, 0.2]) | {"cell": ["one", "two"]}
    apart = marks(part.spec(figure(columns)), "rect")
    together = marks(part.spec(figure(columns, together=True)), "rect")
    assert apart[0]["x2"] - apart[0]["x"] == pytest.approx(apart[1]["x2"] - apart[1]["x"])
    assert together[0]["x2"] - together[0]["x"] == pytest.approx(2 * (together[1]["x2"] - together[1]["x"]))


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 24])
def test_cells_stand_side_by_side_within_the_picture_and_none_on_another(cells: int) -> None:
    spec = part.spec(figure(bins(cells), ends={f"c{number}": ("0", "4") for number in range(cells)}))
    rows = [row for kind in ("rect", "text", "rule") for row in marks(spec, kind)]
    assert spec["width"] == WIDTH
    assert all(-0.01 <= row["x"] <= WIDTH + 0.01 and 0 <= row["y"] <= spec["height"] for row in rows)
    corners = {(bar["x"], bar["y2"]) for bar in marks(spec, "rect")}
    assert len(corners) == 3 * cells


def test_a_cell_that_stands_out_has_the_accent() -> None:
    bars = marks(part.spec(figure(bins(2), strong=["c1"])), "rect")
    assert [bar["c"] == ACCENT for bar in bars] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(
    "columns",
    [
        bins() | {"size": [0.0, 0.0, 0.0]},
        bins() | {"low": [1e308, 1e308, 1e308], "high": [1e308, 1e308, 1e308]},
        bins() | {"low": [-1.7e308, 0.0, 1e308], "high": [0.0, 1e308, 1.7e308]},
        values(["", "x" * 5_000], [0.0, 1.0]),
        {"cell": [], "name": [], "low": [], "high": [], "size": []},
    ],
)
def test_nothing_is_drawn_outside_whatever_the_numbers_are(columns: dict[str, list[Any]]) -> None:
    spec = part.spec(figure(columns))
    for bar in marks(spec, "rect"):
        assert -1 <= bar["x"] <= bar["x2"] + 2 <= WIDTH + 3


def test_it_is_drawn_with_the_words_that_are_read_aloud() -> None:
    pytest.importorskip("vl_convert")
    from smeaton.reporting.svg import draw

    drawn = draw(figure(bins(4, mean=[0.1, 0.2, 0.3] * 4), mean_name=HOSTILE, notes={"c0": HOSTILE}), "x")
    assert drawn.width <= WIDTH + 10
    assert "c3, 2 to 4: 25 % of the rows" in drawn.svg
    assert "<script" not in drawn.svg

"""Amounts in parts: bars in their order, parts in theirs, totals at the end, names that are alike after a cut."""

from typing import Any

from smeaton.reporting.charts._theme import ACCENT, BAD, SERIES
from smeaton.reporting.charts.stacked_bars import part
from smeaton.reporting.forms import Figure
from smeaton.reporting.svg import draw


def figure(name: list[str], value: list[float], of: list[str], **options: Any) -> Figure:
    return Figure(
        id="f", chart="stacked_bars", title="t", says="s", how="h", x="seconds",
        columns={"name": name, "value": value, "part": of}, options=options,
    )  # fmt: skip


def some(**options: Any) -> Figure:
    return figure(["b", "b", "a"], [2.0, 1.5, 120.4], ["done", "lost", "done"], **options)


def test_bars_and_parts_keep_their_order_and_colours() -> None:
    stacked = part.spec(some(parts={"done": "accent", "lost": "bad"}))["layer"][0]
    assert stacked["encoding"]["y"]["sort"] == ["b", "a"]
    assert stacked["encoding"]["color"]["scale"] == {"domain": ["done", "lost"], "range": [ACCENT, BAD]}


def test_parts_that_mean_nothing_get_the_colours_of_series() -> None:
    many = [f"part {number}" for number in range(8)]
    colours = part.spec(figure(["a"] * 8, [1.0] * 8, many))["layer"][0]["encoding"]["color"]["scale"]["range"]
    assert colours == [*SERIES, *SERIES[:2]]


def test_totals_stand_at_the_ends() -> None:
    ends = part.spec(some())["layer"][1]["data"]["values"]
    assert [(row["name"], row["text"]) for row in ends] == [("b", "3.5"), ("a", "120")]


def test_each_part_is_read_aloud() -> None:
    rows = part.spec(some(unit="seconds"))["data"]["values"]
    assert [row["says"] for row in rows] == ["b, done: 2 seconds", "b, lost: 1.5 seconds", "a, done: 120.4 seconds"]


def test_long_names_that_begin_alike_are_two_bars() -> None:
    names = ["x" * 5_000 + "1", "x" * 5_000 + "2", "", "<script>"]
    spec = part.spec(figure(names, [1.0, 2.0, 3.0, 4.0], ["done"] * 4))
    bars = spec["layer"][0]["encoding"]["y"]["sort"]
    assert len(set(bars)) == 4
    assert all(0 < len(bar) <= 30 for bar in bars)
    drawn = draw(figure(names, [1.0, 2.0, 3.0, 4.0], ["done"] * 4), "p").svg
    assert "<script" not in drawn


def test_one_name_is_one_bar_however_its_parts_come() -> None:
    spec = part.spec(figure(["a", "b", "a"], [1.0, 1.0, 2.0], ["done", "done", "lost"]))
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["a", "b"]
    assert [row["value"] for row in spec["layer"][1]["data"]["values"]] == [3.0, 1.0]

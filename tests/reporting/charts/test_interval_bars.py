"""Values with intervals: what is drawn, what is read aloud, names that are alike or strange."""

from typing import Any

import pytest

from smeaton.reporting.charts._texts import cut, distinct, spoken
from smeaton.reporting.charts.interval_bars import part
from smeaton.reporting.forms import Figure


def figure(columns: dict[str, list[Any]] | None = None, **options: Any) -> Figure:
    given = columns or {"name": ["a", "b"], "value": [1.0, 0.25], "low": [0.5, None], "high": [1.5, None]}
    return Figure(
        id="f", chart="interval_bars", title="t", says="s", how="h", x="worse by", columns=given, options=options
    )


def rows(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["data"]["values"]
    return found


def test_each_row_is_read_aloud_with_its_interval_and_note() -> None:
    given = {"name": ["a", "b"], "value": [1.0, 0.25], "low": [0.5, None], "high": [1.5, None], "note": ["9 rows", ""]}
    assert [row["says"] for row in rows(part.spec(figure(given)))] == ["a: 1, 0.5 to 1.5; 9 rows", "b: 0.25"]
    assert rows(part.spec(figure(given, kind="share")))[1]["says"] == "b: 25 %"


def test_a_mood_shows_by_its_shape_as_well() -> None:
    given = {"name": list("abc"), "value": [1, 2, 3], "low": [0, 1, 2], "high": [2, 3, 4], "mood": ["", "bad", "good"]}
    found = rows(part.spec(figure(given)))
    assert len({row["s"] for row in found}) == len({row["c"] for row in found}) == 3


@pytest.mark.parametrize(
    ("options", "layers", "zero"),
    [
        ({}, 2, False),
        ({"bar": True}, 3, True),
        ({"rule": 0.5}, 3, False),
        ({"rule": 0.5, "rule_name": "all"}, 4, False),
    ],
)
def test_options_add_layers(options: dict[str, Any], layers: int, zero: bool) -> None:
    spec = part.spec(figure(**options))
    assert len(spec["layer"]) == layers
    assert spec["layer"][-1]["encoding"]["x"]["scale"]["zero"] is zero


def test_long_names_stand_above_their_values() -> None:
    given = {"name": ["x" * 50, "y"], "value": [1, 2], "low": [0, 1], "high": [2, 3]}
    plain, above = part.spec(figure(given)), part.spec(figure(given, above=True))
    assert rows(plain)[0]["name"] == "x" * 25 + "…"
    assert rows(above)[0]["name"] == "x" * 50
    assert above["layer"][-1]["mark"]["type"] == "text"
    assert above["layer"][0]["encoding"]["y"]["axis"] is None


def test_names_that_are_alike_after_the_cut_keep_places_of_their_own() -> None:
    found = distinct(["long " * 20, "long " * 30, "", " ", "ok"], 20)
    assert len(set(found)) == 5
    assert max(map(len, found)) <= 20
    assert found[2] == "(empty)"


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (0.1234, "share", "12.3 %"),
        (12345.6, "number", "12,346"),
        (0.00012, "number", "0.00012"),
        (None, "number", "not known"),
    ],
)
def test_numbers_are_spoken_short(value: float | None, kind: str, said: str) -> None:
    assert spoken(value, kind) == said


def test_a_cut_text_stays_on_one_line() -> None:
    assert cut("a\nb\t c", 10) == "a b c"

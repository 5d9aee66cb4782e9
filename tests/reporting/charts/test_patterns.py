"""Patterns of missing values."""

from typing import Any

from smeaton.reporting.charts.patterns import part
from smeaton.reporting.forms import Figure


def figure(names: list[str]) -> Figure:
    columns: dict[str, list[Any]] = {
        "pattern": [1] * len(names) + [2] * len(names),
        "rows": [90] * len(names) + [10] * len(names),
        "share": [0.9] * len(names) + [0.1] * len(names),
        "column": names * 2,
        "missing": [False] * len(names) + [True] * len(names),
    }
    return Figure(id="f", chart="patterns", title="t", says="s", how="h", columns=columns)


def test_a_cell_says_what_is_missing_in_how_many_rows() -> None:
    rows = part.spec(figure(["a", "b"]))["data"]["values"]
    assert [row["says"] for row in rows[1:3]] == ["b is there in 90 %, 90 rows", "a is missing in 10 %, 10 rows"]
    assert rows[0]["c"] == "transparent" != rows[2]["c"]


def test_the_commonest_pattern_comes_first_and_columns_keep_their_order() -> None:
    encoding = part.spec(figure(["b", "a"]))["encoding"]
    assert encoding["y"]["sort"] == ["90 %, 90 rows", "10 %, 10 rows"]
    assert encoding["x"]["sort"] == ["b", "a"]


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = ["x" * 5_000 + end for end in "abc"]
    shown = part.spec(figure(names))["encoding"]["x"]["sort"]
    assert len(set(shown)) == 3
    assert max(map(len, shown)) < 40


def test_patterns_with_the_same_share_stay_apart() -> None:
    same = figure(["a"])
    columns = same.columns | {"rows": [5, 5], "share": [0.5, 0.5]}
    spec = part.spec(Figure(id="f", chart="patterns", title="t", says="s", how="h", columns=columns))
    assert len(set(spec["encoding"]["y"]["sort"])) == 2

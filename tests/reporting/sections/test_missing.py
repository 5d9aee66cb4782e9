"""What is missing, together and apart, and what was left out."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from tests.reporting.sections.tables import HOSTILE, YES_NO, build_of, dataset, plain
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.reporting.forms import Section
from smeaton.reporting.sections.missing import part
from smeaton.task.table import object_column


def made() -> Section:
    """`a` and `b` are missing together in every fourth row, `c` alone in every tenth of the others."""
    place = np.arange(1_000)
    both, alone = place % 4 == 0, place % 10 == 1
    table = {
        "a": np.where(both, np.nan, place),
        "b": object_column([None if gone else HOSTILE for gone in both]),
        "c": np.where(alone, np.datetime64("NaT"), np.datetime64("2024-01-01", "us")),
        "whole": place,
    }
    kinds = dict(zip(table, ("number", "category", "timestamp", "integer"), strict=True))
    notes = ("'id' left out: an id, different in every row", "'a': 99 (3 rows) may stand for missing; it is kept")
    rows = dataset(table, kinds, (both | (place % 3 == 0)).astype(np.int64), YES_NO, notes=notes, ignore=("secret",))
    return part.make(build_of(rows))


def test_columns_are_named_by_how_much_they_miss() -> None:
    bars = made().figures[0].columns
    assert bars["name"] == ["a", "b", "c"]
    assert bars["value"] == pytest.approx([0.25, 0.25, 0.1], abs=0.03)


def test_columns_that_miss_together_stand_in_one_line() -> None:
    figure = made().figures[1]
    columns = figure.columns
    lines: dict[int, set[str]] = {}
    for number, column, missing in zip(columns["pattern"], columns["column"], columns["missing"], strict=True):
        lines.setdefault(number, set())
        if missing:
            lines[number].add(column)
    assert list(lines.values()) == [set(), {"a", "b"}, {"c"}]
    assert sum(dict(zip(columns["pattern"], columns["rows"], strict=True)).values()) == 800
    assert figure.says.startswith("a and b are missing together in ")
    check_figure(figure)


def test_what_the_gap_says_about_the_answer_stands_beside_it() -> None:
    grid = made().grids[0]
    check_grid(grid)
    rows = {row[0]: row for row in grid.rows}
    where, not_there = rows["a"][3], rows["a"][4]
    assert where[0] == 1.0
    assert not_there[2] < where[1]


def test_what_was_left_out_is_said_and_doubts_stand_out() -> None:
    notes = made().notes
    assert [note.mood for note in notes] == ["", "warn", ""]
    assert "'secret' (to be ignored)" in notes[-1].text


def test_one_column_that_misses_has_nothing_to_miss_with() -> None:
    rows = dataset({"x": np.array([np.nan, *range(39)])}, {"x": "number"}, np.arange(40) % 2)
    figures = part.make(build_of(rows)).figures
    assert [figure.id for figure in figures] == ["missing-columns"]


def test_of_many_columns_the_rest_is_counted() -> None:
    draw = np.random.default_rng(0)
    table = {f"{HOSTILE} {number}": np.where(draw.random(200) < 0.3, np.nan, 1.0) for number in range(40)}
    section = part.make(build_of(dataset(table, dict.fromkeys(table, "number"), draw.integers(0, 2, 200))))
    assert len(section.figures[0].columns["name"]) == len(section.grids[0].rows) == 20
    assert any("20 more columns" in note.text for note in section.notes)
    for figure in section.figures:
        check_figure(figure)


def test_a_table_that_misses_nothing_says_so() -> None:
    rows = dataset({"x": np.arange(40.0)}, {"x": "number"}, np.arange(40) % 2)
    assert "no value" in part.applies(build_of(rows))
    assert part.applies(build_of(replace(rows, notes=("3 rows have no target",)))) == ""


def test_a_build_without_a_solution_has_none() -> None:
    build = build_of(plain())
    vars(build)["board"] = msgspec.structs.replace(build.board, winner=None)
    assert "no solution" in part.applies(build)

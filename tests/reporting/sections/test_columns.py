"""The profile of the columns."""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.sections.tables import HOSTILE, YES_NO, build_of, dataset, plain
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.reporting.sections.columns import MOST, part
from smeaton.task.table import object_column
from smeaton.task.types import Type


def test_the_column_that_explains_most_comes_first_after_the_answer() -> None:
    section = part.make(build_of(plain()))
    cells = list(dict.fromkeys(section.figures[0].columns["cell"]))
    assert cells[:2] == ["y", "age"]
    assert set(cells) == {"y", "age", "spend", "region", "seen"}
    assert section.figures[0].options["strong"] == ["y"]
    rows = {row[0]: row for row in section.grids[0].rows}
    assert rows["age"][-1] > 0.4 > rows["seen"][-1]
    assert rows["region"][2:4] == (3, pytest.approx(0.1, abs=0.04))


def test_the_answer_rises_along_the_column_that_it_follows_from() -> None:
    columns = part.make(build_of(plain(2_000))).figures[0].columns
    along = [mean for cell, mean in zip(columns["cell"], columns["mean"], strict=True) if cell == "age"]
    assert along[0] < 0.1
    assert along[-1] > 0.9
    assert all(mean is None for cell, mean in zip(columns["cell"], columns["mean"], strict=True) if cell == "y")
    for low, mean, high in zip(*(columns[name] for name in ("mean_low", "mean", "mean_high")), strict=True):
        assert mean is None or 0 <= low <= mean <= high <= 1


def test_shares_of_a_column_add_up_to_one() -> None:
    columns = part.make(build_of(plain())).figures[0].columns
    for cell in set(columns["cell"]):
        assert sum(
            size for one, size in zip(columns["cell"], columns["size"], strict=True) if one == cell
        ) == pytest.approx(1)


def test_of_very_many_columns_the_best_are_shown_and_the_others_counted() -> None:
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, 300)
    table = {f"noise {number} {HOSTILE}": draw.normal(size=300) for number in range(320)}
    names = list(table)
    table[names[200]] = y + draw.normal(0, 0.1, 300)
    section = part.make(build_of(dataset(table, dict.fromkeys(table, "number"), y)))
    cells = list(dict.fromkeys(section.figures[0].columns["cell"]))
    assert len(cells) == MOST + 1
    assert cells[1] == names[200]
    assert section.notes[0].text.startswith(f"{320 - MOST} more inputs")
    assert "20 of them were not measured" in section.notes[0].text
    check_figure(section.figures[0])
    check_grid(section.grids[0])


@pytest.mark.parametrize(
    ("output", "target"),
    [
        (Type(type="number"), np.linspace(-1e300, 1e300, 60)),
        (Type(type="number"), np.zeros(60)),
        (Type(type="category", labels=tuple(f"{HOSTILE} {number}" for number in range(30))), np.arange(60) % 30),
        (Type(type="text"), object_column(["a text"] * 60)),
        (Type(type="list", of=Type(type="category", labels=("a", "b"))), np.eye(2, dtype=np.int8)[np.arange(60) % 2]),
    ],
)
def test_it_is_whole_whatever_the_answer_and_the_columns_are(output: Type, target: np.ndarray) -> None:
    table = {
        "": np.full(60, np.nan),
        "long " * 1_000: object_column([None, "x" * 5_000, "", HOSTILE] * 15),
        "vector": np.ones((60, 3)),
        "lists": object_column([[1, 2]] * 60),
        "same": np.ones(60),
    }
    kinds = ["number", "category", "vector", "json", "number"]
    rows = dataset(table, dict(zip(table, kinds, strict=True)), target, output)
    section = part.make(build_of(rows))
    for figure in section.figures:
        check_figure(figure)
    for grid in section.grids:
        check_grid(grid)
    json.dumps(msgspec.to_builtins(section), allow_nan=False)
    assert any("No picture of" in note.text for note in section.notes)


def test_few_rows_are_enough() -> None:
    rows = dataset({"x": np.arange(12.0)}, {"x": "number"}, np.arange(12) % 2, YES_NO)
    build = build_of(rows, folds=1)
    assert part.make(build).grids[0].rows[0][0] == "x"


def test_what_the_build_noted_is_what_is_counted_again(opened: Opened) -> None:
    build = opened("three")
    noted = part.make(build).grids
    again = opened("three")
    vars(again)["manifest"] = None
    assert [row[:4] for row in part.make(again).grids[0].rows] == [row[:4] for row in noted[0].rows]


def test_a_build_without_a_solution_has_none() -> None:
    build = build_of(plain())
    assert part.applies(build) == ""
    vars(build)["board"] = msgspec.structs.replace(build.board, winner=None)
    assert "no solution" in part.applies(build)


def test_rows_are_thinned_and_the_figure_says_so() -> None:
    section = part.make(build_of(replace(plain(60_000))))
    assert "20,000 training rows (evenly chosen of 48,000)" in section.figures[0].how

"""The worst slices of finished builds."""

import numpy as np
from tests.reporting.conftest import Opened

from smeaton.reporting.sections.slices import part
from smeaton.task.table import take


def test_rows_whose_answers_were_made_worse_are_named(opened: Opened) -> None:
    build = opened("number", seconds=60.0)
    evidence = build.evidence
    west = take(build.dataset.table, evidence.rows)["region"] == "west"
    evidence.prediction[west] += 30.0
    section = part.make(build)
    (figure,), (grid,) = section.figures, section.grids
    assert figure.columns["name"][0] == "region: west"
    assert figure.columns["mood"][0] == "bad"
    assert figure.columns["note"][0] == f"{int(west.sum())} rows"
    row = grid.rows[0]
    assert row[0] == "region: west"
    assert row[1] == west.sum()
    low, high = row[2][1:]
    assert low <= float(np.abs(evidence.prediction - evidence.target)[west].mean()) <= high
    assert row[4] > 25, "it says too much"
    assert grid.strong[:1] == (0,)
    assert "Benjamini" in figure.how
    assert section.facts[1].value == "region: west"


def test_classes_say_how_many_are_wrong(opened: Opened) -> None:
    section = part.make(opened("three"))
    (grid,) = section.grids
    assert grid.heads[-1].name == "wrong"
    assert all(0 <= row[-1] <= 1 for row in grid.rows)


def test_a_few_rows_are_not_cut(opened: Opened) -> None:
    build = opened("two")
    few = build.evidence
    object.__setattr__(few, "rows", few.rows[:30])
    assert "too few" in part.applies(build)

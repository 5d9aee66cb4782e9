"""Mistakes of finished builds."""

from pathlib import Path

import numpy as np
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.sections.answered import answered
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.reporting.build import Build
from smeaton.reporting.sections import fairness, slices
from smeaton.reporting.sections.mistakes import part
from smeaton.task.table import PREDICTION, PROBABILITY, object_column
from smeaton.task.types import Type


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_every_row_that_is_named_was_answered_wrongly(kind: str, opened: Opened) -> None:
    build = opened(kind, seconds=60.0)
    (grid,) = part.make(build).grids
    names = [head.name for head in grid.heads]
    said, true = names.index("said"), names.index("true")
    assert 0 < len(grid.rows) <= 20
    assert all(row[said] != row[true] for row in grid.rows)
    assert len({row[0] for row in grid.rows}) == len(grid.rows)
    assert all(row[0].startswith("c") for row in grid.rows), "rows go by their id"
    assert len({row[names.index("kind of mistake")] for row in grid.rows}) > 1
    assert any(row[names.index("what spoke for it")] for row in grid.rows)
    assert names[4] == ("off by" if kind == "number" else "how sure")


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_the_figure_holds_both_ends_of_the_first_rows(kind: str, opened: Opened) -> None:
    section = part.make(opened(kind, seconds=60.0))
    (figure,), (grid,) = section.figures, section.grids
    check_figure(figure)
    start, end = figure.columns["start"], figure.columns["end"]
    assert 0 < len(start) <= 12
    assert [name.partition(":")[0] for name in figure.columns["name"]] == [row[0] for row in grid.rows[: len(start)]]
    last = [row[4] for row in grid.rows[: len(start)]]
    if kind == "number":
        assert [said - true for true, said in zip(start, end, strict=True)] == pytest.approx(last)
    else:
        assert end == pytest.approx(last)
        assert all(0 <= true <= said <= 1 for true, said in zip(start, end, strict=True))


def test_answers_without_probabilities_have_no_figure(tmp_path: Path) -> None:
    assert part.make(other(tmp_path, "many")).figures == ()


def test_the_surest_wrong_answer_is_there(opened: Opened) -> None:
    build = opened("three")
    evidence = build.evidence
    assert evidence.probability is not None
    wrong = evidence.codes() != evidence.target
    surest = evidence.probability.max(axis=1)[wrong].max()
    (grid,) = part.make(build).grids
    place = [head.name for head in grid.heads].index("how sure")
    assert max(row[place] for row in grid.rows) == pytest.approx(surest)


def test_answers_that_are_all_right_have_no_mistakes(opened: Opened) -> None:
    build = opened("number")
    evidence = build.evidence
    object.__setattr__(evidence, "prediction", evidence.target.copy())
    assert part.applies(build).startswith("none of the ")


def test_without_time_the_rows_are_there_and_nothing_spoke(opened: Opened) -> None:
    section = part.make(opened("two", seconds=0.0))
    assert "what spoke for it" not in [head.name for head in section.grids[0].heads]


def other(root: Path, answer: str) -> Build:
    """A build whose answers are labels in any number, structures or texts; every third is wrong."""
    draw, rows = np.random.default_rng(0), 120
    wrong = np.arange(rows) % 3 == 0
    if answer == "many":
        target = draw.integers(0, 2, (rows, 2)).astype(np.int8)
        chance = np.clip(np.abs(target - np.where(wrong, 0.9, 0.1)[:, None]), 0, 1)
        said = object_column(
            [[label for label, p in zip("pq", row, strict=True) if p > 0.5] for row in chance.tolist()]
        )
        kind = Type(type="list", of=Type(type="category", labels=("p", "q")))
        return answered(root, kind, target, {PREDICTION: said, PROBABILITY: chance})
    values = ["<b>x</b>" * 900 if answer == "text" else {"name": "\u202eabc", "age": 3}] * rows
    said = object_column([None if bad else value for bad, value in zip(wrong.tolist(), values, strict=True)])
    fields = {"name": Type(type="text"), "age": Type(type="integer")}
    kind = Type(type="text") if answer == "text" else Type(type="object", fields=fields)
    return answered(root, kind, object_column(values), {PREDICTION: said})


@pytest.mark.parametrize("answer", ["many", "structure", "text"])
def test_answers_of_other_kinds_are_judged_too(answer: str, tmp_path: Path) -> None:
    build = other(tmp_path, answer)
    object.__setattr__(build.wish, "across", ("x",))
    for one in (part, slices.part, fairness.part):
        assert one.applies(build) == ""
        section = one.make(build)
        for figure in section.figures:
            check_figure(figure)
        for grid in section.grids:
            check_grid(grid)
    rows = part.make(build).grids[0].rows
    assert len(rows) == 20
    assert all(len(cell) <= 160 for row in rows for cell in row if isinstance(cell, str))

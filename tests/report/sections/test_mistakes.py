"""Mistakes of finished builds."""

import pytest
from tests.report.conftest import Opened

from smeaton.report.sections.mistakes import part


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

"""Groups of a column that the reader names."""

import pytest
from tests.reporting.conftest import Opened
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.errors import DataError
from smeaton.reporting.sections.fairness import part


@pytest.mark.parametrize("kind", ["two", "three", "number"])
@pytest.mark.parametrize("column", ["age", "spend"])
def test_any_kind_of_answer_can_be_compared(kind: str, column: str, opened: Opened) -> None:
    section = part.make(opened(kind, across=(column,)))
    for figure in section.figures:
        check_figure(figure)
        assert column in figure.title
    for grid in section.grids:
        check_grid(grid)
    assert section.facts
    assert any("not why" in note.text for note in section.notes)


def test_plans_that_leave_are_told_apart(opened: Opened) -> None:
    section = part.make(opened("two", across=("plan", "age", "plan")))
    assert len(section.figures) == 2, "a column named twice is looked at once"
    groups, gaps = section.grids[:2]
    assert {row[0] for row in groups.rows} == {"basic", "plus", "pro"}
    rates = {row[0]: row for row in gaps.rows}
    assert rates["positive rate"][1:3] == ("basic", "pro")
    assert rates["positive rate"][4] == "warn"
    assert any("of the highest" in note.text and note.mood == "warn" for note in section.notes)
    assert any("The positive answer is churned" in note.text for note in section.notes)


def test_where_nothing_was_named_it_says_how_to_ask(opened: Opened) -> None:
    assert "--across COLUMN" in part.applies(opened("two"))


def test_an_unknown_column_is_answered_with_the_nearest(opened: Opened) -> None:
    build = opened("two", across=("plann",))
    assert part.applies(build) == ""
    with pytest.raises(DataError, match="did you mean 'plan'"):
        part.make(build)


def test_a_column_that_the_task_ignores_is_not_there(opened: Opened) -> None:
    with pytest.raises(DataError, match="the task ignores it") as caught:
        part.make(opened("three", across=("fee",)))
    assert "rows.ignore" in caught.value.fix

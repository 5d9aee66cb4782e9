"""Rows that may be wrong: what is drawn, named and said of what was found."""

from typing import Any

import msgspec
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.sections.tables import HOSTILE, build_of, plain
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.insight.forms import Conflict, Confusion, Example, NearCopies, Pair, Report, Suspect
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Section
from smeaton.reporting.sections.suspects import part
from smeaton.task.profile import Suspect as Leak


def example(row: int, name: str | None = None) -> Example:
    return Example(row=row, text=f"{HOSTILE} " * 30, id=name)


def with_found(**parts: Any) -> Build:
    return build_of(plain(), found=Report(task="t", target="y", solution="s", trial="t", rows=100, **parts))


def suspects(count: int = 30) -> tuple[Suspect, ...]:
    return tuple(
        Suspect(
            example=example(number + 1, f"c{number}"),
            given=HOSTILE,
            suggested="b" * 500,
            probability=0.9 - number / 100,
            probability_given=0.05,
            strength=0.85,
        )
        for number in range(count)
    )


def check(section: Section) -> None:
    for figure in section.figures:
        check_figure(figure)
    for grid in section.grids:
        check_grid(grid)


def test_the_likeliest_suspects_are_drawn_and_more_are_named() -> None:
    section = part.make(with_found(suspects=suspects(), suspected=30, expected=4.0))
    figure, grid = section.figures[0], section.grids[0]
    assert len(figure.columns["name"]) == 12
    assert figure.columns["end"][0] == 0.9
    assert len(grid.rows) == 20
    assert grid.rows[0][0] == "row 1 (c0)"
    assert section.facts[0].value == "30"
    assert section.facts[0].mood == "warn"
    assert "about 4 would by chance" in section.facts[0].note
    check(section)


def test_no_more_suspects_than_chance_would_give_are_no_worry() -> None:
    assert part.make(with_found(suspects=suspects(5), suspected=5, expected=4.0)).facts[0].mood == ""


def test_numbers_are_drawn_from_what_the_row_says_to_the_answer() -> None:
    odd = (Suspect(example=example(7), given="1250.5", suggested="3", strength=6.0),)
    figure = part.make(with_found(suspects=odd, suspected=1)).figures[0]
    assert (figure.columns["start"], figure.columns["end"]) == ([1250.5], [3.0])
    assert figure.columns["name"] == ["7"]
    words = (Suspect(example=example(7), given="a few", suggested="3", strength=6.0),)
    section = part.make(with_found(suspects=words, suspected=1))
    assert not section.figures
    assert section.grids[0].rows[0][1:3] == ("a few", "3")


def test_labels_that_are_mixed_up_have_their_intervals() -> None:
    mixed = (Confusion(given=HOSTILE, said="b", rows=3, of=10, share=0.3, low=0.1, high=0.6),)
    section = part.make(with_found(confusions=mixed))
    columns = section.figures[0].columns
    assert (columns["value"], columns["low"], columns["high"]) == ([0.3], [0.1], [0.6])
    assert columns["note"] == ["3 of 10 rows"]
    check(section)


def test_contradictions_and_copies_are_named() -> None:
    conflict = Conflict(examples=(example(1), example(9)), rows=3, answers=(("a", 2), ("b", 1)))
    pair = Pair(first=example(1), second=example(2), parts=("training", "test"), likeness=0.95, differing=("x",))
    near = NearCopies(
        between="training rows and the sealed test", rows=9, of=100, same=1.0, chance=0.001, pairs=(pair,)
    )
    section = part.make(with_found(conflicts=(conflict,), conflicting=3, attainable=0.98, near=(near,)))
    rows = {grid.id: grid.rows[0] for grid in section.grids}
    assert rows["suspects-conflicts"][:3] == (3, "a 2 times, b 1 times", "row 1, row 9")
    assert rows["suspects-copies"][:4] == ("training, row 1", "test, row 2", 0.95, "x")
    assert [fact.mood for fact in section.facts[1:]] == ["warn", "warn"]
    assert "none is right in more than 98.0%" in section.facts[1].note
    check(section)


@pytest.mark.parametrize(("chance", "said", "mood"), [(0.2, "by chance 20 %", ""), (1.0, "is not known", "")])
def test_copies_that_chance_explains_are_no_worry(chance: float, said: str, mood: str) -> None:
    near = NearCopies(between="folds", rows=9, of=100, same=0.5, chance=chance)
    fact = part.make(with_found(near=(near,))).facts[-1]
    assert said in fact.note
    assert fact.mood == mood


def test_where_nothing_is_found_it_says_so() -> None:
    section = part.make(with_found(left_out={"suspects": "texts have no probability to be doubted by"}))
    assert [note.mood for note in section.notes] == ["", "good"]
    assert "no probability" in section.notes[0].text
    assert not section.facts


def test_leaks_that_nobody_accepted_stand_in_the_way(opened: Opened) -> None:
    build = opened("two")
    manifest = build.manifest
    assert manifest is not None
    leaks = tuple(
        Leak(kind="single column", columns=("x",), why="it gives the target away", accept="accept: {leak: [x]}",
             accepted=accepted)
        for accepted in (False, True)
    )  # fmt: skip
    profile = msgspec.structs.replace(manifest.profile, suspects=leaks)
    vars(build)["manifest"] = msgspec.structs.replace(manifest, profile=profile)
    notes = part.make(build).notes
    assert [note.mood for note in notes[:2]] == ["bad", "warn"]
    assert notes[0].text.endswith("accept: {leak: [x]}")


def test_a_build_without_a_solution_has_none() -> None:
    build = build_of(plain())
    vars(build)["board"] = msgspec.structs.replace(build.board, winner=None)
    assert "no solution" in part.applies(build)

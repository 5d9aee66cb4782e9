"""The ablation as a section: what helped, what did harm, and what nobody can tell."""

from pathlib import Path
from typing import Any

import pytest
from tests.reporting.sections.made_boards import board, build, row
from tests.reporting.test_sections import checked

from smeaton.leaderboard.ablation import Ablation, Piece
from smeaton.reporting.forms import Section
from smeaton.reporting.sections.ablation import part
from smeaton.trials.record import Interval

HELPED, UNSURE, HARMED, NONE = (
    Interval(0.02, 0.01, 0.03), Interval(0.005, -0.01, 0.02), Interval(-0.02, -0.03, -0.01), Interval(0.0, 0.0, 0.0),
)  # fmt: skip


def taken(*pieces: Piece) -> Ablation:
    return Ablation(task="made", metric="log_loss", better="lower", seconds=9.0, pieces=pieces, notes=("the note",))


def made(root: Path, of: Ablation, **config: Any) -> Section:
    found = build(root, board=board(row("blend", 0.4, config=config)), ablation=of)
    assert part.applies(found) == ""
    return checked(part.make(found))


def some() -> Ablation:
    return taken(
        Piece(kind="family", name="linear", tried=3, single=NONE, blend=HELPED, seconds=2.0),
        Piece(kind="encode", name="target", tried=2, single=UNSURE, blend=UNSURE),
        Piece(kind="derive", name="pairs", tried=1, single=HELPED, blend=HARMED),
        Piece(kind="family", name="forest", tried=1, single=NONE, blend=NONE),
        Piece(kind="family", name="network", why="none of its 2 tries was finished"),
    )


def test_what_was_blended_is_compared_with_blends(tmp_path: Path) -> None:
    section = made(tmp_path, some(), members=["a", "b"])
    columns = section.figures[0].columns
    assert columns["name"] == ["linear", "target encoding", "derived pairs"]
    assert columns["mood"] == ["good", "muted", "bad"]
    assert columns["value"] == [0.02, 0.005, -0.02]
    assert "linear brought most: clearly 0.02" in section.figures[0].says
    assert "(linear)" in section.do


def test_what_stands_alone_is_compared_with_single_ones(tmp_path: Path) -> None:
    section = made(tmp_path, some())
    assert section.figures[0].columns["name"] == ["derived pairs", "target encoding"]
    assert "best single solution" in section.shows


def test_what_changed_nothing_is_named_and_not_drawn(tmp_path: Path) -> None:
    section = made(tmp_path, some(), members=["a", "b"])
    texts = [note.text for note in section.notes]
    assert texts == ["The note.", "Without these nothing would have changed: forest."]


def test_the_table_holds_all_with_what_cannot_be_told_empty(tmp_path: Path) -> None:
    grid = made(tmp_path, some()).grids[0]
    assert len(grid.rows) == 5
    assert grid.rows[4][:5] == ("network", "a family of solutions", None, None, None)
    assert grid.rows[4][-1] == "none of its 2 tries was finished"


def test_blends_are_compared_with_the_best_single_one(tmp_path: Path) -> None:
    blend = Piece(kind="blend", name="blend", tried=2, single=HELPED, blend=HARMED)
    columns = made(tmp_path, taken(blend), members=["a", "b"]).figures[0].columns
    assert columns["value"] == [0.02]


def test_of_many_both_ends_are_drawn(tmp_path: Path) -> None:
    lost = [Interval(value / 100, value / 100 - 0.001, value / 100 + 0.001) for value in range(20, -20, -1) if value]
    pieces = [Piece(kind="derive", name=f"c{place}", tried=1, single=one) for place, one in enumerate(lost)]
    section = made(tmp_path, taken(*pieces))
    values = section.figures[0].columns["value"]
    assert values == pytest.approx([0.20, 0.19, 0.18, 0.17, 0.16, 0.15, 0.14, -0.13, -0.14, -0.15, -0.16, -0.17, -0.18,
                                    -0.19])  # fmt: skip
    assert "25 between them are in the table" in section.figures[0].how
    assert len(section.grids[0].rows) == 39


@pytest.mark.parametrize(
    ("worth", "advice"), [(HELPED, "Keep what clearly helped"), (HARMED, "Leave out"), (UNSURE, "No single ingredient")]
)
def test_the_advice_follows_from_the_intervals(worth: Interval, advice: str, tmp_path: Path) -> None:
    assert advice in made(tmp_path, taken(Piece(kind="family", name="linear", tried=1, single=worth))).do


def test_nothing_to_draw_is_a_table_alone(tmp_path: Path) -> None:
    section = made(tmp_path, taken(Piece(kind="family", name="linear", tried=1, single=NONE)))
    assert section.figures == ()
    assert section.facts == ()
    assert section.grids


def test_it_says_why_it_is_not_there(tmp_path: Path) -> None:
    assert "nothing was chosen" in part.applies(build(tmp_path, board=board(row("linear"), winner=None)))
    late = build(tmp_path, board=board(row("linear", 0.4)), ablation=some())
    late.start -= 60
    assert "smeaton board --ablation" in part.applies(late)
    assert "no ingredients" in part.applies(build(tmp_path, board=board(row("linear", 0.4)), ablation=taken()))

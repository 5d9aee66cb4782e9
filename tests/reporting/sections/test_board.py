"""The board as a section: the first solutions drawn, all in a table, what did not run with its reasons."""

from pathlib import Path

import pytest
from tests.reporting.sections.made_boards import HOSTILE, board, build, cost, row
from tests.reporting.test_sections import checked

from smeaton.leaderboard.forms import Board
from smeaton.reporting.forms import Section
from smeaton.reporting.sections.board import part
from smeaton.trials.record import Interval


def made(root: Path, of: Board) -> Section:
    return checked(part.make(build(root, board=of)))


def many(count: int) -> Board:
    rows = [row(f"forest{number}", 0.4 + number / 1_000) for number in range(count)]
    return board(*rows)


def test_the_first_are_drawn_and_how_many_more_there_are_is_said(tmp_path: Path) -> None:
    section = made(tmp_path, many(200))
    figure = section.figures[0]
    assert len(figure.columns["name"]) == 15
    assert "15 of 200" in figure.how
    assert figure.columns["name"][:2] == ["1. forest", "2. forest"]
    assert len(section.grids[0].rows) == 50
    assert any("first 50 of 200" in note.text for note in section.notes)


def test_intervals_are_those_of_the_board(tmp_path: Path) -> None:
    section = made(tmp_path, many(3))
    columns = section.figures[0].columns
    assert list(zip(columns["low"], columns["value"], columns["high"], strict=True))[1] == pytest.approx(
        (0.381, 0.401, 0.421)
    )
    assert section.grids[0].rows[1][2] == pytest.approx([0.401, 0.381, 0.421])
    assert section.grids[0].strong == (0,)


def test_paired_differences_are_a_figure_of_their_own_without_the_constant_answer(tmp_path: Path) -> None:
    near = row("linear", 0.41, behind=Interval(0.01, -0.002, 0.02))
    far = row("tfidf", 0.5, behind=Interval(0.1, 0.05, 0.15))
    constant = row("baseline", 0.9, behind=Interval(0.5, 0.4, 0.6))
    section = made(tmp_path, board(row("boosting", 0.4), near, far, constant, baseline="baseline"))
    figure = section.figures[1]
    assert figure.columns["name"] == ["2. linear", "3. tfidf"]
    assert "1 solution is clearly worse" in figure.says
    assert figure.options["rule"] == 0


def test_a_better_one_that_cannot_ship_is_said_to_be_ahead(tmp_path: Path) -> None:
    ahead = row("network", 0.38, behind=Interval(-0.02, -0.03, -0.01), limits=("p95 is 2 s, the limit is 1 s",))
    section = made(tmp_path, board(row("linear", 0.4), ahead))
    assert "network is 0.02 ahead" in section.figures[1].says
    assert section.figures[0].columns["mood"] == ["", "warn"]
    assert "breaks a limit or a bar" in section.grids[0].rows[1][6]


def test_ties_and_costs_are_told(tmp_path: Path) -> None:
    tied = row("linear", 0.41, tie=True, pareto=True, cost=cost(0.003, None, 500))
    section = made(tmp_path, board(row("boosting", 0.4, cost=cost()), tied))
    assert "the one that ties" in section.do
    cells = section.grids[0].rows[1]
    assert cells[3:6] == (0.003, None, 500)
    assert cells[6] == "ties with the best, on the Pareto front"
    assert cells[8] == "linear"


def test_one_reason_is_one_row(tmp_path: Path) -> None:
    why = "no language model can be asked here"
    rows = [row("prompt", why=why), row("cascade", why=why), row("tagger", why=HOSTILE, state="failed")]
    section = made(tmp_path, board(row("linear", 0.4), *rows))
    grid = section.grids[-1]
    assert grid.title == "What did not run, and why"
    assert grid.rows == (("failed", "tagger", HOSTILE), ("could not run", "prompt, cascade", why))
    assert {fact.name: fact.value for fact in section.facts}["could not run"] == "2"


def test_what_must_not_be_chosen_is_listed_without_a_rank(tmp_path: Path) -> None:
    barred = row("encoder", 0.1, rank=None, barred="it has seen the answers")
    section = made(tmp_path, board(row("linear", 0.4), barred))
    assert section.figures[0].columns["name"] == ["1. linear"]
    assert section.grids[0].rows[1][0] is None
    assert "must not be chosen" in section.grids[0].rows[1][6]


def test_shares_are_drawn_in_per_cent(tmp_path: Path) -> None:
    section = made(tmp_path, board(row("linear", 0.8), metric="accuracy", better="higher", unit="share"))
    assert section.figures[0].options["kind"] == "share"
    assert "80.0 %" in section.figures[0].says


def test_a_board_without_a_score_says_what_to_mend(tmp_path: Path) -> None:
    section = made(tmp_path, board(row("linear", why="no rows"), winner=None))
    assert section.figures == ()
    assert "why nothing could be scored" in section.do
    assert part.applies(build(tmp_path, board=board(row("linear"), winner=None))) == ""
    assert "nothing was tried" in part.applies(build(tmp_path, board=Board(**{**_EMPTY, "rows": ()})))


_EMPTY = {"task": "made", "metric": "rmse", "better": "lower", "unit": "target"}

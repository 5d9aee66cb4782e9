"""The search as a section: when tries ended, the best until then, what took the time and what was given up."""

from pathlib import Path

import msgspec
import pytest
from tests.reporting.sections.made_boards import HOSTILE, board, build, past, row, trial
from tests.reporting.test_sections import checked

from smeaton.reporting.forms import Section
from smeaton.reporting.sections._tries import tries, worst_shown
from smeaton.reporting.sections.search import part
from smeaton.trials.past import Past


def made(root: Path, of: Past) -> Section:
    found = build(root, board=board(row("linear", 0.4)), past=of)
    assert part.applies(found) == ""
    return checked(part.make(found))


def some() -> Past:
    """Six tries: three gains, one worse, one stopped, one that failed."""
    return past(
        trial("baseline", 0.9, at=1.0),
        trial("linear", 0.5, at=2.0),
        trial("tfidf", at=3.0, seconds=0.5),
        trial("forest", 0.6, at=4.0, seconds=6.0),
        trial("network", at=5.0, state="failed", note="out of memory"),
        trial("linear", 0.45, at=6.5),
        notices=(("note", "the search ended: nothing improved any more"),),
    )


def test_the_line_is_the_best_until_then(tmp_path: Path) -> None:
    columns = made(tmp_path, some()).figures[0].columns
    assert columns["at"] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]
    assert columns["best"] == [0.9, 0.5, 0.5, 0.5, 0.5, 0.45]
    assert columns["state"] == ["new best", "new best", "stopped early", "finished", "failed", "new best"]
    assert columns["score"] == [0.9, 0.5, None, 0.6, None, 0.45]
    assert all(columns["key"])


def test_higher_may_be_better() -> None:
    found = tries(
        past(trial("linear", 0.5, at=1.0), trial("forest", 0.4, at=2.0), trial("mixed", 0.6, at=3.0)), "higher"
    )
    assert [one.best for one in found.found] == [0.5, 0.5, 0.6]
    assert found.last_gain is found.found[-1]


def test_an_older_build_stands_in_its_order(tmp_path: Path) -> None:
    section = made(tmp_path, past(trial("linear", 0.5), trial("forest", 0.4), trial("mixed", 0.6)))
    assert section.figures[0].columns["at"] == [1, 2, 3]
    assert "number of the try" in section.figures[0].x
    assert any("did not note when" in note.text for note in section.notes)
    assert next(fact for fact in section.facts if fact.name == "the best came").value == "try 2"


def test_a_build_that_went_on_later_goes_on_where_it_was() -> None:
    one, two = [trial("linear", 0.5, at=4.0), trial("forest", 0.4, at=9.0)], [trial("mixed", 0.3, at=2.0)]
    found = tries(past(*one, *two), "lower")
    assert [each.at for each in found.found] == [4.0, 9.0, 11.0]
    assert found.sittings == 2


def test_what_says_nothing_of_the_search_is_left_out() -> None:
    refused = trial("prompt", state="refused")
    refit = trial("linear", 0.5, at=5.0, estimated_from="a")
    barred = trial("encoder", 0.1, at=2.0, barred="it has seen the answers")
    part_of = trial("forest", 0.2, at=3.0, fidelity=0.2)
    found = tries(past(refused, trial("linear", 0.5, at=1.0), barred, part_of, refit), "lower")
    assert [one.state for one in found.found] == ["new best", "finished", "part of the rows"]
    assert {one.best for one in found.found} == {0.5}


def test_what_the_clock_cut_stands_at_the_end() -> None:
    found = tries(past(trial("linear", 0.5, at=1.0), cuts=(trial("forest"),)), "lower")
    assert [(one.at, one.state) for one in found.found] == [(1.0, "new best"), (1.0, "stopped early")]


@pytest.mark.parametrize(("better", "sign"), [("lower", 1), ("higher", -1)])
def test_one_bad_try_does_not_hide_what_tells_the_good_apart(better: str, sign: int) -> None:
    scores = [sign * value for value in (0.50, 0.49, 0.48, 0.47, 0.46, 50.0)]
    found = tries(past(*(trial("linear", score, at=1.0 + at) for at, score in enumerate(scores))), better)  # type: ignore[arg-type]
    worst = worst_shown(found.found, better)  # type: ignore[arg-type]
    assert worst is not None
    assert 0.50 <= sign * worst < 1
    few = tries(past(trial("linear", 0.5, at=1.0), trial("linear", 0.4, at=2.0)), "lower")
    assert worst_shown(few.found, "lower") is None or worst_shown(few.found, "lower") <= 0.5  # type: ignore[operator]


def test_work_is_counted_by_family_and_by_what_came_of_it(tmp_path: Path) -> None:
    section = made(tmp_path, some())
    columns = section.figures[1].columns
    cells = dict(zip(zip(columns["name"], columns["part"], strict=True), columns["value"], strict=True))
    assert cells == {
        ("forest", "finished"): 6.0, ("linear", "finished"): 2.0, ("baseline", "finished"): 1.0,
        ("network", "failed"): 1.0, ("tfidf", "stopped early"): 0.5,
    }  # fmt: skip
    assert columns["name"][0] == "forest", "what took most stands first"
    assert "forest took most: 57%" in section.figures[1].says
    assert "14% went to tries that were given up" in section.figures[1].says


def test_many_families_are_taken_together(tmp_path: Path) -> None:
    families = [f"{chr(97 + number)}-{HOSTILE}" for number in range(26)]
    tried = [trial(family, 0.5 + at / 100, at=at + 1.0, seconds=30.0 - at) for at, family in enumerate(families)]
    figure = made(tmp_path, past(*tried)).figures[1]
    assert len(dict.fromkeys(figure.columns["name"])) == 12
    assert figure.columns["name"][-1] == "15 others"
    assert sum(figure.columns["value"]) == pytest.approx(sum(one.seconds for one in tried))


def test_what_was_given_up_says_why(tmp_path: Path) -> None:
    grid = made(tmp_path, some()).grids[0]
    assert grid.rows == (("network", "failed", 1, 1.0, "out of memory"), ("tfidf", "stopped early", 1, 0.5, ""))


def test_the_advice_follows_from_what_the_end_brought(tmp_path: Path) -> None:
    still = past(*(trial("linear", 0.9 - 0.1 * at, at=at + 1.0) for at in range(5)))
    flat = past(*(trial("linear", 0.5, at=at + 1.0) for at in range(5)))
    blend = trial("blend", 0.1, at=6.0)

    config = msgspec.structs.replace(blend.candidate, config={"members": ["a", "b"]})
    blended = past(*flat.trials, msgspec.structs.replace(blend, candidate=config))
    assert "may well find something better" in made(tmp_path, still).do
    assert "hardly help" in made(tmp_path, flat).do
    assert "hardly help" in made(tmp_path, blended).do, "a blend comes last whatever the search found"
    assert "more to choose from" in made(tmp_path, past(*still.trials[:2])).do


def test_why_it_ended_and_what_was_spent_are_told(tmp_path: Path) -> None:
    asked = trial("prompt", 0.3, at=7.0, money=0.25)
    section = made(tmp_path, past(*some().trials, asked, notices=some().notices))
    assert any("nothing improved any more" in note.text for note in section.notes)
    assert {fact.name: fact.value for fact in section.facts}["spent on language models"] == "$0.25"


def test_nothing_tried_is_no_search(tmp_path: Path) -> None:
    found = build(tmp_path, board=board(row("linear")), past=past(trial("prompt", state="refused")))
    assert "refused" in part.applies(found)


def test_tries_that_all_ended_at_once_tell_nothing_of_the_last_ones() -> None:
    found = tries(past(*(trial("linear", score, at=3.0) for score in (0.5, 0.4, 0.3, 0.2))), "lower")
    assert found.late_gain("lower", 0.2) is None

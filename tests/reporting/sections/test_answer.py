"""The answer: its facts are those of the bundle and the board, and everything to worry about is said."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.sections.made_boards import HOSTILE
from tests.reporting.test_sections import checked

from smeaton.bundle.manifest import Score
from smeaton.leaderboard.forms import Row
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Section
from smeaton.reporting.sections._compared import compare
from smeaton.reporting.sections._worries import ranking_score
from smeaton.reporting.sections.answer import part
from smeaton.task.profile import Suspect
from smeaton.task.task import Bar, Limits, Solutions
from smeaton.trials.record import Interval

with_ = msgspec.structs.replace


def made(build: Build) -> Section:
    return checked(part.make(build))


def facts(section: Section) -> dict[str, Fact]:
    return {fact.name: fact for fact in section.facts}


def texts(section: Section) -> str:
    return "\n".join(note.text for note in section.notes)


def change(build: Build, *, winner: dict[str, Any] | None = None, **parts: dict[str, Any]) -> Build:
    """The build with fields of its board, manifest, task or winner replaced."""
    for name, changes in parts.items():
        build.__dict__[name] = with_(getattr(build, name), **changes)
    if winner:
        rows = tuple(with_(row, **winner) if row.key == build.board.winner else row for row in build.board.rows)
        build.__dict__["board"] = with_(build.board, rows=rows)
        build.__dict__.pop("winner", None)
    return build


def other(build: Build, **changes: Any) -> Row:
    """The constant answer's row under another name: a further solution whose answers are there."""
    return with_(build.board[build.board.baseline or ""], **changes)


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_the_sealed_test_is_the_bundles(kind: str, opened: Opened) -> None:
    build = opened(kind)
    section, manifest = made(build), build.manifest
    assert manifest is not None
    test = ranking_score(manifest, build.board)
    assert test is not None
    figure = section.figures[0]
    assert figure.columns["name"][:2] == ["chosen, sealed test", "chosen, validation"]
    assert figure.columns["value"][0] == test.value
    assert (figure.columns["low"][0], figure.columns["high"][0]) == (test.low, test.high)
    assert figure.columns["value"][1] == build.winner.score.value  # type: ignore[union-attr]
    assert figure.columns["name"][-1] == "always the same answer"
    fact = facts(section)[f"{build.board.metric}, sealed test"]
    assert f"{test.rows:,} rows that nobody tuned on; opened once" in fact.note
    assert facts(section)["outcome"].mood == "good"


def test_people_are_told_how_many_answers_are_right(opened: Opened) -> None:
    build = opened("three")
    section = made(build)
    right = next(score for score in build.manifest.test if score.metric == "accuracy")  # type: ignore[union-attr]
    assert facts(section)["right answers, sealed test"].value == f"{100 * right.value:.1f} %"
    against = facts(section)["against the simplest answer"]
    assert against.mood == "good"
    assert against.value.endswith("points better")


def test_the_lead_is_counted_on_the_rows_both_answered(opened: Opened) -> None:
    build = opened("number")
    baseline = build.board[build.board.baseline or ""]
    lead = compare(build, baseline, "rmse")
    assert lead is not None
    assert build.board.lead is not None
    assert lead.lead == build.board.lead, "the same rows, the same comparison as the board's"
    plain = compare(build, baseline, "mae")
    assert plain is not None
    assert plain.lead.value == pytest.approx(plain.theirs.value - plain.mine.value)
    share = 100 * plain.lead.value / plain.theirs.value
    assert facts(made(build))["against the simplest answer"].value == f"{share:.0f} % less usual error"


def test_what_ships_may_be_the_users_own(opened: Opened) -> None:
    assert facts(made(opened("two")))["against your own"].value == "it is your own"


def test_what_ships_is_compared_with_the_users_own(opened: Opened) -> None:
    build = opened("two")
    name = f"model.onnx{HOSTILE}"
    change(build, task={"solutions": Solutions(add=(name,))})
    own = other(build, key=build.board.baseline, family=name)
    rows = [row for row in build.board.rows if row.key != own.key]
    change(build, board={"rows": (*rows, own), "baseline": None, "lead": None})
    section = made(build)
    fact = next(fact for fact in section.facts if fact.name.startswith("against your own"))
    assert fact.value.endswith("better")
    assert fact.mood == "good"
    assert any(line.startswith("yours: ") for line in section.figures[0].columns["name"])


def test_an_own_solution_that_did_not_run_says_why(opened: Opened) -> None:
    build = change(opened("two"), task={"solutions": Solutions(add=("old.py:old",))})
    lost = Row(key="x", family="old.py:old", state="failed", why="it needs a column that is not there")
    fact = facts(made(change(build, board={"rows": (*build.board.rows, lost)})))["against your own old.py:old"]
    assert (fact.value, fact.note) == ("not known", "it needs a column that is not there")


def test_costs_speed_and_size_are_those_measured(opened: Opened) -> None:
    build = opened("two")
    found = facts(made(build))
    assert {"1,000 answers", "one answer (p95)", "size"} <= found.keys()
    cost = build.winner.cost
    assert cost is not None
    unknown = facts(made(change(build, winner={"cost": with_(cost, cost_per_1k=None)})))
    assert unknown["1,000 answers"].value == "price unknown"
    assert facts(made(change(build, winner={"cost": None})))["cost, speed, size"].value == "not measured"


def test_without_a_bundle_nothing_is_known_of_the_sealed_test(opened: Opened, tmp_path: Path) -> None:
    build = opened("two")
    build.bundle = tmp_path / "gone.bundle"
    section = made(build)
    assert "No bundle of this build lies at gone.bundle" in texts(section)
    assert facts(section)["outcome"].value == "unknown"
    assert facts(section)["log_loss on validation"].mood == "warn"
    assert section.figures[0].columns["name"][0] == "chosen, validation"


def test_what_stands_in_the_way_comes_first(opened: Opened) -> None:
    build = change(opened("two"), manifest={"outcome": "not ready", "reasons": (f"p95 is 2 s {HOSTILE}",)})
    section = made(build)
    assert section.notes[0].mood == "bad"
    assert section.notes[0].text == f"p95 is 2 s {HOSTILE}"
    assert facts(section)["outcome"].mood == "bad"
    assert "each reason" in section.do


def test_nothing_better_than_the_constant_answer_is_no_solution(opened: Opened) -> None:
    build = change(opened("two"), manifest={"outcome": "no solution", "reasons": ("nothing beats it",)})
    unsure = change(build, board={"lead": Interval(0.01, -0.02, 0.03)})
    section = made(unsure)
    assert facts(section)["against the simplest answer"].mood == "bad"
    assert "not certain" in texts(section)
    assert section.do.startswith("Do not use it")
    same = change(build, board={"winner": build.board.baseline, "lead": None})
    same.__dict__.pop("winner", None)
    assert facts(made(same))["against the simplest answer"].value == "no better"


def test_all_that_weakens_the_sealed_test_is_said(opened: Opened) -> None:
    build = opened("two")
    manifest = build.manifest
    assert manifest is not None
    score = build.winner.score
    assert score is not None
    bad = Score(metric="log_loss", value=score.high + 1, low=score.high, high=score.high + 2, rows=48, better="lower")
    change(build, manifest={"test": (bad,), "data": with_(manifest.data, test_opened=4)})
    said = texts(made(build))
    assert "opened 4 times" in said
    assert "worse than validation" in said
    assert "only 48 rows" in said
    change(build, manifest={"test": (), "data": with_(manifest.data, test_rows=0)})
    assert "No rows were sealed" in texts(made(build))


def test_accepted_suspects_luck_and_later_rows_are_said(opened: Opened) -> None:
    build = opened("two")
    leak = Suspect(kind="leak", columns=("age",), why="age gives the answer away", accept="accept: x", accepted=True)
    assert build.manifest is not None
    change(build, manifest={"profile": with_(build.manifest.profile, suspects=(leak,))}, winner={"luck": 0.0123})
    change(build, board={"later": Interval(0.4, 0.2, 0.9)})
    section = made(build)
    said = texts(section)
    assert "Accepted by you (leak): age gives the answer away." in said
    assert "0.0123 of its validation log_loss is the luck" in said
    assert "0.2 to 0.9" in said
    assert "chosen, later rows" in section.figures[0].columns["name"]


def test_bars_and_limits_are_held_against_what_was_measured(opened: Opened) -> None:
    build = opened("two")
    bars = {"accuracy": Bar(op=">=", value=0.5), "roc_auc": Bar(op=">=", value=0.95)}
    limits = Limits(p95=1e-9, size=10**12)
    judged = {"accuracy": Interval(0.8, 0.7, 0.9), "roc_auc": Interval(0.9, 0.8, 0.95)}
    section = made(change(build, task={"bars": bars, "limits": limits}, winner={"judged": judged}))
    (grid,) = section.grids
    assert [row[:2] for row in grid.rows] == [
        ("bad", "p95: at most 0.001 us"),
        ("ok", "size: at most 1000 GB"),
        ("ok", "accuracy >= 0.5"),
        ("bad", "roc_auc >= 0.95"),
    ]
    assert grid.rows[2][2] == "80.0 % (70.0 % to 90.0 %)"


def test_notes_of_the_data_are_few_and_told_once(opened: Opened) -> None:
    build = opened("two")
    assert build.manifest is not None
    notes = tuple(f"note {number}" for number in range(9))
    change(build, manifest={"profile": with_(build.manifest.profile, notes=(*notes, *notes))})
    said = [note.text for note in made(build).notes if "of the data" in note.text.lower()]
    assert len(said) == 4
    left = len(notes) + len(build.dataset.notes) - 3
    assert said[-1].startswith(f"{left} more notes")


def test_nothing_chosen_is_no_answer(opened: Opened) -> None:
    build = change(opened("two"), board={"winner": None})
    assert "nothing was chosen" in part.applies(build)

"""The importance of the columns of finished builds, and what asks their fold programs again."""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from tests.reporting.conftest import Opened

from smeaton.reporting.sections._asked import asked, cannot_ask, metric_of
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections.importance import part, tried
from smeaton.task.table import PREDICTION, PROBABILITY


@pytest.mark.parametrize(("kind", "important"), [("two", {"age", "plan"}), ("number", {"age", "region", "spend"})])
def test_the_columns_that_the_rows_were_made_of_matter(kind: str, important: set[str], opened: Opened) -> None:
    build = opened(kind, seconds=60.0)
    section = part.make(build)
    (figure,) = section.figures
    low = dict(zip(figure.columns["name"], figure.columns["low"], strict=True))
    value = dict(zip(figure.columns["name"], figure.columns["value"], strict=True))
    assert low["age"] > 0
    assert {name for name, worse in value.items() if worse > 0} >= important
    assert set(low) == set(build.task.input_types)
    assert "held-out rows" in figure.how
    assert "not fitted on" in figure.how
    assert "5 times" in figure.how
    assert figure.columns["name"][0] in figure.says


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_fold_programs_answer_as_the_build_recorded(kind: str, opened: Opened) -> None:
    build = opened(kind)
    work, evidence = asked(build, Patience(10)), build.evidence
    assert len(work.parts) == work.folds > 0
    assert sum(len(piece.rows) for piece in work.parts) == len(evidence.rows), "each row is asked of one program"
    for piece in work.parts:
        assert not np.isin(piece.rows, build.folds[piece.number].train).any()
        found = work.answers(piece, work.table(piece, piece.rows))
        assert found[PREDICTION].tolist() == pytest.approx(evidence.prediction[piece.places].tolist())
        if evidence.probability is not None:
            assert found[PROBABILITY] == pytest.approx(evidence.probability[piece.places], abs=1e-9)


def test_it_is_worked_out_once_a_build(opened: Opened) -> None:
    build = opened("two")
    first, work = tried(build)
    before = work.asked
    assert tried(build)[0] is first
    assert work.asked == before > 0


def test_without_time_it_says_so(opened: Opened) -> None:
    section = part.make(opened("two", seconds=0.0))
    assert section.figures == ()
    assert any("no time" in note.text for note in section.notes)


def test_what_cannot_be_asked_again_is_said(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    build = opened("two")
    assert cannot_ask(build) == ""
    monkeypatch.setattr("smeaton.reporting.sections._asked.effect_of", lambda program: "external")
    assert "would cost" in part.applies(build)
    monkeypatch.setattr("smeaton.reporting.sections._asked._folders", lambda build: [])
    assert "not kept" in part.applies(build)


def test_metrics_that_folds_cannot_be_judged_by_have_a_stand_in(opened: Opened) -> None:
    for kind, asked_for, used, why in (
        ("two", "mine.py:worth", "log_loss", "code of your own"),
        ("two", "judge", "log_loss", "asks a judge"),
        ("number", "interval_score", "rmse", "judges intervals"),
    ):
        build = opened(kind)
        build.__dict__["board"] = msgspec.structs.replace(build.board, metric=asked_for)
        name, _, said = metric_of(build)
        assert name == used
        assert why in said
    assert metric_of(opened("two"))[::2] == ("log_loss", "")


def test_without_intervals_the_figure_is_still_plain_data(opened: Opened) -> None:
    build = opened("two", seconds=60.0)
    found, _ = tried(build)
    pieces = tuple(replace(piece, low=-np.inf, high=np.inf) for piece in found.pieces)
    build.kept["permuted"] = replace(found, pieces=pieces)
    section = part.make(build)
    json.dumps(msgspec.to_builtins(section), allow_nan=False)
    assert section.figures[0].columns["low"][0] is None
    assert section.facts[0].value == "none for certain"

"""Whether probabilities mean what they say."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.sections.answered import KEY, answered, classes, likeliest, two_labels
from tests.reporting.test_sections import checked

from smeaton.reporting.build import Build
from smeaton.reporting.forms import Section
from smeaton.reporting.sections.probability import part
from smeaton.task.arrays import save_table
from smeaton.task.table import PREDICTION, PROBABILITY, object_column
from smeaton.task.types import Type
from smeaton.trials.reject import REJECTION_FILE, Rejections
from smeaton.trials.results import CALIBRATION_FILE, HELD

FLAG = Type(type="boolean", labels=(False, True))


def made(build: Build) -> Section:
    assert part.applies(build) == ""
    return checked(part.make(build))


def test_probabilities_that_are_right(tmp_path: Path) -> None:
    code, chance = two_labels(2_000, seed=4)
    section = made(answered(tmp_path, FLAG, code, likeliest(chance, (False, True))))
    error = section.facts[0]
    assert (error.name, error.mood) == ("Expected calibration error", "good")
    assert section.notes[0].mood == "good"
    reliability = section.figures[0].columns
    assert sum(reliability["off"]) <= 2
    assert reliability["x"] == sorted(reliability["x"])


def test_probabilities_that_are_too_sure_say_so(tmp_path: Path) -> None:
    code, chance = two_labels(2_000, seed=4)
    high = np.clip(chance[:, 1] + 0.25, 0, 1)
    said = likeliest(np.stack([1 - high, high], axis=1), (False, True))
    section = made(answered(tmp_path, FLAG, code, said))
    assert section.facts[0].mood == "warn"
    assert "too high" in section.notes[0].text
    assert "too sure" in section.figures[0].says


def test_bars_count_every_row_by_what_was_true(tmp_path: Path) -> None:
    code, chance = two_labels(300)
    section = made(answered(tmp_path, FLAG, code, likeliest(chance, (False, True))))
    bars = section.figures[1].columns
    for name, rows in (("true", code.sum()), ("false", 300 - code.sum())):
        assert sum(n for n, of in zip(bars["count"], bars["series"], strict=True) if of == name) == rows
    assert (bars["start"][0], bars["end"][-1]) == (0.0, 1.0)


def test_the_surest_answers_come_first(tmp_path: Path) -> None:
    code, chance = classes(4, 1_500)
    labels = ("a", "b", "c", "d")
    section = made(answered(tmp_path, Type(type="category", labels=labels), code, likeliest(chance, labels)))
    line = section.figures[2].columns
    right = float((chance.argmax(axis=1) == code).mean())
    assert line["x"][-1] == 1.0
    assert line["y"][-1] == pytest.approx(right, abs=1e-5)
    assert line["y"][0] > right
    assert [row[0] for row in section.grids[0].rows] == list(labels)


def test_an_answer_that_is_not_the_likeliest_is_judged_by_its_own_probability(tmp_path: Path) -> None:
    chance = np.tile([0.6, 0.3, 0.1], (200, 1))
    target = np.where(np.arange(200) % 10 < 3, 1, 0)
    said = {PREDICTION: object_column(["b"] * 200), PROBABILITY: chance}
    section = made(answered(tmp_path, Type(type="category", labels=("a", "b", "c")), target, said))
    assert section.figures[0].columns["x"] == pytest.approx([0.3])
    assert section.figures[0].columns["y"] == pytest.approx([0.3])


def test_labels_of_a_row_are_one_observation(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    one = draw.random(400)
    chance = np.stack([one] * 5, axis=1)
    target = np.stack([draw.random(400) < one] * 5, axis=1).astype(np.int8)  # five times the same
    kind = Type(type="list", of=Type(type="category", labels=("a", "b", "c", "d", "e")))
    said = {PREDICTION: object_column([[] for _ in range(400)]), PROBABILITY: chance}
    section = made(answered(tmp_path, kind, target, said))
    columns = section.figures[0].columns
    widths = [high - low for low, high in zip(columns["low"], columns["high"], strict=True)]
    assert max(widths) > 0.25  # 400 / 12 rows a bin, not 2,000 / 12
    assert len(section.figures) == 2


def test_rows_without_probabilities_are_left_out_and_said(tmp_path: Path) -> None:
    code, chance = two_labels(200)
    chance[:7] = np.nan
    section = made(answered(tmp_path, FLAG, code, likeliest(chance, (False, True))))
    assert any(note.text.startswith("7 rows have no valid") for note in section.notes)


def test_rows_that_were_turned_away_are_not_judged_by_a_probability(tmp_path: Path) -> None:
    code, chance = classes(2, 200)
    wide = np.concatenate([chance, np.zeros((200, 1))], axis=1)
    said = likeliest(wide, ("a", "b", "none"))
    said[PREDICTION][:60] = "none"
    kind = Type(type="category", labels=("a", "b", "none"), outside="none")
    build = answered(tmp_path, kind, code, said)
    assert sum(made(build).figures[1].columns["count"]) == 200  # an answer like any other
    found = Rejections(judges=[None], ships=None)
    home = tmp_path / "trials" / KEY
    (home / REJECTION_FILE).write_bytes(msgspec.json.encode(found))
    (home / CALIBRATION_FILE).write_bytes(b"[null]")
    save_table({PREDICTION: said[PREDICTION], PROBABILITY: wide}, home / "fold0" / HELD)
    section = made(Build(tmp_path, tmp_path, tmp_path / "none.bundle"))
    assert sum(section.figures[1].columns["count"]) == 140
    assert any(note.text.startswith("60 rows were turned away") for note in section.notes)


def test_it_says_why_it_is_not_there(tmp_path: Path, opened: Opened) -> None:
    target, said = np.array([0, 1] * 20), object_column([False] * 40)
    assert "no probabilities" in part.applies(answered(tmp_path, FLAG, target, {PREDICTION: said}))
    (tmp_path / "few").mkdir()
    code, chance = two_labels(5)
    assert "too few" in part.applies(answered(tmp_path / "few", FLAG, code, likeliest(chance, (False, True))))


def test_rows_that_weigh_nothing_leave_nothing_to_judge(tmp_path: Path) -> None:
    code, chance = two_labels(30)
    said = likeliest(chance, (False, True))
    section = made(answered(tmp_path, FLAG, code, said, weight=np.zeros(30)))
    assert section.figures == ()
    assert "weight" in section.notes[0].text

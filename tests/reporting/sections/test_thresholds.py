"""Where the line between answers is drawn."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.reporting.sections.answered import KEY, answered, classes, likeliest, two_labels
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.reporting.build import Build
from smeaton.reporting.forms import Figure, Section
from smeaton.reporting.sections._decided import best_by_cost, decided
from smeaton.reporting.sections.thresholds import part
from smeaton.task.table import PREDICTION, PROBABILITY, object_column
from smeaton.task.types import Type
from smeaton.trials.decisions import Decisions, keep
from smeaton.trials.rules import Rule
from smeaton.trials.thresholds import THRESHOLD_FILE
from smeaton.trials.thresholds import Thresholds as Learnt

FLAG = Type(type="boolean", labels=(False, True))


def made(build: Build) -> Section:
    assert part.applies(build) == ""
    section = part.make(build)
    for figure in section.figures:
        check_figure(figure)
        assert len(figure.columns["x" if "x" in figure.columns else "name"]) <= 1_300
    for grid in section.grids:
        check_grid(grid)
    return section


def figure(section: Section, name: str) -> Figure:
    return next(one for one in section.figures if one.id == name)


def point(one: Figure) -> tuple[float, float]:
    place = one.columns["mark"].index("point")
    return one.columns["x"][place], one.columns["y"][place]


def fact(section: Section, name: str) -> str:
    return next(one.value for one in section.facts if one.name == name)


def test_the_threshold_that_ships_is_marked_where_it_stands(tmp_path: Path) -> None:
    code, chance = two_labels(600)
    build = answered(tmp_path, FLAG, code, likeliest(chance, (False, True)))
    plain = made(build)
    said = chance[:, 1] >= 0.5
    expected = float(said[code == 0].mean()), float(said[code == 1].mean())
    assert point(figure(plain, "roc")) == pytest.approx(expected)
    assert fact(plain, "Threshold that ships") == "0.5"
    rule = Rule(weights=(0.2, 0.8))
    keep(Decisions(judges=[], judged_by=[], ships=rule), tmp_path / "trials" / KEY)
    learnt = made(build)
    said = chance[:, 1] >= 0.2
    assert point(figure(learnt, "roc"))[1] == pytest.approx(float(said[code == 1].mean()))
    assert point(figure(learnt, "precision_recall"))[1] == pytest.approx(float(code[said].mean()))
    assert fact(learnt, "Threshold that ships") == "0.2"
    assert "answers true from a probability of 0.2 on" in learnt.shows
    assert any("too good" in note.text for note in learnt.notes)


def test_thresholds_to_choose_from_find_what_they_say(tmp_path: Path) -> None:
    code, chance = two_labels(600)
    grid = made(answered(tmp_path, FLAG, code, likeliest(chance, (False, True)))).grids[0]
    for threshold, recall, precision, alarms, named in grid.rows:
        said = chance[:, 1] >= threshold
        assert recall[0] == pytest.approx(said[code == 1].mean())
        assert precision[0] == pytest.approx(code[said].mean())
        assert alarms[0] == pytest.approx(said[code == 0].mean())
        assert named == pytest.approx(said.mean())
    assert grid.rows[grid.strong[0]][0] == 0.5
    recalls = [row[1][0] for row in grid.rows]
    for wanted in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
        assert min(one for one in recalls if one >= wanted - 1e-9) < wanted + 0.01


def test_costs_are_those_of_the_task(tmp_path: Path) -> None:
    code, chance = two_labels(600)
    build = answered(tmp_path, FLAG, code, likeliest(chance, (False, True)), costs={"true": {"false": 10.0}})
    rule = Rule(costs=((0.0, 1.0), (10.0, 0.0)))
    keep(Decisions(judges=[rule], judged_by=[], ships=rule), tmp_path / "trials" / KEY)
    section = made(build)
    said = chance[:, 1] >= 1 / 11
    cost = 1000 * float(np.where(code == 1, 10.0 * ~said, 1.0 * said).mean())
    across, up = point(figure(section, "by_cost"))
    assert across == pytest.approx(1 / 11)
    assert up == pytest.approx(cost)
    assert f"1,000 rows cost {cost:,.4g}" in figure(section, "by_cost").says
    assert section.grids[0].heads[-1].name == "cost of 1,000"
    assert "costs" in section.do


@pytest.mark.parametrize(
    ("costs", "threshold"),
    [
        (((0, 1), (1, 0)), 0.5),
        (((0, 1), (4, 0)), 0.2),
        (((0, 0), (1, 0)), 0.0),
        (((0, 1), (0, 0)), 2.0),
        (((0, 0), (0, 0)), 0.5),
        (((0, 3), (0, 1)), 2.0),
    ],
)
def test_costs_decide_from_which_probability_on(costs: tuple[tuple[float, ...], ...], threshold: float) -> None:
    assert best_by_cost(costs) == pytest.approx(threshold)


def test_a_label_that_is_never_answered_has_no_precision(tmp_path: Path) -> None:
    code, chance = two_labels(300)
    low = np.stack([1 - chance[:, 1] / 3, chance[:, 1] / 3], axis=1)
    section = made(answered(tmp_path, FLAG, code, likeliest(low, (False, True))))
    assert "no row is answered" in figure(section, "precision_recall").says
    assert "point" not in figure(section, "precision_recall").columns["mark"]
    assert section.grids[0].rows[-1][2] is None


def test_each_of_many_labels_against_the_others(tmp_path: Path) -> None:
    labels = tuple("abcdefgh")
    code, chance = classes(8, 1_000)
    section = made(answered(tmp_path, Type(type="category", labels=labels), code, likeliest(chance, labels)))
    roc = figure(section, "roc")
    counts = np.bincount(code, minlength=8)
    commonest = [labels[place] for place in np.argsort(-counts, kind="stable")[:6]]
    assert list(dict.fromkeys(roc.columns["series"])) == commonest
    assert "6 commonest labels of 8" in roc.title
    first = labels.index(commonest[0])
    said = chance.argmax(axis=1) == first
    expected = float(said[code != first].mean()), float(said[code == first].mean())
    assert point(roc) == pytest.approx(expected)
    assert [row[0] for row in section.grids[0].rows] == commonest


def test_what_answers_cost_with_more_labels(tmp_path: Path) -> None:
    labels = ("a", "b", "c")
    code, chance = classes(3, 400)
    costs = {"a": {"b": 5.0}}
    section = made(
        answered(tmp_path, Type(type="category", labels=labels), code, likeliest(chance, labels), costs=costs)
    )
    said = chance.argmax(axis=1)
    expected = 1000 * float(np.where(said == code, 0.0, np.where((code == 0) & (said == 1), 5.0, 1.0)).mean())
    assert figure(section, "costs").columns["value"][:2] == pytest.approx([expected] * 2)


def test_thresholds_of_any_number_of_labels(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    chance = draw.random((300, 3))
    target = (draw.random((300, 3)) < chance).astype(np.int8)
    cuts = [0.3, 0.5, 0.7]
    said = object_column([[label for label, one in zip("abc", row >= cuts, strict=True) if one] for row in chance])
    kind = Type(type="list", of=Type(type="category", labels=("a", "b", "c")))
    build = answered(tmp_path, kind, target, {PREDICTION: said, PROBABILITY: chance})
    kept = Learnt(judges=[cuts], ships=cuts)
    (tmp_path / "trials" / KEY / THRESHOLD_FILE).write_bytes(msgspec.json.encode(kept))
    assert decided(build).each == (0.3, 0.5, 0.7)
    section = made(build)
    assert {row[0]: row[-1] for row in section.grids[0].rows} == {"a": 0.3, "b": 0.5, "c": 0.7}


def test_rows_of_one_label_have_nothing_to_tell_apart(tmp_path: Path) -> None:
    said = likeliest(np.tile([0.9, 0.1], (10, 1)), (False, True))
    assert "same label" in part.applies(answered(tmp_path, FLAG, np.zeros(10, dtype=np.int64), said))


def test_two_rows_are_enough(tmp_path: Path) -> None:
    said = likeliest(np.array([[0.9, 0.1], [0.2, 0.8]]), (False, True))
    assert fact(made(answered(tmp_path, FLAG, np.array([0, 1]), said)), "Area under ROC") == "100.0 %"

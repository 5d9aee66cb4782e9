"""Mistakes: of all kinds, the worst first, none like another; and what spoke for an answer."""

import numpy as np
import pytest
from tests.reporting.sections.fold_programs import made
from tests.reporting.sections.judged_rows import judged

from smeaton.reporting.sections._instructive import instructive
from smeaton.reporting.sections._losses import Losses
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._spoke import spoke
from smeaton.task.table import object_column
from smeaton.task.types import Type


def test_each_kind_has_its_turn_the_surest_first() -> None:
    draw = np.random.default_rng(0)
    target, said = np.repeat([0, 1, 2], 100), np.repeat([0, 2, 0], 100)
    top = draw.uniform(0.5, 1.0, 300)
    chance = np.repeat(((1 - top) / 2)[:, None], 3, axis=1)
    chance[np.arange(300), said] = top
    found = judged({"x": draw.normal(size=300)}, target, chance=chance, labels="abc")
    wrong = target != said
    mistakes, count = instructive(found, Losses(-np.log(chance[np.arange(300), target]), "l", "", wrong), 20)
    assert (len(mistakes), count) == (20, 200)
    assert len({one.place for one in mistakes}) == 20
    assert all(wrong[one.place] for one in mistakes)
    assert [one.kind for one in mistakes[:4]] == ["b taken for c", "c taken for a"] * 2
    assert mistakes[0].sure == pytest.approx(top[100:200].max())
    assert all(one.sure == pytest.approx(top[one.place]) for one in mistakes)


def test_rows_that_look_alike_are_not_all_shown() -> None:
    codes = np.array(["same"] * 15 + [f"other {n}" for n in range(5)])
    chance = np.stack([np.linspace(0.0, 0.2, 20), np.linspace(1.0, 0.8, 20)], axis=1)
    kinds = {name: Type(type="category") for name in "pqr"}
    table = {name: object_column(codes.tolist()) for name in "pqr"}
    found = judged(table, np.zeros(20, int), chance=chance, labels="ab", kinds=kinds)
    mistakes, _ = instructive(found, Losses(np.ones(20), "l", "", np.ones(20, bool)), 6)
    places = [one.place for one in mistakes]
    assert places[0] == 0
    assert sum(place < 15 for place in places) <= 3


def test_numbers_have_mistakes_to_both_sides() -> None:
    draw = np.random.default_rng(0)
    true = draw.normal(size=400)
    said = true + 0.1 * draw.normal(size=400)
    said[7], said[9], said[11] = true[7] + 9, true[9] - 8, np.nan
    off = np.abs(np.nan_to_num(said - true, nan=9.0))
    found = judged({"x": true}, true, said=said)
    mistakes, count = instructive(found, Losses(off, "l", "", None), 10)
    assert count == 400
    assert [(one.place, one.kind) for one in mistakes[:2]] == [(7, "much too high"), (9, "much too low")]
    assert mistakes[0].off == pytest.approx(9)
    assert mistakes[0].sure is None
    assert ("no answer", None) in [(one.kind, one.off) for one in mistakes]


def test_of_any_number_of_labels_the_worst_one_names_the_kind() -> None:
    target = np.array([[1, 0], [0, 0], [1, 1]], dtype=np.int8)
    chance = np.array([[0.1, 0.2], [0.1, 0.9], [0.9, 0.8]])
    output = Type(type="list", of=Type(type="category", labels=("p", "q")))
    said = object_column([[], ["q"], ["p", "q"]])
    found = judged({"x": np.zeros(3)}, target, chance=chance, said=said, output=output)
    mistakes, count = instructive(found, Losses(np.ones(3), "l", "", np.array([True, True, False])), 20)
    assert count == 2
    assert {one.kind for one in mistakes} == {"p missed", "q said though it is not there"}
    assert {round(one.sure or 0, 3) for one in mistakes} == {0.9}


def test_without_probabilities_pairs_still_have_their_turns() -> None:
    said = object_column(["b", "a", "b", None])
    found = judged({"x": np.arange(4.0)}, [0, 1, 1, 0], said=said, labels="ab")
    mistakes, count = instructive(found, Losses(np.ones(4), "l", "", np.array([True, True, False, True])), 20)
    assert count == 3
    assert {one.kind for one in mistakes} == {"a taken for b", "b taken for a", "a taken for no label"}
    assert {one.sure for one in mistakes} == {None}


def test_what_spoke_for_an_answer_is_what_it_loses_without() -> None:
    draw = np.random.default_rng(0)
    table = {"x": draw.normal(size=100), "z": draw.normal(size=100), "n": draw.normal(size=100)}
    table["x"][4] = 10.0
    work = made(table, table["x"], lambda rows: rows["x"] - 0.5 * rows["z"])
    found = spoke(work, [4], [-1], ["n", "x", "z"], Patience(30))
    assert [name for name, _ in found[4]] == ["x", "z", "n"]
    assert found[4][0][1] == pytest.approx(10, abs=1.5)
    assert found[4][2][1] == 0


def test_what_there_is_no_time_for_is_left_out() -> None:
    table = {"x": np.arange(10.0), "z": np.arange(10.0)}
    assert spoke(made(table, table["x"], lambda rows: rows["x"], pace=10.0), [1], [-1], ["x", "z"], Patience(0.5)) == {}

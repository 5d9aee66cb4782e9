import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.labels import part
from smeaton.runtime.program import Step


def load(labels):
    return part.load(
        Step(op="labels", inputs=("probability",), outputs=("prediction",), args={"labels": labels}), None, None
    )


@pytest.mark.parametrize("labels", [["a", "b", "c"], [3, 1, 2]])
def test_first_of_ties(labels):
    probability = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [1 / 3, 1 / 3, 1 / 3]])
    found = load(labels)({"probability": probability}, Call())["prediction"]
    assert found.dtype == object
    assert found.tolist() == [labels[1], labels[0], labels[1], labels[0]]


def test_booleans_stay_booleans():
    found = load([False, True])({"probability": np.array([[0.1, 0.9]])}, Call())["prediction"]
    assert found[0] is True


def test_refusals():
    with pytest.raises(ProgramError, match="list"):
        load([])
    with pytest.raises(ProgramError, match="3 labels"):
        load([1, 2, 3])({"probability": np.ones((1, 2))}, Call())


def run(probability, labels=("a", "b", "c"), **args):
    step = Step(op="labels", inputs=("probability",), outputs=("prediction",), args={"labels": list(labels), **args})
    return part.load(step, None, None)({"probability": np.asarray(probability)}, Call())["prediction"].tolist()


CHANCES = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), max_size=20).map(
    lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 3)
)


@given(CHANCES, st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_each_names_just_the_labels_that_reach_their_thresholds(chance, thresholds):
    found = run(chance, rule="each", thresholds=thresholds)
    goal = [[x for x, p, t in zip("abc", row, thresholds, strict=True) if p >= t - 1e-9] for row in chance.tolist()]
    assert found == goal
    assert [run(chance[row : row + 1], rule="each", thresholds=thresholds)[0] for row in range(len(chance))] == goal
    assert run(chance, rule="each") == run(chance, rule="each", thresholds=[0.5, 0.5, 0.5])


@given(CHANCES)
def test_the_median_has_half_of_the_probability_on_either_side(chance):
    chance = (chance + 1e-3) / (chance + 1e-3).sum(axis=1, keepdims=True)
    for row, label in zip(chance, run(chance, rule="median"), strict=True):
        place = "abc".index(label)
        assert row[: place + 1].sum() >= 0.5 - 2e-9
        assert row[place:].sum() >= 0.5 - 2e-9


def test_nothing_hangs_on_the_last_digits():
    assert run([[0.5 - 1e-12, 0.4, 0.5]], rule="each") == [["a", "c"]]
    assert run([[0.3, 0.2 - 1e-12, 0.5]], rule="median") == ["b"]
    assert run([[np.nan, np.nan, np.nan]], rule="each") == [[]]


def test_any_json_may_be_a_label():
    assert run([[1.0], [1.0]], labels=([],)) == [[], []]
    assert run([[1.0]], labels=({"a": None},)) == [{"a": None}]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"rule": "some"}, "no rule 'some'"),
        ({"rule": "median", "thresholds": 0.5}, "has no thresholds"),
        ({"rule": "each", "thresholds": [0.5]}, "1 thresholds for 3 labels"),
        ({"rule": "each", "thresholds": "half"}, "thresholds"),
        ({"colour": 1}, "colour"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(args, words):
    with pytest.raises(ProgramError, match=words):
        run([[0.2, 0.3, 0.5]], **args)


@given(CHANCES, st.lists(st.floats(0.01, 5), min_size=3, max_size=3))
def test_weights_and_their_costs_say_the_same(chance, weights):
    """A weight of a label is what it costs to miss it, whatever is said in its place."""
    costs = [[0.0 if a == b else weights[a] for b in range(3)] for a in range(3)]
    said = run(chance, rule="weighted", weights=weights)
    cheap = run(chance, rule="cheapest", costs=costs)
    for row, one, other in zip(chance, said, cheap, strict=True):
        scaled = row * weights
        assert scaled["abc".index(one)] >= scaled.max() - 1e-8
        assert scaled["abc".index(other)] >= scaled.max() - 1e-7


def test_the_cheapest_answer_may_be_an_unlikely_one():
    costs = [[0.0, 1.0, 5.0], [10.0, 0.0, 5.0], [100.0, 100.0, 0.0]]
    assert run([[0.9, 0.1, 0.0], [0.5, 0.44, 0.06], [1.0, 0.0, 0.0]], rule="cheapest", costs=costs) == ["b", "c", "a"]


@given(CHANCES, st.lists(st.floats(0, 2), min_size=2, max_size=2).map(sorted))
def test_cuts_are_reached_by_the_expected_place(chance, cuts):
    place = chance[:, 1] + 2 * chance[:, 2]
    goal = ["abc"[sum(at >= c - 1e-9 for c in cuts)] for at in place.tolist()]
    assert run(chance, rule="cuts", cuts=cuts) == goal
    assert [run(chance[row : row + 1], rule="cuts", cuts=cuts)[0] for row in range(len(chance))] == goal


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"rule": "weighted"}, "'weights' where its rule is 'weighted'"),
        ({"weights": [1.0, 1.0, 1.0]}, "'weights' where its rule is 'weighted'"),
        ({"rule": "weighted", "weights": [1.0, 0.0, 1.0]}, "weight above 0"),
        ({"rule": "weighted", "weights": [1.0, 1.0]}, "weight above 0"),
        ({"rule": "cheapest", "costs": [[0.0, 1.0, 1.0]]}, "3 x 3 costs"),
        ({"rule": "cheapest", "costs": [[0.0, -1.0, 1.0]] * 3}, "3 x 3 costs"),
        ({"rule": "cuts", "cuts": [1.0, 0.5]}, "2 rising cuts"),
        ({"rule": "cuts", "cuts": [1.0]}, "2 rising cuts"),
    ],
)
def test_numbers_that_do_not_fit_the_rule_are_refused(args, message):
    with pytest.raises(ProgramError, match=message):
        run([[1.0, 0.0, 0.0]], **args)

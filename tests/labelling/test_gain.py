"""The expected gain: a known power law is carried on rightly, and what cannot be told is said so."""

import numpy as np
import pytest
from tests.labelling.conftest import TOPICS, made

from smeaton.labelling.gain import Curve, carried, expected_gain, from_curve
from smeaton.labelling.quick import Kind, Quick, features
from smeaton.task.types import Type


@pytest.mark.parametrize(("floor", "scale", "power"), [(0.05, 2.0, 0.5), (0.0, 1.0, 0.3), (0.2, 3.0, 0.8)])
def test_a_power_law_is_carried_on(floor: float, scale: float, power: float) -> None:
    sizes = (40, 80, 160, 320, 640)
    errors = np.array([[floor + scale * size**-power for size in sizes]])
    ahead = carried(sizes, errors, (740, 2000))[0]
    assert ahead == pytest.approx([floor + scale * size**-power for size in (740, 2000)], abs=2e-3)


def test_a_curve_that_does_not_fall_is_not_carried_below() -> None:
    ahead = carried((50, 100, 200), np.array([[0.3, 0.3, 0.3], [0.2, 0.3, 0.4]]), (1000,))
    assert ahead[0] == pytest.approx(0.3)
    assert ahead[1] >= 0.2


def drawn(errors: list[float], held: int = 400, repeats: int = 5) -> Curve:
    draw = np.random.default_rng(0)
    made = tuple(tuple((draw.random(held) < error).astype(float) for error in errors) for _ in range(repeats))
    return Curve((50, 100, 200, 400), made)


def test_a_falling_curve_gives_a_gain_with_an_interval_around_the_truth() -> None:
    power = [0.1 + 3.0 * size**-0.6 for size in (50, 100, 200, 400)]
    found = from_curve(drawn(power), 570)
    assert found.now is not None
    assert found.then is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.then <= found.high
    assert found.then < found.now
    assert found.low - 0.02 <= 0.1 + 3.0 * 670**-0.6 <= found.high + 0.02
    assert "100 more rows: error" in found.text()


def test_noise_is_no_gain() -> None:
    found = from_curve(drawn([0.3, 0.3, 0.3, 0.3]), 570)
    assert found.then is None
    assert "beyond chance" in found.text()


def test_too_few_rows_and_one_answer_only_are_said() -> None:
    matrix = features({"x": np.arange(100.0)}, {"x": Type(type="number")})
    assert "at least 40" in expected_gain(matrix[:10], np.zeros(10, int), "class", 2).why
    assert "the same" in expected_gain(matrix, np.zeros(100, int), "class", 2).why
    fair = np.arange(100) < 5
    assert "random sample" in expected_gain(matrix, np.arange(100) % 2, "class", 2, fair=fair).why


def test_rows_that_were_picked_never_judge() -> None:
    # The picked rows carry wrong answers: if they judged, the error would be near 1/2 and more.
    rows = made(300)
    matrix = features({"t": np.array([text for text, _ in rows], dtype=object)}, {"t": Type(type="text")})
    target = np.array([sorted(TOPICS).index(label) for _, label in rows])
    target[250:] = (target[250:] + 1) % 3
    fair = np.arange(300) < 250
    found = expected_gain(matrix, target, "class", 3, fair=fair, seconds=5)
    judged_by_all = expected_gain(matrix, target, "class", 3, seconds=5)
    assert found.now is not None
    assert found.now < 0.1
    assert judged_by_all.now is None or judged_by_all.now > found.now + 0.05


def test_the_same_seed_gives_the_same_gain() -> None:
    rows = made(120)
    matrix = features({"t": np.array([text for text, _ in rows], dtype=object)}, {"t": Type(type="text")})
    target = np.array([sorted(TOPICS).index(label) for _, label in rows])
    assert expected_gain(matrix, target, "class", 3, seed=3) == expected_gain(matrix, target, "class", 3, seed=3)


@pytest.mark.parametrize("kind", ["class", "many", "number"])
def test_a_quick_model_learns_every_kind_of_answer(kind: Kind) -> None:
    rows = made(200)
    types = {"t": Type(type="text"), "n": Type(type="number"), "c": Type(type="category"), "b": Type(type="boolean")}
    code = np.array([sorted(TOPICS).index(label) for _, label in rows])
    table = {
        "t": np.array([text for text, _ in rows], dtype=object),
        "n": np.where(code == 0, np.nan, code.astype(float)),
        "c": np.array([None, *("xy"[number % 2] for number in range(199))], dtype=object),
        "b": np.array([number % 2 == 0 for number in range(200)], dtype=object),
    }
    matrix = features(table, types)
    target = {"class": code, "many": np.eye(3, dtype=np.int8)[code], "number": code * 2.0}[kind]
    model = Quick(kind, 0 if kind == "number" else 3).fit(matrix[:150], target[:150])
    assert model.errors(matrix[150:], target[150:]).mean() < 0.2
    assert model.predict(matrix[150:]).shape == ((50,) if kind == "number" else (50, 3))


def test_a_label_that_never_or_always_occurs_is_no_fault() -> None:
    matrix = features({"n": np.arange(30.0)}, {"n": Type(type="number")})
    many = np.zeros((30, 3), dtype=np.int8)
    many[:, 1], many[:15, 2] = 1, 1
    found = Quick("many", 3).fit(matrix, many).predict(matrix)
    assert (found[:, 0] == 0).all()
    assert (found[:, 1] == 1).all()
    one = Quick("class", 3).fit(matrix, np.full(30, 2)).predict(matrix)
    assert (one[:, 2] == 1).all()

"""The rejection op: exact at its threshold, each row by itself, more doubt never less outside."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.reject import features, part, reject
from smeaton.runtime.program import Step
from smeaton.testing.conformance import check_op

LABELS = ["a", "b", "none", "c"]
ARGS: dict[str, Any] = {
    "labels": LABELS,
    "outside": "none",
    "coefficients": [-1.0, -0.5, -0.7, 0.9, 0.4, 0.3],
    "threshold": 0.3,
}


def step(**changes: Any) -> Step:
    args = {name: value for name, value in {**ARGS, **changes}.items() if value is not ...}
    return Step(op="reject", inputs=("plain",), outputs=("prediction",), args=args)


def answer(probability: np.ndarray, **changes: Any) -> dict[str, np.ndarray]:
    return part.load(step(**changes), Path(), None)({"plain": probability}, Call())


def draws(rows: int = 300, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([0.4] * 4, rows)


def test_it_is_an_op() -> None:
    edge = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0.25] * 4, [0, 0, 0, 1], [0.5, 0.5, 0, 0]], dtype=np.float64)
    check_op(part, step(), {"plain": np.concatenate([draws(40), edge])})


def test_outside_is_what_reaches_the_threshold() -> None:
    given_ = draws()
    columns = features(given_, 2)
    score = ARGS["coefficients"][0] + columns @ np.array(ARGS["coefficients"][1:])
    q = 1 / (1 + np.exp(-score))
    found = answer(given_)
    expected = q >= ARGS["threshold"]
    assert 0.05 < expected.mean() < 0.95
    assert [label == "none" for label in found["prediction"]] == expected.tolist()
    inside = np.delete(given_, 2, axis=1).argmax(axis=1)
    names = np.array(["a", "b", "c"])[inside]
    assert found["prediction"][~expected].tolist() == names[~expected].tolist()


def test_the_threshold_itself_is_outside() -> None:
    row = np.array([[0.5, 0.3, 0.1, 0.1]])
    own = math.log(0.1) - math.log1p(-0.1)
    zero = [-own, 0.0, 0.0, 0.0, 0.0, 1.0]
    code, score = reject(row, 2, tuple(zero), 0.5)
    assert code.tolist() == [2]
    assert score.tolist() == [0.0]
    code, score = reject(row, 2, tuple(zero), 0.5 + 1e-9)
    assert code.tolist() == [0]
    assert -1e-8 < score[0] < 0


def test_features_by_hand() -> None:
    top, margin, entropy, flat, own = features(np.array([[0.4, 0.2, 0.2, 0.2]]), 2)[0]
    shares = np.array([0.5, 0.25, 0.25])
    assert top == pytest.approx(math.log(0.5))
    assert margin == pytest.approx(0.25)
    assert entropy == pytest.approx(-(shares * np.log(shares)).sum())
    assert flat == pytest.approx(np.log(shares).mean())
    assert own == pytest.approx(math.log(0.2 / 0.8))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_row_does_not_depend_on_the_others(seed: int, rows: int) -> None:
    given_ = draws(rows, seed)
    plain = (2, tuple(ARGS["coefficients"]), ARGS["threshold"])
    _, whole = reject(given_, *plain)
    for row in range(0, rows, 7):
        _, alone = reject(given_[row : row + 1], *plain)
        np.testing.assert_allclose(alone[0], whole[row], rtol=0, atol=1e-13)
    _, turned = reject(np.asfortranarray(given_), *plain)
    assert turned.tobytes() == whole.tobytes()


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_of_its_own_share_is_never_less_outside(one: float, other: float) -> None:
    low, high = sorted((one, other))
    rest = np.array([0.6, 0.3, 0.1])
    rows = np.array([np.insert(rest * (1 - own), 2, own) for own in (low, high)])
    _, found = reject(rows, 2, (0.0, 0.0, 0.0, 0.0, 0.0, 2.0), 0.3)
    assert found[0] <= found[1] + 1e-12


def test_it_never_answers_what_is_not_finite() -> None:
    rows = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [1e-300, 0.0, 1.0, 0.0]])
    _, score = reject(rows, 2, (0.0, -900.0, 0.0, 900.0, 0.0, 900.0), 0.3)
    assert np.isfinite(score).all()
    assert len(answer(np.zeros((0, 4)))["prediction"]) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"outside": "other"}, "one of them 'other'"),
        ({"labels": ["a", "none"]}, "three labels"),
        ({"labels": [1, 2, 3], "outside": True}, "one of them True"),
        ({"coefficients": [1.0]}, "6 finite"),
        ({"coefficients": [math.inf] * 6}, "6 finite"),
        ({"threshold": 1.0}, "between 0 and 1"),
        ({"threshold": ...}, "threshold"),
        ({"more": 1}, "more"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ProgramError, match=said):
        part.load(step(**changes), Path(), None)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ProgramError, match="4 labels"):
        answer(np.ones((2, 3)) / 3)
    with pytest.raises(ProgramError, match="one output"):
        part.load(Step(op="reject", inputs=("p",), outputs=("prediction", "probability"), args=ARGS), Path(), None)

"""The interval op: offsets by what answers like it are off by, cut to what the target can be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.check import check_program
from smeaton.runtime.ops.interval import Band, ends, part
from smeaton.runtime.program import Program, Step
from smeaton.testing.conformance import check_op

ARGS: dict[str, Any] = {"low": -2.0, "high": 3.0, "points": [0.0, 10.0], "scales": [1.0, 2.0]}


def step(inputs: tuple[str, ...] = ("p",), **changes: Any) -> Step:
    args = {name: value for name, value in {**ARGS, **changes}.items() if value is not ...}
    return Step(op="interval", inputs=inputs, outputs=("low", "high"), args=args)


def answer(prediction: list[float], **changes: Any) -> list[list[float]]:
    found = part.load(step(**changes), Path(), None)({"p": np.array(prediction)}, Call())
    return [found["low"].tolist(), found["high"].tolist()]


def test_it_is_an_op() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(5, 20, 60), [0.0, -0.0, 1e300, -1e300, np.nan, np.inf]])
    check_op(part, step(), {"p": rows})
    check_op(part, step(whole=True, min=0.0, max=30.0), {"p": rows})
    scaled = step(("p", "s"), points=..., scales=..., least=0.5)
    check_op(part, scaled, {"p": rows, "s": rng.random(len(rows))})


def test_the_scale_is_a_line_between_points_and_level_beyond() -> None:
    assert answer([-5.0, 0.0, 5.0, 20.0]) == [[-7.0, -2.0, 2.0, 16.0], [-2.0, 3.0, 9.5, 26.0]]
    assert answer([7.0], points=..., scales=...) == [[5.0], [10.0]]


def test_a_second_input_is_the_scale() -> None:
    runner = part.load(step(("p", "s"), points=..., scales=..., least=0.5), Path(), None)
    found = runner({"p": np.array([1.0, 1.0]), "s": np.array([4.0, 0.1])}, Call())
    assert found["low"].tolist() == [-7.0, 0.0]
    assert found["high"].tolist() == [13.0, 2.5]


def test_ends_are_cut_to_the_range_and_nothing_known_stays_nothing() -> None:
    low, high = answer([0.5, np.nan, np.inf], points=..., scales=..., min=0.0, max=3.0)
    np.testing.assert_array_equal(low, [0.0, np.nan, np.nan])
    np.testing.assert_array_equal(high, [3.0, np.nan, np.nan])


@given(st.floats(-1e6, 1e6), st.floats(-50, 0), st.floats(0, 50))
def test_whole_ends_hold_the_same_whole_numbers_and_the_answer(prediction: float, low: float, high: float) -> None:
    given_ = np.array([prediction])
    plain = ends(Band(low=low, high=high), given_)
    whole = ends(Band(low=low, high=high, whole=True), given_)
    assert whole[0][0] <= prediction <= whole[1][0]
    assert whole[0][0] == np.round(whole[0][0])
    assert whole[1][0] == np.round(whole[1][0])
    middle = round(prediction)
    for truth in range(middle - 60, middle + 61):
        if plain[0][0] <= truth <= plain[1][0]:
            assert whole[0][0] <= truth <= whole[1][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": ...}, "arguments of an interval step"),
        ({"more": 1}, "arguments of an interval step"),
        ({"low": 0.1}, "`low` at most 0"),
        ({"high": -0.1}, "`high` at least 0"),
        ({"least": -1.0}, "finite numbers"),
        ({"points": [1.0, 1.0]}, "rising points"),
        ({"scales": [1.0, 0.0]}, "a scale above 0"),
        ({"scales": [1.0]}, "each with a scale"),
        ({"points": [], "scales": []}, "rising points"),
        ({"min": 2.0, "max": 1.0}, "above max"),
    ],
)
def test_what_it_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        part.load(step(**changes), Path(), None)
    with pytest.raises(ProgramError, match="low, high"):
        part.load(Step(op="interval", inputs=("p",), outputs=("low",), args=ARGS), Path(), None)


def test_an_input_may_be_called_like_an_answer_if_it_is_read_before() -> None:
    steps = (
        Step(op="combine", inputs=("low",), outputs=("p",)),
        Step(op="interval", inputs=("p",), outputs=("low", "high"), args=ARGS),
    )
    check_program(Program(inputs=("low",), steps=steps, outputs=("p", "low", "high")))
    late = (*steps, Step(op="combine", inputs=("low",), outputs=("q",)))
    with pytest.raises(ProgramError, match="written twice"):
        check_program(Program(inputs=("low",), steps=late, outputs=("p", "low", "high")))

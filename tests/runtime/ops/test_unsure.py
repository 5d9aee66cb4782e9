"""The switch of a cascade: what is unsure by each measure, and the null columns beside it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.unsure import MEASURES, Measure, certainty, part, unsure
from smeaton.runtime.program import Step
from smeaton.testing.conformance import check_op

ROWS = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [0.0, 0.45, 0.55]])


def step(**args: Any) -> Step:
    return Step(op="unsure", inputs=("p",), outputs=("unsure", "null"), args={"measure": "margin", **args})


@pytest.mark.parametrize("measure", MEASURES)
def test_it_is_an_op(measure: Measure) -> None:
    check_op(part, step(measure=measure, threshold=0.3), {"p": ROWS})


def test_margins_below_the_threshold_are_unsure() -> None:
    found = part.load(step(threshold=0.2), Path(), None)({"p": ROWS}, Call())
    assert found["unsure"].dtype == bool
    assert found["unsure"].tolist() == [False, False, True, True]
    assert found["null"].tolist() == [None] * 4


def test_each_measure_says_one_of_a_sure_row_and_little_of_an_even_one() -> None:
    assert certainty(ROWS, "top").tolist() == [0.5, 1.0, 1 / 3, 0.55]
    assert certainty(ROWS, "margin") == pytest.approx([0.2, 1.0, 0.0, 0.1])
    entropy = certainty(ROWS, "entropy")
    assert entropy[1] == pytest.approx(1.0)
    assert entropy[2] == pytest.approx(0.0, abs=1e-12)


def test_lists_of_labels_are_as_unsure_as_their_nearest_label() -> None:
    rows = np.array([[0.9, 0.1, 1.0], [0.9, 0.5, 1.0]])
    assert certainty(rows, "margin", True) == pytest.approx([0.8, 0.0])
    assert certainty(rows, "top", True) == pytest.approx([0.9, 0.5])
    assert certainty(rows, "entropy", True)[1] < certainty(rows, "entropy", True)[0] < 1


@given(st.integers(0, 2**32 - 1), st.sampled_from(MEASURES), st.floats(0, 1.5), st.floats(0, 1.5))
def test_a_higher_threshold_asks_about_more(seed: int, measure: Measure, one: float, other: float) -> None:
    rows = np.random.default_rng(seed).dirichlet([0.3] * 4, 20)
    low, high = sorted((one, other))
    assert not (unsure(rows, measure, low) & ~unsure(rows, measure, high)).any()
    assert not unsure(rows, measure, 0.0).any()
    assert unsure(rows, measure, 2.0).all()


def test_what_is_no_number_is_unsure() -> None:
    assert unsure(np.array([[np.nan, np.nan]]), "top", 0.1).tolist() == [True]


@pytest.mark.parametrize("args", [{"threshold": -1.0}, {"threshold": 1, "measure": "guess"}, {}, {"threshold": "x"}])
def test_wrong_arguments_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ProgramError):
        part.load(step(**args), Path(), None)

import numpy as np
import pytest

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

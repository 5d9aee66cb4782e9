import numpy as np
import pytest

from smeaton.compile.graph import Graph
from smeaton.errors import Cancelled, ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.onnx import CHUNK, part
from smeaton.runtime.program import Step


@pytest.fixture
def doubled(tmp_path):
    graph = Graph()
    x = graph.input("numbers", "double", 2)
    graph.output("probability", graph.node("Mul", [x, graph.constant(2.0)]), 2)
    graph.save(tmp_path / "model.onnx")
    return tmp_path


STEP = Step(op="onnx", inputs=("numbers",), outputs=("probability",), files=("model.onnx",))


@pytest.mark.parametrize("rows", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK - 5])
def test_pieces_are_joined(doubled, rows):
    x = np.arange(2.0 * rows).reshape(rows, 2)
    found = part.load(STEP, doubled, None)({"numbers": x}, Call())["probability"]
    assert found.dtype == np.float64
    assert np.array_equal(found, 2 * x)


def test_caller_can_leave_between_pieces(doubled):
    with pytest.raises(Cancelled):
        part.load(STEP, doubled, None)({"numbers": np.zeros((2 * CHUNK, 2))}, Call(cancelled=lambda: True))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step(op="onnx", inputs=("x",), outputs=("probability",), files=("model.onnx",)), "numbers"),
        (Step(op="onnx", inputs=("numbers",), outputs=("y",), files=("model.onnx",)), "probability"),
        (Step(op="onnx", inputs=("numbers",), outputs=("probability",), files=()), "one file"),
        (Step(op="onnx", inputs=("numbers",), outputs=("probability",), files=("bad.onnx",)), "refuses"),
    ],
)
def test_refusals(doubled, step, message):
    (doubled / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ProgramError, match=message):
        part.load(step, doubled, None)

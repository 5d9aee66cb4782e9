import numpy as np
import pytest

from smeaton.compile.calibrate import Calibration, add_calibration, apply
from smeaton.compile.graph import Graph
from smeaton.runtime.call import Call
from smeaton.runtime.ops.onnx import part
from smeaton.runtime.program import Step

EXTREME = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1 - 1e-16, 1e-16], [1e-300, 1.0], [0.3, 0.7]])


@pytest.mark.parametrize(
    ("calibration", "classes"),
    [
        (Calibration(kind="temperature", a=0.4), 2),
        (Calibration(kind="temperature", a=1.7), 5),
        (Calibration(kind="platt", a=1.3, b=-0.4), 2),
        (Calibration(kind="platt", a=20.0, b=30.0), 2),
    ],
)
def test_graph_and_numpy_agree(tmp_path, calibration, classes):
    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.full(classes, 0.1), 300)
    if classes == 2:
        probability = np.concatenate([probability, EXTREME])
    graph = Graph()
    value = add_calibration(graph, calibration, graph.input("p", "double", classes))
    graph.output("probability", value, classes)
    graph.save(tmp_path / "model.onnx")
    step = Step(op="onnx", inputs=("p",), outputs=("probability",), files=("model.onnx",))
    found = part.load(step, tmp_path, None)({"p": probability}, Call())["probability"]
    expected = apply(calibration, probability)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_one_changes_nothing():
    probability = np.random.default_rng(1).dirichlet([1, 1, 1], 50)
    np.testing.assert_allclose(apply(Calibration(kind="temperature", a=1.0), probability), probability, atol=1e-14)
    two = probability[:, :2] / probability[:, :2].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(apply(Calibration(kind="platt", a=1.0), two), two, atol=1e-14)


def test_order_of_classes_stays():
    probability = np.random.default_rng(2).dirichlet([1, 1, 1], 50)
    found = apply(Calibration(kind="temperature", a=0.3), probability)
    assert np.array_equal(found.argsort(axis=1), probability.argsort(axis=1))

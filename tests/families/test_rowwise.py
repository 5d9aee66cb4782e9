"""8-bit copies of encoders: the same bits for a row whatever its neighbours, near the float answers."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from smeaton.families._rowwise import rowwise
from smeaton.runtime.ops._embed import is_dynamic

WIDTH = 96


def make_model(path: Path, seed: int = 0, opset: int = 17) -> None:
    """Two products with constant matrices, a nonlinearity between, and one product of two inputs that stays float."""
    rng = np.random.default_rng(seed)
    first, second = (rng.normal(size=(WIDTH, WIDTH)).astype(np.float32) / 10 for _ in range(2))
    nodes = [
        helper.make_node("MatMul", ["x", "first"], ["a"]),
        helper.make_node("Tanh", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "second"], ["c"]),
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "t"], ["scores"]),
        helper.make_node("MatMul", ["scores", "c"], ["y"]),
    ]
    shape = ["rows", "tokens", WIDTH]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9), path)


def ask(path: Path, x: np.ndarray) -> np.ndarray:
    import onnxruntime

    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


@pytest.fixture(params=[13, 17, 18, 20])
def models(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    plain, small = tmp_path / "plain.onnx", tmp_path / "small.onnx"
    make_model(plain, opset=request.param)
    assert rowwise(plain, small) == 2
    return plain, small


def test_near_the_float_answers_and_smaller(models: tuple[Path, Path]) -> None:
    plain, small = models
    x = np.random.default_rng(1).normal(size=(6, 5, WIDTH)).astype(np.float32)
    x[2, 3] = 0.0
    goal, found = ask(plain, x), ask(small, x)
    length = np.linalg.norm(goal, axis=-1) * np.linalg.norm(found, axis=-1)
    assert np.array_equal(found[2, 3], goal[2, 3]), "a token of zeros stays zeros"
    assert ((goal * found).sum(-1)[length > 0] / length[length > 0]).min() > 0.999
    assert small.stat().st_size < 0.5 * plain.stat().st_size


def test_a_row_does_not_depend_on_its_neighbours(models: tuple[Path, Path]) -> None:
    _, small = models
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 5, WIDTH)).astype(np.float32)
    x[3] *= 1000.0  # would change the scale of all others, were there one scale for the batch
    together = ask(small, x)
    for row in range(3):
        np.testing.assert_allclose(ask(small, x[row : row + 1])[0], together[row], rtol=1e-5, atol=1e-6)


def test_asked_in_batches_for_it_is_not_dynamic_as_a_whole(models: tuple[Path, Path], tmp_path: Path) -> None:
    plain, small = models
    assert not is_dynamic(small)
    assert not is_dynamic(plain)
    model = onnx.load(small)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "other.onnx")
    assert is_dynamic(tmp_path / "other.onnx")


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    plain = tmp_path / "plain.onnx"
    make_model(plain)
    model = onnx.load(plain)
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    onnx.save(model, plain)
    assert rowwise(plain, tmp_path / "small.onnx") == 0

"""The reader of ONNX files against the `onnx` package."""

import contextlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.explain.graph_file import read_nodes, with_outputs

VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5),
    st.binary(max_size=5),
    st.lists(st.text(max_size=5), min_size=1, max_size=3),
)


@given(st.dictionaries(st.text("abcé", min_size=1, max_size=4), VALUES, max_size=4))
def test_attributes_are_read_as_written(given_: dict[str, object]) -> None:
    node = onnx.helper.make_node("Some", ["a", ""], ["b"], domain="some.where", **given_)
    found = read_nodes(onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], [])).SerializeToString())[0]
    assert (found.op, found.domain, found.inputs, found.outputs) == ("Some", "some.where", ["a", ""], ["b"])
    assert set(found.attributes) == set(given_)
    for name, value in given_.items():
        content = found.attributes[name]
        assert (content.tolist() if isinstance(content, np.ndarray) else content) == value


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_])
@pytest.mark.parametrize("raw", [True, False])
def test_tensors_are_read_as_written(dtype: type, raw: bool) -> None:
    values = np.array([[0, 1, 3], [1, 0, 7]]).astype(dtype)
    if raw:
        tensor = onnx.numpy_helper.from_array(values)
    else:
        kind = onnx.helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor = onnx.helper.make_tensor("t", kind, values.shape, values.ravel().tolist())
    node = onnx.helper.make_node("Constant", [], ["b"], value=tensor)
    found = read_nodes(onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], [])).SerializeToString())[0]
    assert found.attributes["value"].dtype == values.dtype
    assert found.attributes["value"].tolist() == values.tolist()


def test_values_inside_become_outputs() -> None:
    nodes = [onnx.helper.make_node("Add", ["x", "x"], ["twice"]), onnx.helper.make_node("Neg", ["twice"], ["y"])]
    info = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, ["n"]) for name in ("x", "y")]
    graph = onnx.helper.make_graph(nodes, "g", info[:1], info[1:])
    opset = [onnx.helper.make_opsetid("", 18)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    session = onnxruntime.InferenceSession(with_outputs(model, ["twice"]), providers=["CPUExecutionProvider"])
    assert [value.tolist() for value in session.run(["y", "twice"], {"x": np.array([1.5])})] == [[-3.0], [3.0]]


@given(st.binary(max_size=40))
def test_junk_is_refused_or_holds_no_node(junk: bytes) -> None:
    with contextlib.suppress(ProgramError):  # any other exception would be a fault
        assert all(isinstance(node.op, str) for node in read_nodes(junk))


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    node = onnx.helper.make_node("Some", ["a"], ["b"], words=["long", "enough"])
    whole = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], [])).SerializeToString()
    with pytest.raises(ProgramError, match="cannot be read"):
        read_nodes(whole[: len(whole) // 2])

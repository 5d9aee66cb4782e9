"""An encoder's matrices as 8-bit integers, with one scale for every token and one for every column of a matrix.

The usual dynamic quantisation scales its input by the largest number of the whole batch, so that a text's vector hangs
on its neighbours. Here each token has its own scale (as in Dettmers et al. 2022, LLM.int8()): integers are summed
exactly, and a row's vector does not depend on the batch. Seven of the eight bits are used for the weights: with all of
them, processors without the newer integer instructions would overflow.
"""

from pathlib import Path
from typing import Any

import numpy as np

from smeaton.extras import needs
from smeaton.runtime.ops._embed import ROWWISE

_INPUT, _WEIGHT, _ZERO = 127.0, 63.0, 128  # largest numbers of either side, and where 0 lies in the inputs' bytes
_LEAST = 1e-9  # of a token's largest number: a token of zeros stays zeros
_AXES_AS_INPUT = 18  # the version of the operators since which ReduceMax has them as an input
_SMALL = 64  # rows of a matrix below which nothing is gained


def rowwise(source: Path, target: Path) -> int:
    """Write a copy of a model whose products with constant matrices are 8-bit; returns how many are.

    Raises:
        ExtraMissing: the package `onnx` is not installed.
    """
    with needs("build"):
        import onnx
        from onnx import numpy_helper
    model = onnx.load(source)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []
    known: dict[str, str] = {}  # inputs that have their bytes and scale already
    added: dict[str, Any] = {}
    done = 0
    opset = max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    for node in graph.node:
        matrix = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        values = None if matrix is None else numpy_helper.to_array(matrix)
        if values is None or values.ndim != 2 or values.dtype != np.float32 or len(values) < _SMALL:
            nodes.append(node)
            continue
        done += 1
        nodes += [*_bytes(node.input[0], known, opset), *_product(node, known[node.input[0]])]
        scale = np.abs(values).max(axis=0) / _WEIGHT
        scale[scale == 0] = 1.0
        added[f"{node.output[0]}:weights"] = np.rint(values / scale).astype(np.int8)
        added[f"{node.output[0]}:scale"] = (scale / _INPUT).astype(np.float32)
    if done:
        numbers = {"least": np.float32(_LEAST), "most": np.float32(_INPUT), "shift": np.float32(_ZERO)}
        added |= {f"rowwise:{name}": np.array(value) for name, value in numbers.items()}
        added["rowwise:zero"] = np.array(_ZERO, dtype=np.uint8)
        if opset >= _AXES_AS_INPUT:
            added["rowwise:axis"] = np.array([-1], dtype=np.int64)
    used = {name for node in nodes for name in node.input} | {entry.name for entry in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend([*kept, *(numpy_helper.from_array(value, name) for name, value in added.items())])
    graph.node.extend(nodes)
    onnx.helper.set_model_props(model, {ROWWISE: "1"})
    onnx.save(model, target)
    return done


def _bytes(value: str, known: dict[str, str], opset: int) -> list[Any]:
    """Nodes that turn an input into bytes with a scale for each token; none if it was done before."""
    from onnx import TensorProto, helper

    if value in known:
        return []
    own = known[value] = f"{value}:rowwise"
    size, largest = f"{own}:size", f"{own}:largest"
    if opset >= _AXES_AS_INPUT:
        most = helper.make_node("ReduceMax", [size, "rowwise:axis"], [largest], keepdims=1)
    else:
        most = helper.make_node("ReduceMax", [size], [largest], axes=[-1], keepdims=1)
    return [
        helper.make_node("Abs", [value], [size]),
        most,
        helper.make_node("Max", [largest, "rowwise:least"], [f"{own}:scale"]),
        helper.make_node("Div", ["rowwise:most", f"{own}:scale"], [f"{own}:inverse"]),
        helper.make_node("Mul", [value, f"{own}:inverse"], [f"{own}:scaled"]),
        helper.make_node("Round", [f"{own}:scaled"], [f"{own}:round"]),
        helper.make_node("Add", [f"{own}:round", "rowwise:shift"], [f"{own}:shifted"]),
        helper.make_node("Cast", [f"{own}:shifted"], [f"{own}:bytes"], to=TensorProto.UINT8),
    ]


def _product(node: Any, own: str) -> list[Any]:
    """Nodes for the product of an input's bytes with the integer matrix of `node`."""
    from onnx import TensorProto, helper

    name = node.output[0]
    given = [f"{own}:bytes", f"{name}:weights", "rowwise:zero"]
    return [
        helper.make_node("MatMulInteger", given, [f"{name}:sum"]),
        helper.make_node("Cast", [f"{name}:sum"], [f"{name}:float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}:float", f"{name}:scale"], [f"{name}:columns"]),
        helper.make_node("Mul", [f"{name}:columns", f"{own}:scale"], [name]),
    ]

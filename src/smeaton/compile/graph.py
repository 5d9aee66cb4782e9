"""`Graph`: writes one ONNX graph in double precision, naming values by what computes them.

Two nodes with the same operator, inputs and attributes are one node, so graphs embedded in one another share what they
have in common without a clean-up pass.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import ProgramError
from smeaton.extras import needs
from smeaton.runtime.packed import MOST_BYTES, read_packed

#: TreeEnsemble in double needs ai.onnx.ml 5. onnxruntime answers exactly from 1.23 on (tried: 1.23, 1.24, 1.26, 1.30,
#: 1.32); 1.22 loads it, but misreads trees that split on nothing but sets.
OPSET = 18
ML_OPSET = 5
IR_VERSION = 10
ML = "ai.onnx.ml"

Width = int | None


class Graph:
    """A graph under construction. Values are strings: what `input`, `constant` and `node` return.

    Every value is a matrix with one line a row. Inputs are float64, float32 or text matrices of a stated width.
    """

    def __init__(self) -> None:
        with needs("build"):
            import onnx
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._initializers: dict[str, Any] = {}
        self._inputs: dict[str, tuple[str, Width]] = {}
        self._outputs: list[tuple[str, str, Width]] = []
        self._known: dict[str, tuple[str, ...]] = {}

    def input(self, name: str, kind: str, width: Width) -> str:
        """Declare an input: `kind` is `double`, `float` or `string`, `width` its number of columns.

        Raises:
            ProgramError: the name is taken by an input of another form.
        """
        if self._inputs.setdefault(name, (kind, width)) != (kind, width):
            raise ProgramError(
                f"the graph input {name!r} is {self._inputs[name]} in one place, {(kind, width)} in another"
            )
        return name

    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs declared so far, in order."""
        return tuple(self._inputs)

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """A constant; the same bits are stored once."""
        array = np.ascontiguousarray(value, dtype=dtype) if np.ndim(value) else np.asarray(value, dtype=dtype)
        return self._initializer(self._onnx.numpy_helper.from_array(array))

    def _initializer(self, tensor: Any) -> str:
        tensor.ClearField("name")
        name = "c" + _digest(tensor.SerializeToString(deterministic=True))
        if name not in self._initializers:
            tensor.name = name
            self._initializers[name] = tensor
        return name

    def node(self, op: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """Add an operator with one output and return it. Arrays become tensors, None leaves an attribute out."""
        given = {
            key: self._onnx.numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
            for key, value in attributes.items()
            if value is not None
        }
        proto = self._onnx.helper.make_node(op, list(inputs), [""], domain=domain, **given)
        return self._add(proto)[0]

    def _add(self, proto: Any) -> tuple[str, ...]:
        """Add a node whose inputs are named already; its outputs get the names returned."""
        outputs = len(proto.output)
        del proto.output[:]
        proto.ClearField("name")
        key = _digest(proto.SerializeToString(deterministic=True) + bytes([outputs]))
        if key not in self._known:
            self._known[key] = tuple(f"v{key}_{i}" for i in range(outputs))
            proto.output.extend(self._known[key])
            self._nodes.append(proto)
        return self._known[key]

    def embed(self, model: Any, inputs: Mapping[str, str]) -> dict[str, str]:
        """Add a whole model; `inputs` maps its inputs to values here. Returns its outputs as values here.

        Raises:
            ProgramError: the model was not written by this package.
        """
        versions = {entry.domain: entry.version for entry in model.opset_import}
        if versions.get("", OPSET) != OPSET or versions.get(ML, ML_OPSET) != ML_OPSET or model.functions:
            raise ProgramError("the model to embed uses other operator versions", fix="export its program again")
        names = dict(inputs)
        for tensor in model.graph.initializer:
            copy = type(tensor)()
            copy.CopyFrom(tensor)
            names[tensor.name] = self._initializer(copy)
        for node in model.graph.node:
            if node.op_type == "Identity":
                names[node.output[0]] = names[node.input[0]]
                continue
            copy = type(node)()
            copy.CopyFrom(node)
            given = [names[name] if name else "" for name in node.input]
            del copy.input[:]
            copy.input.extend(given)
            names.update(zip(node.output, self._add(copy), strict=True))
        return {output.name: names[output.name] for output in model.graph.output}

    def output(self, name: str, value: str, width: Width) -> None:
        """Make a value an output: a float64 matrix of `width` columns, or a vector if `width` is None."""
        self._outputs.append((name, value, width))

    def save(self, path: Path) -> None:
        """Check the graph and write it.

        Raises:
            ProgramError: the graph is larger than one file can hold, or not well formed.
        """
        onnx = self._onnx
        self._nodes.extend(onnx.helper.make_node("Identity", [value], [name]) for name, value, _ in self._outputs)
        types = {"double": onnx.TensorProto.DOUBLE, "float": onnx.TensorProto.FLOAT, "string": onnx.TensorProto.STRING}
        described = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            self._live(),
            "smeaton",
            [described(name, types[kind], ["rows", width]) for name, (kind, width) in self._inputs.items()],
            [
                described(name, types["double"], ["rows"] if width is None else ["rows", width])
                for name, _, width in self._outputs
            ],
            list(self._initializers.values()),
        )
        opsets = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid(ML, ML_OPSET)]
        model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="smeaton")
        data = model.SerializeToString(deterministic=True)
        if len(data) > MOST_BYTES:
            raise ProgramError(f"the model would be {len(data) / 1e9:.1f} GB", fix="use fewer trees or categories")
        path.write_bytes(data)

    def _live(self) -> list[Any]:
        """The nodes an output needs, in order; unused constants are dropped with the others."""
        wanted = {name for name, _, _ in self._outputs}
        kept = []
        for node in reversed(self._nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        self._initializers = {name: tensor for name, tensor in self._initializers.items() if name in wanted}
        return kept[::-1]


def load_model(path: Path) -> Any:
    """The ONNX model in a file, plain or packed, as protobuf."""
    with needs("build"):
        import onnx
    return onnx.load_model_from_string(read_packed(path))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:20]

"""PyTorch's exported programs (`torch.export.save`, `.pt2`): a graph of ATen operators as JSON, and weights as bytes.

PyTorch itself is not asked: its `torch.export.load` unpickles whatever a file marks as pickled, and evaluates
expressions written in it, so it may run code. Here the JSON and the bytes are read as what they are (the layout of
`torch.export.pt2_archive`, version 0, and of `torch._export.serde.schema`, version 8); what is pickled is refused.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile.networks.archive import Archive, guarded
from smeaton.compile.networks.tape import Tape, Value, constant
from smeaton.compile.networks.torch_ops import ROWS, apply_operator
from smeaton.errors import ProgramError
from smeaton.task.table import Array

_AGAIN = "save it with torch.export.save of PyTorch 2.8 or later"
_SCHEMA = 8
#: torch's numbers for types of elements; bfloat16 is the upper half of a float32.
_DTYPES = {1: "u1", 2: "i1", 3: "<i2", 4: "<i4", 5: "<i8", 6: "<f2", 7: "<f4", 8: "<f8", 12: "?", 13: "<u2"}
_BFLOAT16 = 13


def read_torch(path: Path) -> Tape:
    """The network of a `.pt2` file.

    Raises:
        ProgramError: it is none, or holds what is not read here.
    """
    found: Tape = guarded(_read, path, "PyTorch", _AGAIN)
    return found


def _read(path: Path) -> Tape:
    with Archive(path, "PyTorch", _AGAIN) as archive:
        models = [name for name in archive.names if "/models/" in name and name.endswith(".json")]
        if len(models) != 1:
            raise ProgramError("it holds no exported program, or several", fix=_AGAIN)
        root = models[0].split("/models/")[0]
        document = archive.json(models[0])
        if document["schema_version"]["major"] != _SCHEMA or archive.bytes(f"{root}/byteorder") != b"little":
            raise ProgramError(f"its schema is {document['schema_version']}, not {_SCHEMA}", fix=_AGAIN)
        model = Path(models[0]).stem
        weights = _tensors(archive, f"{root}/data/weights/", f"{model}_weights_config.json")
        weights |= _tensors(archive, f"{root}/data/constants/", f"{model}_constants_config.json")
    module = document["graph_module"]
    tape = Tape()
    known = _inputs(tape, module, weights)
    for node in module["graph"]["nodes"]:
        _walk(tape, node, known)
    outputs = list(module["signature"]["output_specs"])
    if len(outputs) != 1 or "user_output" not in outputs[0]:
        raise ProgramError("it gives several outputs, or changes its own state", fix="export it after model.eval()")
    found = known[outputs[0]["user_output"]["arg"]["as_tensor"]["name"]]
    if not isinstance(found, Value) or not found.rows:
        raise ProgramError("its output does not depend on its inputs", fix="export the model again")
    tape.output = found
    return tape


def _tensors(archive: Archive, folder: str, config: str) -> dict[str, Array]:
    """Arrays by the names of parameters and buffers, float64.

    Raises:
        ProgramError: one is pickled, or is no plain array.
    """
    if folder + config not in archive.names:
        return {}
    return {name: _tensor(archive, folder, name, one) for name, one in archive.json(folder + config)["config"].items()}


def _tensor(archive: Archive, folder: str, name: str, about: Any) -> Array:
    meta = about["tensor_meta"]
    if about["use_pickle"] or meta is None:
        raise ProgramError(f"its {name} is pickled, and pickles may run code", fix="export plain tensors alone")
    if meta["dtype"] not in _DTYPES:
        raise ProgramError(f"its {name} is of a type that is not read here", fix="export it in float32 or float64")
    flat = np.frombuffer(archive.bytes(folder + about["path_name"]), dtype=_DTYPES[meta["dtype"]])
    if meta["dtype"] == _BFLOAT16:
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    sizes, strides = ([int(one["as_int"]) for one in meta[key]] for key in ("sizes", "strides"))
    offset = int(meta["storage_offset"]["as_int"])
    last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if not math.prod(sizes):
        return np.zeros(sizes)
    if offset < 0 or min([*sizes, 0]) < 0 or min([*strides, 0]) < 0 or last >= len(flat):
        raise ProgramError(f"its {name} is cut short", fix=_AGAIN)
    steps = [stride * flat.itemsize for stride in strides]
    found = np.lib.stride_tricks.as_strided(flat[offset:], sizes, steps, writeable=False)
    return found.astype(np.float64)


def _inputs(tape: Tape, module: Any, weights: Mapping[str, Array]) -> dict[str, Any]:
    """What the graph is given, by its names: weights, and the columns of rows."""
    known: dict[str, Any] = {}
    for spec in module["signature"]["input_specs"]:
        (kind, about), *_ = spec.items()
        if kind == "user_input":
            name = about["arg"]["as_tensor"]["name"]
            known[name] = tape.input(name, _width(name, module["graph"]["tensor_values"][name]))
        elif kind in ("parameter", "buffer", "tensor_constant"):
            known[about["arg"]["name"]] = constant(weights[about[f"{kind}_name"]])
        else:
            raise ProgramError(f"it takes a {kind.replace('_', ' ')}", fix="export a model that takes tensors alone")
    return known


def _width(name: str, meta: Any) -> int:
    """How many columns an input takes, 0 for a vector."""
    sizes = meta["sizes"]
    if len(sizes) not in (1, 2) or any("as_int" not in one for one in sizes[1:]):
        raise ProgramError(f"its input {name!r} is no table", fix="export it with inputs (rows, columns)")
    if "as_int" in sizes[0]:
        raise ProgramError(
            f"its input {name!r} takes {sizes[0]['as_int']} rows at a time",
            fix=f'torch.export.export(..., dynamic_shapes={{"{name}": {{0: torch.export.Dim("rows")}}}})',
        )
    return int(sizes[1]["as_int"]) if len(sizes) == 2 else 0


def _walk(tape: Tape, node: Any, known: dict[str, Any]) -> None:
    """One operator of the graph."""
    arguments = {one["name"]: _argument(one["arg"], known) for one in node["inputs"]}
    found = apply_operator(tape, node["target"], arguments)
    if found is not None and node["outputs"]:
        (kind, about), *_ = node["outputs"][0].items()  # the others are of training
        if kind not in ("as_tensor", "as_sym_int"):
            raise ProgramError(f"its operator {node['target']} gives a list, which is not read here", fix=_ONNX)
        known[about["name"] if kind == "as_tensor" else about["as_name"]] = found


_ONNX = "export the model to ONNX"


def _argument(arg: Any, known: Mapping[str, Any]) -> Any:
    """An argument: a value, a number, a text, or a list of these; None where it is left out."""
    (kind, found), *_ = arg.items()
    if kind == "as_none":
        return None
    if kind == "as_tensor":
        return known[found["name"]]
    if kind == "as_tensors":
        return [known[one["name"]] for one in found]
    if kind == "as_optional_tensor":
        return _argument(found, known)
    if kind == "as_sym_int":
        return known[found["as_name"]] if "as_name" in found else found["as_int"]
    if kind == "as_sym_ints":
        return [_argument({"as_sym_int": one}, known) for one in found]
    if kind == "as_float" and isinstance(found, str):  # Infinity, NaN
        return float(found)
    if kind in ("as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_string", "as_scalar_type"):
        return found
    return ROWS if kind == "as_sym_bool" else None  # devices, layouts and formats of memory change no number

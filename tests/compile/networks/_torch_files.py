"""`.pt2` files as PyTorch 2.13 writes them, made without it."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

FLOAT, DOUBLE = 7, 8
_DTYPES = {"float32": FLOAT, "float64": DOUBLE, "float16": 6}


def meta(array: Any) -> Any:
    """What a file says of an array."""
    array = np.asarray(array)
    sizes, strides = ([{"as_int": int(one)} for one in numbers] for numbers in (array.shape, array.strides))
    strides = [{"as_int": one["as_int"] // array.itemsize} for one in strides]
    return {"dtype": _DTYPES[array.dtype.name], "sizes": sizes, "strides": strides, "storage_offset": {"as_int": 0}}


def argument(value: Any) -> Any:
    """An argument as a file writes it; a text is a tensor's name."""
    if isinstance(value, bool):
        return {"as_bool": value}
    if isinstance(value, int):
        return {"as_int": value}
    if isinstance(value, float):
        return {"as_float": value}
    if isinstance(value, str):
        return {"as_tensor": {"name": value}}
    if isinstance(value, list) and isinstance(value[0], str):
        return {"as_tensors": [{"name": one} for one in value]}
    return {"as_none": True} if value is None else {"as_ints": value}


def node(operator: str, name: str, **given: Any) -> Any:
    inputs = [{"name": key, "arg": argument(value), "kind": 1} for key, value in given.items()]
    return {"target": f"torch.ops.aten.{operator}", "inputs": inputs, "outputs": [{"as_tensor": {"name": name}}]}


def program(nodes: list[Any], inputs: dict[str, Any], weights: dict[str, Any], output: str) -> Any:
    """A graph; `inputs` are the sizes of its inputs (None: any number)."""
    sized = {
        name: {"sizes": [{"as_expr": {}} if one is None else {"as_int": one} for one in sizes]}
        for name, sizes in inputs.items()
    }
    specs = [{"parameter": {"arg": {"name": f"p_{name}"}, "parameter_name": name}} for name in weights]
    specs += [{"user_input": {"arg": {"as_tensor": {"name": name}}}} for name in inputs]
    signature = {"input_specs": specs, "output_specs": [{"user_output": {"arg": {"as_tensor": {"name": output}}}}]}
    module = {"graph": {"nodes": nodes, "tensor_values": sized}, "signature": signature}
    return {"graph_module": module, "schema_version": {"major": 8, "minor": 20}}


def save(path: Path, document: Any, weights: dict[str, Any], **changed: Any) -> Path:
    """Write a file; `changed` is what its list says of all weights otherwise."""
    config = {}
    with zipfile.ZipFile(path, "w") as archive:
        for place, (name, value) in enumerate(weights.items()):
            array = np.asarray(value) if isinstance(value, np.ndarray) else np.asarray(value, dtype=np.float32)
            about = {"path_name": f"weight_{place}", "use_pickle": False, "tensor_meta": meta(array)}
            config[name] = {**about, **changed}
            archive.writestr(f"m/data/weights/weight_{place}", array.tobytes("A"))
        archive.writestr("m/data/weights/model_weights_config.json", json.dumps({"config": config}))
        archive.writestr("m/models/model.json", json.dumps(document))
        archive.writestr("m/byteorder", "little")
    return path

"""JSON tensors of the Open Inference Protocol: datatypes, shapes, flat and nested data."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from smeaton.runtime.answers import plain
from smeaton.service.problem import Problem
from smeaton.task.table import PREDICTION, PROBABILITY, Array
from smeaton.task.task import Task
from smeaton.task.types import Type

_INTEGERS = {
    **{f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
_FLOATS = frozenset({"FP16", "FP32", "FP64"})
#: Datatype of an input -> those it takes; a number takes whole numbers too, nothing is turned into text.
_TAKES = {
    "FP64": _FLOATS | _INTEGERS.keys(),
    "INT64": frozenset(_INTEGERS),
    "BOOL": frozenset({"BOOL"}),
    "BYTES": frozenset({"BYTES"}),
}
_PYTHON: dict[str, frozenset[type]] = {
    "FP64": frozenset({int, float, type(None)}),
    "INT64": frozenset({int, type(None)}),
    "BOOL": frozenset({bool, type(None)}),
    "BYTES": frozenset({str, type(None)}),
}
_NO_TENSOR = frozenset({"vector", "list", "json", "object"})


class Tensor(NamedTuple):
    """A column of a request."""

    name: str
    data: list[Any]


def datatype_of(kind: Type) -> str:
    """The datatype of a type's values."""
    if kind.type == "category":
        return {"text": "BYTES", "integer": "INT64", "boolean": "BOOL"}[kind.base]
    return {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}.get(kind.type, "BYTES")


def output_datatype(task: Task, name: str) -> str:
    """The datatype of an output. Predicted numbers are FP64, for whole targets too."""
    if name == PROBABILITY or (name == PREDICTION and task.output_type.type == "integer"):
        return "FP64"
    return datatype_of(task.output_type) if name == PREDICTION else "BYTES"


def output_tensor(task: Task, name: str, column: Array) -> dict[str, Any]:
    """A column of answers as a tensor."""
    tensor: dict[str, Any] = {"name": name, "datatype": output_datatype(task, name)}
    if name == PROBABILITY:
        tensor["shape"] = list(column.shape)
        tensor["parameters"] = {"labels": list(task.output_type.text_labels())}
        tensor["data"] = column.ravel().tolist()
    else:
        tensor["shape"] = [len(column), 1]
        nested = name == PREDICTION and task.answer in ("many", "structure")
        tensor["data"] = [_json(value) for value in column.tolist()] if nested else plain(column)
    return tensor


def _json(value: Any) -> str | None:
    """A list or object as JSON text, for a tensor holds no such elements; null where there is no answer."""
    return None if value is None else msgspec.json.encode(value).decode()


def read_tensor(known: Mapping[str, Type], tensor: Any, path: str) -> Tensor:
    """A request tensor as a column: its form, datatype and shape checked.

    Raises:
        Problem: what is wrong, with the path to it.
    """
    if not isinstance(tensor, dict):
        raise _wrong("invalid_value", "an object was expected", path)
    name, datatype, data = tensor.get("name"), tensor.get("datatype"), tensor.get("data")
    if not isinstance(name, str) or name not in known:
        raise _wrong("unknown_input", f"the inputs are: {', '.join(known)}", f"{path}.name")
    if known[name].type in _NO_TENSOR:
        raise _wrong("no_tensor", "this input has no tensor form; send rows to /predict", f"{path}.name")
    native = datatype_of(known[name])
    if not isinstance(datatype, str) or datatype not in _TAKES[native]:
        raise _wrong("invalid_datatype", f"this input takes {native}", f"{path}.datatype")
    if not isinstance(data, list):
        raise _wrong("invalid_value", "a list was expected", f"{path}.data")
    values = _row_major(data)
    _check_shape(tensor.get("shape"), len(values), f"{path}.shape")
    _check_values(values, datatype, f"{path}.data")
    return Tensor(name, values)


def _row_major(data: list[Any]) -> list[Any]:
    """The elements in order: flat `[a, b]` as it is, nested `[[a], [b]]` taken apart."""
    if not any(item.__class__ is list for item in data):
        return data
    return [element for item in data for element in (item if item.__class__ is list else [item])]


def _check_shape(shape: Any, count: int, path: str) -> None:
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size >= 0 for size in shape):
        raise _wrong("invalid_shape", "a list of sizes was expected", path)
    if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        raise _wrong("invalid_shape", "the shape must be [n, 1] or [n]: one tensor a column", path)
    if math.prod(shape) != count:
        raise _wrong("invalid_shape", "the number of elements is not the product of the shape", path)


def _check_values(values: list[Any], datatype: str, path: str) -> None:
    kind = "FP64" if datatype in _FLOATS else "INT64" if datatype in _INTEGERS else datatype
    if not set(map(type, values)) <= _PYTHON[kind]:
        bad = next(number for number, value in enumerate(values) if type(value) not in _PYTHON[kind])
        raise _wrong("invalid_value", f"an element of {datatype} was expected", f"{path}[{bad}]")
    if datatype in _INTEGERS:
        low, high = _INTEGERS[datatype]
        for number, value in enumerate(values):
            if value is not None and not low <= value <= high:
                raise _wrong("invalid_value", f"an element of {datatype} was expected", f"{path}[{number}]")


def _wrong(code: str, message: str, path: str) -> Problem:
    return Problem(422, code, message, path)

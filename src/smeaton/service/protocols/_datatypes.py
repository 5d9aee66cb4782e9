"""The datatypes of the Open Inference Protocol, and which of them a column of ours has and takes."""

from smeaton.task.table import HIGH, LOW, PREDICTION, PROBABILITY
from smeaton.task.task import Task
from smeaton.task.types import Type

#: Least and largest element of the integer datatypes.
RANGES = {
    **{f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
#: Largest element of the floating point datatypes. BF16 has no JSON form: it travels in binary only.
LARGEST = {"FP16": 65504.0, "BF16": 3.3895313892515355e38, "FP32": 3.4028234663852886e38, "FP64": float("inf")}
BINARY_ONLY = frozenset({"BF16"})
#: NumPy's name of each datatype of fixed size, little-endian. BF16 is read as whole numbers and widened.
NUMPY = {
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
    "FP16": "<f2",
    "BF16": "<u2",
    "FP32": "<f4",
    "FP64": "<f8",
    "BOOL": "|u1",
}
INTEGERS, FLOATS = frozenset(RANGES), frozenset(LARGEST)
DATATYPES = frozenset(NUMPY) | {"BYTES"}
_NULL = type(None)
#: What an element may be in JSON.
ELEMENTS: dict[str, frozenset[type]] = {
    **dict.fromkeys(FLOATS, frozenset({int, float, _NULL})),
    **dict.fromkeys(INTEGERS, frozenset({int, _NULL})),
    "BOOL": frozenset({bool, _NULL}),
    "BYTES": frozenset({str, _NULL}),
}
#: Datatype of a column -> those it takes: a number takes whole numbers too, nothing is turned into text.
TAKES = {
    "FP64": FLOATS | INTEGERS,
    "FP32": FLOATS,
    "INT64": INTEGERS,
    "BOOL": frozenset({"BOOL"}),
    "BYTES": frozenset({"BYTES"}),
}


def datatype_of(kind: Type) -> str:
    """The datatype of a type's values. Moments are BYTES (ISO 8601), so are lists and objects (JSON)."""
    if kind.type == "category":
        return {"text": "BYTES", "integer": "INT64", "boolean": "BOOL"}[kind.base]
    return {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "vector": "FP32"}.get(kind.type, "BYTES")


def output_datatype(task: Task, name: str) -> str:
    """The datatype of an output. Predicted numbers and the ends of their intervals are FP64, for whole targets too."""
    if name in (PROBABILITY, LOW, HIGH) or (name == PREDICTION and task.output_type.type == "integer"):
        return "FP64"
    return datatype_of(task.output_type) if name == PREDICTION else "BYTES"

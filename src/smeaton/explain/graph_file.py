"""What an ONNX file says of its nodes, read without the `onnx` package: a service does not have it.

Protocol Buffers, encoding (a message is a list of tagged fields), and the field numbers of `onnx.proto` (ONNX IR 10).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smeaton.errors import ProgramError
from smeaton.task.table import Array

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_GRAPH = 7  # of a model
_NODE, _OUTPUT = 1, 12  # of a graph
_INPUTS, _OUTPUTS, _OP, _ATTRIBUTES, _DOMAIN = 1, 2, 4, 5, 7  # of a node
_NAME, _F, _I, _S, _T, _FLOATS, _INTS, _STRINGS = 1, 2, 3, 4, 5, 7, 8, 9  # of an attribute
_DIMS, _DATA_TYPE, _RAW, _DOUBLES, _FLOAT_DATA, _INT_DATA, _LONG_DATA = 1, 2, 9, 10, 4, 5, 7  # of a tensor
_DTYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 9: "?", 11: "<f8"}


@dataclass(slots=True)
class GraphNode:
    """One operator: what it reads and writes, and its attributes (numbers, texts, arrays)."""

    op: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)


def read_nodes(model: bytes) -> list[GraphNode]:
    """The nodes of a model's graph, in order.

    Raises:
        ProgramError: it is no ONNX model.
    """
    try:
        found = []
        for number, value in _fields(memoryview(model)):
            if number == _GRAPH:
                found += [_node(part) for inner, part in _fields(value) if inner == _NODE]
    except (IndexError, ValueError, struct.error, TypeError) as error:
        raise ProgramError(
            f"the graph cannot be read: {error}", fix="take the bundle from where it was built"
        ) from error
    return found


def with_outputs(model: bytes, names: list[str]) -> bytes:
    """The same model with these values of its graph as outputs too. (Messages one behind the other are one message:
    their lists are joined.)"""
    outputs = b"".join(_framed(_OUTPUT, _framed(1, name.encode())) for name in names)
    return model + _framed(_GRAPH, outputs)


def _framed(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)


def _number(data: memoryview, place: int) -> tuple[int, int]:
    """A varint and the place behind it."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Field numbers with their values: a number, or the bytes of what is longer."""
    place, end = 0, len(data)
    while place < end:
        tag, place = _number(data, place)
        kind = tag & 7
        value: Any
        if kind == _VARINT:
            value, place = _number(data, place)
        else:
            length = {_EIGHT: 8, _FOUR: 4}.get(kind)
            if kind == _BYTES:
                length, place = _number(data, place)
            if length is None or place + length > end:
                raise ValueError("a field is cut short")
            value, place = data[place : place + length], place + length
        yield tag >> 3, value


def _node(data: memoryview) -> GraphNode:
    node = GraphNode()
    for number, value in _fields(data):
        if number in (_INPUTS, _OUTPUTS):
            (node.inputs if number == _INPUTS else node.outputs).append(str(value, "utf-8"))
        elif number == _OP:
            node.op = str(value, "utf-8")
        elif number == _DOMAIN:
            node.domain = str(value, "utf-8")
        elif number == _ATTRIBUTES:
            name, content = _attribute(value)
            node.attributes[name] = content
    return node


def _attribute(data: memoryview) -> tuple[str, Any]:
    name, ints, floats, texts = "", list[int](), list[Array](), list[str]()
    content: Any = None
    for number, value in _fields(data):
        if number == _NAME:
            name = str(value, "utf-8")
        elif number == _I:
            content = _signed(value)
        elif number == _F:
            content = struct.unpack("<f", value)[0]
        elif number == _S:
            content = bytes(value)
        elif number == _T:
            content = _tensor(value)
        elif number == _INTS:
            ints += _packed(value)
        elif number == _FLOATS:
            floats.append(np.frombuffer(value, dtype="<f4"))
        elif number == _STRINGS:
            texts.append(str(value, "utf-8"))
    if ints:
        return name, np.array(ints, dtype=np.int64)
    if floats:
        return name, np.concatenate(floats)
    return name, texts or content


def _packed(value: Any) -> list[int]:
    """One number, or many packed into bytes."""
    if isinstance(value, int):
        return [_signed(value)]
    found, place = [], 0
    while place < len(value):
        number, place = _number(value, place)
        found.append(_signed(number))
    return found


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _tensor(data: memoryview) -> Array:
    dims, kind, raw, numbers = list[int](), 0, list[Any](), list[Array]()
    for number, value in _fields(data):
        if number == _DIMS:
            dims += _packed(value)
        elif number == _DATA_TYPE:
            kind = value
        elif number == _RAW:
            raw.append(value)
        elif number in (_DOUBLES, _FLOAT_DATA):
            numbers.append(np.frombuffer(value, dtype="<f8" if number == _DOUBLES else "<f4"))
        elif number in (_INT_DATA, _LONG_DATA):
            numbers.append(np.array(_packed(value)))
    if kind not in _DTYPES:
        raise ValueError(f"tensors of type {kind} are not read here")
    made = np.frombuffer(raw[0], dtype=_DTYPES[kind]) if raw else np.concatenate([*numbers, np.empty(0)])
    return np.asarray(made.astype(_DTYPES[kind]).reshape(dims))

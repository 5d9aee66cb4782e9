"""Tensors as bytes: little-endian, row by row, nothing between elements (the binary tensor data extension of Triton,
github.com/triton-inference-server/server, `docs/protocol/extension_binary_data.md`).

Every length is checked against the bytes that are there before anything is read. Not a number is a null; an element of
BYTES is its length (4 bytes) and its UTF-8 text, and one without text is a null.
"""

import struct
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from smeaton.service.problem import Problem
from smeaton.service.protocols._datatypes import FLOATS, NUMPY
from smeaton.service.protocols._refused import wrong
from smeaton.task.table import Array

_PREFIX = struct.Struct("<I")
_HEADER = b"inference-header-content-length"


def json_length(headers: Any, body: bytes) -> int | None:
    """How many bytes of a body are JSON: what its header says, None without one.

    Raises:
        Problem: the header is no number, or more than there is.
    """
    given = headers.get(_HEADER)
    if given is None:
        return None
    if not given.isdigit() or len(given) > 18 or int(given) > len(body):
        message = f"a number of bytes from 0 to the length of the body, {len(body):,}, was expected"
        raise Problem(400, "invalid_length", message, "Inference-Header-Content-Length")
    return int(given)


def cut(tensors: Sequence[Any], body: bytes, start: int, path: str) -> list[memoryview | None]:
    """The bytes of each tensor that has some, in the order of tensors, from `start` on.

    Raises:
        Problem: the sizes they state do not make up the rest of the body.
    """
    sizes, stated = list[int | None](), 0
    for number, tensor in enumerate(tensors):
        size = None
        if tensor.__class__ is dict and "parameters" in tensor:
            size = _size(tensor, number, path)
            stated += size or 0
        sizes.append(size)
    if stated != len(body) - start:
        message = f"{len(body) - start:,} bytes follow the JSON, and the tensors state another sum"
        raise Problem(400, "invalid_length", message, path)
    view, cuts = memoryview(body), list[memoryview | None]()
    for size in sizes:
        cuts.append(None if size is None else view[start : start + size])
        start += size or 0
    return cuts


def _size(tensor: dict[str, Any], number: int, path: str) -> int | None:
    """How many bytes a tensor says it has after the JSON; None for one in JSON."""
    parameters = tensor["parameters"]
    if parameters.__class__ is not dict or "binary_data_size" not in parameters:
        return None
    size = parameters["binary_data_size"]
    if size.__class__ is not int or size < 0:
        path = f"{path}[{number}].parameters.binary_data_size"
        raise wrong("invalid_value", "a number of bytes was expected", path)
    if "data" in tensor:
        raise wrong("invalid_value", "a tensor has data in JSON or in binary, not both", f"{path}[{number}].data")
    return int(size)


def elements(datatype: str, count: int, data: memoryview, nulls: Collection[int], path: str, longest: int) -> list[Any]:
    """So many elements as Python values, None for nulls. `nulls` are numbers of elements that are not looked at;
    `longest` bounds the characters of a text.

    Raises:
        Problem: the bytes are not those of so many elements.
    """
    if datatype == "BYTES":
        return _texts(count, data, nulls, path, longest)
    size = np.dtype(NUMPY[datatype]).itemsize
    if count * size != len(data):
        message = f"so many elements of {datatype} as the shape says are not {len(data):,} bytes"
        raise wrong("invalid_length", message, f"{path}.parameters.binary_data_size")
    found = np.frombuffer(data, NUMPY[datatype])
    if datatype == "BOOL":
        return _booleans(found, nulls, path)
    if datatype == "BF16":
        found = (found.astype("<u4") << 16).view("<f4")
    values: list[Any] = found.tolist()
    if datatype in FLOATS:
        for number in np.flatnonzero(np.isnan(found)).tolist():
            values[number] = None
    for number in nulls:
        values[number] = None
    return values


def _booleans(found: Array, nulls: Collection[int], path: str) -> list[Any]:
    odd = [number for number in np.flatnonzero(found > 1).tolist() if number not in nulls]
    if odd:
        raise wrong("invalid_value", "an element of BOOL is a byte 0 or 1", f"{path}.data[{odd[0]}]")
    values: list[Any] = found.astype(bool).tolist()
    for number in nulls:
        values[number] = None
    return values


def _texts(count: int, data: memoryview, nulls: Collection[int], path: str, longest: int) -> list[Any]:
    values, at, end = list[Any](), 0, len(data)
    if count * 4 > end:
        message = f"so many elements of BYTES as the shape says are more than {end:,} bytes"
        raise wrong("invalid_length", message, f"{path}.parameters.binary_data_size")
    for number in range(count):
        if end - at < 4:
            raise wrong("invalid_length", "the bytes end before the length of this element", f"{path}.data[{number}]")
        (length,) = _PREFIX.unpack_from(data, at)
        at += 4
        if length > end - at:
            raise wrong("invalid_length", "this element is longer than the bytes that follow", f"{path}.data[{number}]")
        values.append(None if number in nulls else text_of(data[at : at + length], f"{path}.data[{number}]", longest))
        at += length
    if at != end:
        raise wrong("invalid_length", "bytes follow the last element", f"{path}.parameters.binary_data_size")
    return values


def text_of(data: memoryview, path: str, longest: int) -> str | None:
    """Bytes as text, None where there are none.

    Raises:
        Problem: they are not UTF-8, or too many characters.
    """
    try:
        text = str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise wrong("invalid_value", "text in UTF-8 was expected", path) from error
    if len(text) > longest:
        raise wrong("text_too_long", f"a text has more than {longest:,} characters", path)
    return text or None


def as_bytes(datatype: str, values: Sequence[Any]) -> bytes:
    """Elements as bytes. A null is not a number, an element without text, and zero where a datatype has neither."""
    if datatype == "BYTES":
        pieces = list[bytes]()
        for value in values:
            text = b"" if value is None else value.encode()
            pieces += (_PREFIX.pack(len(text)), text)
        return b"".join(pieces)
    empty = np.nan if datatype in FLOATS else 0
    return np.array([empty if value is None else value for value in values], dtype=NUMPY[datatype]).tobytes()

"""Binary requests packed and replies unpacked without the code under test."""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

_PACKED = {"FP16": "e", "FP32": "f", "FP64": "d", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"} | {
    "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "BOOL": "?",
}  # fmt: skip


def as_binary(datatype: str, values: Sequence[Any]) -> bytes:
    """Elements as the extension writes them, by hand: None is not a number, an empty text, or zero."""
    if datatype == "BYTES":
        texts = [b"" if value is None else value.encode() for value in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    empty = math.nan if datatype.startswith("FP") else 0
    return struct.pack(f"<{len(values)}{_PACKED[datatype]}", *(empty if value is None else value for value in values))


def packed(tensors: Sequence[dict[str, Any]], **more: Any) -> tuple[bytes, dict[str, str]]:
    """A request with the data of its tensors behind the JSON, and its headers."""
    told, blobs = [], []
    for tensor in tensors:
        blobs.append(as_binary(tensor["datatype"], tensor["data"]))
        parameters = tensor.get("parameters", {}) | {"binary_data_size": len(blobs[-1])}
        told.append({name: value for name, value in tensor.items() if name != "data"} | {"parameters": parameters})
    head = json.dumps({"inputs": told, **more}).encode()
    headers = {"inference-header-content-length": str(len(head)), "content-type": "application/octet-stream"}
    return head + b"".join(blobs), headers


def unpacked(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """A reply with the binary data of its outputs as `data`; nulls are what `parameters.nulls` says."""
    length = int(headers.get("inference-header-content-length", len(body)))
    content, at = json.loads(body[:length]), length
    for output in content["outputs"]:
        parameters = output.get("parameters", {})
        if "binary_data_size" not in parameters:
            continue
        data = body[at : at + parameters["binary_data_size"]]
        assert len(data) == parameters["binary_data_size"]
        at += len(data)
        output["data"] = _elements(output["datatype"], math.prod(output["shape"]), data)
        for row in parameters.get("nulls", []):
            width = math.prod(output["shape"][1:])
            output["data"][row * width : (row + 1) * width] = [None] * width
    assert at == len(body)
    return dict(content)


def _elements(datatype: str, count: int, data: bytes) -> list[Any]:
    if datatype != "BYTES":
        return list(struct.unpack(f"<{count}{_PACKED[datatype]}", data))
    values, at = [], 0
    for _ in range(count):
        (length,) = struct.unpack_from("<I", data, at)
        values.append(data[at + 4 : at + 4 + length].decode())
        at += 4 + length
    assert at == len(data)
    return values

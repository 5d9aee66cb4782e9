"""Rows as requests over every wire, and answers read back: `{"prediction", "probability"}` a row, as by REST."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

Row = Mapping[str, Any]
WIRES = ("rest", "v1", "v2", "v2 binary")
_SIZES = {"FP64": "<f8", "INT64": "<i8", "BOOL": "|u1"}


class Shape(NamedTuple):
    """A model as the service describes it over V2; `labels` are those of its probability."""

    name: str
    inputs: Sequence[Mapping[str, Any]]


class Body(NamedTuple):
    """A body with where it goes and the headers it needs."""

    path: str
    body: bytes
    headers: Mapping[str, str] = {}


def body_of(wire: str, shape: Shape, rows: Sequence[Row]) -> Body:
    """The rows in a wire's form."""
    encode, name = msgspec.json.encode, shape.name
    if wire == "rest":
        return Body(f"/models/{name}/predict", encode({"rows": rows}))
    if wire == "v1":
        return Body(f"/v1/models/{name}:predict", encode({"instances": rows}))
    path = f"/v2/models/{name}/infer"
    if wire == "v2":
        return Body(
            path, encode({"inputs": [_tensor(kind, rows) | {"data": _cells(kind, rows)} for kind in shape.inputs]})
        )
    blobs = [_blob(kind["datatype"], _cells(kind, rows)) for kind in shape.inputs]
    tensors = [
        _tensor(kind, rows) | {"parameters": {"binary_data_size": len(blob)}}
        for kind, blob in zip(shape.inputs, blobs, strict=True)
    ]
    head = encode({"inputs": tensors, "parameters": {"binary_data_output": True}})
    return Body(path, b"".join((head, *blobs)), {"Inference-Header-Content-Length": str(len(head))})


def _tensor(kind: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    return {"name": kind["name"], "datatype": kind["datatype"], "shape": [len(rows), 1]}


def _cells(kind: Mapping[str, Any], rows: Sequence[Row]) -> list[Any]:
    return [row.get(kind["name"]) for row in rows]


def _blob(datatype: str, cells: Sequence[Any]) -> bytes:
    """Elements as bytes: a text with its length before it; no number is not a number, no text is empty."""
    if datatype == "BYTES":
        texts = [(cell or "").encode() for cell in cells]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=_SIZES[datatype]).tobytes()


def answers(wire: str, body: bytes) -> list[tuple[Any, tuple[float, ...]]]:
    """Prediction and probabilities of each row, labels in their order.

    Raises:
        KeyError, ValueError: it is no such reply.
    """
    if wire in ("rest", "v1"):
        rows = json.loads(body)["predictions"]
        return [(row["prediction"], tuple(row["probability"].values())) for row in rows]
    head, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
    outputs = {tensor["name"]: tensor for tensor in head["outputs"]}
    values: dict[str, list[Any]] = {}
    for name, tensor in outputs.items():
        size = tensor.get("parameters", {}).get("binary_data_size")
        values[name] = tensor["data"] if size is None else _read(tensor["datatype"], body[end : end + size])
        end += size or 0
    width = outputs["probability"]["shape"][1]
    shares = np.array(values["probability"], dtype=np.float64).reshape(-1, width)
    return [(told, tuple(row)) for told, row in zip(values["prediction"], shares.tolist(), strict=True)]


def _read(datatype: str, blob: bytes) -> list[Any]:
    if datatype == "BYTES":
        found, start = list[str](), 0
        while start < len(blob):
            (size,) = struct.unpack_from("<I", blob, start)
            found.append(blob[start + 4 : start + 4 + size].decode())
            start += 4 + size
        return found
    values = np.frombuffer(blob, dtype=_SIZES[datatype]).tolist()
    return [bool(value) for value in values] if datatype == "BOOL" else values

"""Answers as tensors of a reply, in JSON or as bytes behind it."""

from typing import Any, NamedTuple

import msgspec
import numpy as np

from smeaton.runtime.answers import plain
from smeaton.service.answered import Answered
from smeaton.service.exchange import JSON, Headers, Reply
from smeaton.service.protocols._binary import as_bytes
from smeaton.service.protocols._form import Form, Output
from smeaton.service.protocols._refused import not_served, wrong
from smeaton.task.table import Array

_encode = msgspec.json.Encoder().encode
_OCTETS = (b"content-type", b"application/octet-stream")
_ELSEWHERE = ("shared_memory_region", "classification")  # other extensions of Triton


class Wanted(NamedTuple):
    """An output that was asked for."""

    name: str
    binary: bool


def wanted_outputs(form: Form, body: dict[str, Any]) -> list[Wanted]:
    """The outputs asked for, the usual ones if none are named. Binary is what an output says, else the request.

    Raises:
        Problem: an output that the model does not have, or a wish that is not served.
    """
    every = _flag(body, "binary_data_output", "parameters")
    outputs = body.get("outputs")
    if not outputs and (outputs is None or outputs.__class__ is list):
        return [Wanted(name, bool(every)) for name in form.usual]
    if outputs.__class__ is not list:
        raise wrong("invalid_value", "a list of outputs was expected", "outputs")
    found: dict[str, Wanted] = {}
    for number, output in enumerate(outputs):
        path = f"outputs[{number}]"
        if output.__class__ is not dict or output.get("name").__class__ is not str:
            raise wrong("invalid_value", "an object with a name was expected", path)
        name = output["name"]
        if name not in form.outputs:
            raise wrong("unknown_output", f"the outputs are: {', '.join(form.outputs)}", f"{path}.name")
        if name in found:
            raise wrong("repeated_output", "this output was named before", f"{path}.name")
        own = _flag(output, "binary_data", f"{path}.parameters")
        for word in _ELSEWHERE:
            if word in (output.get("parameters") or {}):
                raise not_served("this extension is not served", f"{path}.parameters.{word}")
        found[name] = Wanted(name, bool(every if own is None else own))
    return list(found.values())


def _flag(holder: dict[str, Any], name: str, path: str) -> bool | None:
    """A parameter that is true or false; None if it is not given."""
    parameters = holder.get("parameters")
    if parameters is None:
        return None
    if parameters.__class__ is not dict:
        raise wrong("invalid_value", "an object was expected", path)
    value = parameters.get(name)
    if value is not None and value.__class__ is not bool:
        raise wrong("invalid_value", "true or false was expected", f"{path}.{name}")
    return None if value is None else bool(value)


def write_reply(form: Form, answered: Answered, wanted: list[Wanted], given_id: str | None) -> Reply:
    """The reply to an inference request: `{"model_name", "model_version", "id", "outputs"}`, and the bytes of the
    outputs that were asked for as such."""
    columns, rows = answered.columns, len(answered)
    tensors, blobs = list[dict[str, Any]](), list[bytes]()
    for name, binary in wanted:
        output = form.outputs[name]
        values, nulls = _values(columns[name], output)
        parameters: dict[str, Any] = {}
        tensor: dict[str, Any] = {"name": name, "datatype": output.datatype, "shape": [rows, output.width]}
        if output.labels:
            parameters["labels"] = output.labels
        if nulls:
            parameters["nulls"] = nulls
        if binary:
            blobs.append(as_bytes(output.datatype, values))
            parameters["binary_data_size"] = len(blobs[-1])
        else:
            tensor["data"] = values
        if parameters:
            tensor["parameters"] = parameters
        tensors.append(tensor)
    content: dict[str, Any] = {"model_name": form.model, "model_version": form.version}
    if given_id is not None:
        content["id"] = given_id
    content["outputs"] = tensors
    head = _encode(content)
    if not blobs:
        return Reply(head, headers=JSON)
    headers: Headers = (_OCTETS, (b"inference-header-content-length", b"%d" % len(head)))
    return Reply(b"".join((head, *blobs)), headers=headers)


def _values(column: Array, output: Output) -> tuple[list[Any], list[int]]:
    """The elements of an output row by row, None for nulls, and the numbers of the rows that are null."""
    if column.ndim == 2:
        if np.isfinite(column).all():
            return column.ravel().tolist(), []
        bad = ~np.isfinite(column)
        shares = [None if odd else share for share, odd in zip(column.ravel().tolist(), bad.ravel(), strict=True)]
        return shares, np.flatnonzero(bad.all(axis=1)).tolist()
    values = plain(column)
    if output.nested or output.datatype == "BYTES":
        values = [value if value is None or value.__class__ is str else _encode(value).decode() for value in values]
    return values, [row for row, value in enumerate(values) if value is None] if None in values else []

"""One inference request of V2, read: JSON, JSON with bytes behind it, or the bytes of one tensor alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.errors import RowsError
from smeaton.service.body import parse_object
from smeaton.service.hosted import Hosted, Rows
from smeaton.service.problem import Problem, reason_of
from smeaton.service.protocols._binary import cut, json_length, text_of
from smeaton.service.protocols._datatypes import NUMPY
from smeaton.service.protocols._elements import json_values
from smeaton.service.protocols._form import Form, Input
from smeaton.service.protocols._outputs import Wanted, wanted_outputs
from smeaton.service.protocols._refused import wrong
from smeaton.service.protocols._tensors import Tensor, from_binary, read_tensor


@dataclass(slots=True)
class Inference:
    """A request whose rows are checked as far as that goes before the program runs."""

    id: str | None
    tensors: list[Tensor]
    rows: Rows
    wanted: list[Wanted]

    def problem(self, error: RowsError) -> Problem:
        """What is wrong with a row, with the path to the element."""
        return _row_problem(error, self.tensors)


def read_inference(form: Form, model: Hosted, headers: Mapping[bytes, bytes], body: bytes) -> Inference:
    """A request from its body.

    Raises:
        Problem: what is wrong, with the path to it.
    """
    length = json_length(headers, body)
    if length == 0:
        tensor = _raw(form, body)
        wanted = [Wanted(name, True) for name in form.outputs]
        return Inference(None, [tensor], _rows(form, model, [tensor]), wanted)
    content = parse_object(body if length is None else body[:length], form.limits)
    given_id = content.get("id")
    if given_id is not None and given_id.__class__ is not str:
        raise wrong("invalid_value", "text was expected", "id")
    wanted = wanted_outputs(form, content)
    tensors = _tensors(form, content, body, len(body) if length is None else length)
    return Inference(given_id, tensors, _rows(form, model, tensors), wanted)


def _tensors(form: Form, content: dict[str, Any], body: bytes, start: int) -> list[Tensor]:
    """The tensors of a request: each input once, as many rows in each."""
    given = content.get("inputs")
    if given.__class__ is not list or not given:
        raise wrong("invalid_value", "a list of at least one tensor was expected", "inputs")
    cuts = cut(given, body, start, "inputs")
    tensors, seen_columns = list[Tensor](), set[str]()
    for number, (one, data) in enumerate(zip(given, cuts, strict=True)):
        path = f"inputs[{number}]"
        tensor = read_tensor(form, one, data, path)
        if not seen_columns.isdisjoint(tensor.columns):
            raise wrong("repeated_input", "this input was given before", f"{path}.name")
        seen_columns.update(tensor.columns)
        if tensors and tensor.rows != tensors[0].rows:
            raise wrong("invalid_shape", "all inputs must have the same number of rows", f"{path}.shape")
        tensors.append(tensor)
    return tensors


def _rows(form: Form, model: Hosted, tensors: list[Tensor]) -> Rows:
    model.admit(tensors[0].rows, f"{tensors[0].path}.shape")
    names = [name for tensor in tensors for name in tensor.columns]
    columns = [values for tensor in tensors for values in tensor.values]
    try:
        return model.check([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)], "inputs")
    except RowsError as error:
        raise _row_problem(error, tensors) from error


def _row_problem(error: RowsError, tensors: list[Tensor]) -> Problem:
    fault = error.faults[0]
    tensor = next((tensor for tensor in tensors if fault.column in tensor.columns), None)
    if tensor is None:
        return wrong("missing_input", f"an input is missing: {fault.column}", "inputs")
    return wrong("invalid_value", reason_of(fault.reason), tensor.spot(fault.row, fault.column))


def _raw(form: Form, body: bytes) -> Tensor:
    """The bytes of one tensor alone, for a model with one input: a text (the body as it is), a vector, or numbers or
    booleans, one a row, of the datatype that the metadata names."""
    if len(form.inputs) != 1:
        message = f"the body may be one tensor only where a model has one input; this one has {len(form.inputs)}"
        raise wrong("no_raw", message, "body")
    if not body:
        raise Problem(400, "empty_body", "the body is empty; a tensor was expected", "body")
    ((name, column),) = form.inputs.items()
    data = memoryview(body)
    if column.datatype == "BYTES":
        tensor = Tensor("body", (name,), 1, 1)
        tensor.values = [[text_of(data, "body", form.limits.text)]]
        if column.json:
            tensor.values = [json_values(tensor.values[0], form.limits, lambda _: "body")]
        return tensor
    rows, width = _raw_size(column, len(body), form.limits.rows)
    tensor = Tensor("body", (name,), rows, width)
    from_binary(form, tensor, data, column.datatype, column)
    return tensor


def _raw_size(column: Input, length: int, most: int) -> tuple[int, int]:
    """Rows and elements of each, from the number of bytes."""
    size = np.dtype(NUMPY[column.datatype]).itemsize
    width = column.width if column.width > 0 else max(length // size, 1)  # a vector of any length: one row
    rows, rest = divmod(length, size * width)
    if rest or not rows:
        message = f"a row is {size * width:,} bytes of {column.datatype}; the body is no multiple of them"
        raise wrong("invalid_length", message, "body")
    if rows > most:
        raise Problem(413, "too_many_rows", f"at most {most:,} rows fit in one request", "body")
    return rows, width

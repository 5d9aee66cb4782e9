"""Conformance of V2's binary tensors, box by box (Triton, `extension_binary_data.md`)."""

import json
import struct
from typing import Any

import pytest
from tests.service.protocols.boxes import (
    CHURN,
    LENGTH,
    ONE,
    POINTS,
    SUMS,
    TICKETS,
    Check,
    binary,
    both,
    checked,
    churn,
    data,
    infer,
    output,
    table,
    tensor,
    told,
)
from tests.service.protocols.by_hand import packed

PREDICTION, PROBABILITY = ("prediction", "BOOL", [1, 1]), ("probability", "FP64", [1, 2])
ASKED = {"parameters": {"binary_data_output": True}}
#: Binary tensors: the inputs are packed. The third column is what the JSON holds beside them.
BINARY: tuple[tuple[str, str, list[dict[str, Any]], dict[str, Any], int, Check], ...] = (
    ("in binary, out in JSON", CHURN, churn(2), {}, 200, both(output(0, shape=[2, 1]), lambda _, h: LENGTH not in h)),
    ("in and out", CHURN, churn(), ASKED, 200, binary(PREDICTION, PROBABILITY)),
    (
        "one output",
        CHURN,
        churn(),
        {"outputs": [{"name": "probability", "parameters": {"binary_data": True}}]},
        200,
        binary(PROBABILITY),
    ),
    (
        "an output says no",
        CHURN,
        churn(),
        ASKED | {"outputs": [{"name": "prediction", "parameters": {"binary_data": False}}, {"name": "probability"}]},
        200,
        both(lambda c, _: "data" in c["outputs"][0], lambda c, _: "data" not in c["outputs"][1]),
    ),
    (
        "an output says yes",
        CHURN,
        churn(),
        {"outputs": [{"name": "prediction", "parameters": {"binary_data": True}}]},
        200,
        binary(PREDICTION),
    ),
    (
        "texts out, nulls named",
        TICKETS,
        [tensor("body", "BYTES", [2], ["my crash again", "zebra"])],
        ASKED,
        200,
        both(
            binary(("prediction", "BYTES", [2, 1]), ("probability", "FP64", [2, 3]), ("error", "BYTES", [2, 1])),
            lambda c, _: c["outputs"][0]["parameters"]["nulls"] == [1],
        ),
    ),
    (
        "not a number is a null",
        SUMS,
        [tensor("a", "FP32", [2], [None, 2]), tensor("b", "INT64", [2], [3, 4])],
        {},
        400,
        told("inputs[0].data[0]: "),
    ),
    (
        "an infinity",
        SUMS,
        [tensor("a", "FP64", [1], [float("inf")]), tensor("b", "INT64", [1], [1])],
        {},
        400,
        told("inputs[0].data[0]: "),
    ),
    (
        "a named null of whole numbers",
        SUMS,
        [tensor("a", "FP64", [1], [1]), tensor("b", "INT64", [1], [4], nulls=[0])],
        {},
        400,
        told("inputs[1].data[0]: "),
    ),
    (
        "an empty text where none may be null",
        TICKETS,
        [tensor("body", "BYTES", [1], [None])],
        {},
        400,
        told("inputs[0].data[0]: "),
    ),
    ("a table tensor", SUMS, [tensor("x", "FP64", [2, 2], [1, 3, 2, 4])], {}, 200, data(31.0, 42.0)),
    ("a table tensor of whole numbers", SUMS, [tensor("x", "INT8", [2, 2], [1, 3, 2, 4])], {}, 200, data(31.0, 42.0)),
    ("a vector", POINTS, [tensor("point", "FP32", [2, 3], [1, 2, 3, 4, 5, 6])], {}, 200, data(6.0, 15.0)),
    (
        "a vector of no numbers is null",
        POINTS,
        [tensor("point", "FP64", [2, 3], [1, 2, 3, None, None, None])],
        {},
        200,
        data(6.0, None),
    ),
    (
        "a vector named null",
        POINTS,
        [tensor("point", "FP64", [2, 3], [1, 2, 3, 4, 5, 6], nulls=[1])],
        {},
        200,
        data(6.0, None),
    ),
    (
        "not a number inside a vector",
        POINTS,
        [tensor("point", "FP64", [1, 3], [1, None, 3])],
        {},
        400,
        told("inputs[0].data[0]: "),
    ),
    (
        "another size than the shape",
        SUMS,
        [tensor("a", "FP64", [2], [1]), tensor("b", "INT64", [1], [1])],
        {},
        400,
        told("inputs[0].parameters.binary_data_size: "),
    ),
)


def packed_by_hand(head: Any, tail: bytes, length: int | str | None = None) -> tuple[bytes, dict[str, str]]:
    text = json.dumps(head).encode()
    return text + tail, {LENGTH: str(len(text) if length is None else length)}


def sized(size: Any, **more: Any) -> dict[str, Any]:
    return infer([{"name": "a", "datatype": "FP64", "shape": [1], "parameters": {"binary_data_size": size}, **more}])


ONE_DOUBLE = struct.pack("<d", 2.5)
#: Bodies and lengths that do not fit each other; raw requests.
RAW: tuple[tuple[str, str, tuple[bytes, dict[str, str]], int, Check], ...] = (
    ("the sizes are the rest of the body", ONE, packed_by_hand(sized(8), ONE_DOUBLE), 200, data(2.5)),
    ("bytes too few", ONE, packed_by_hand(sized(8), ONE_DOUBLE[:7]), 400, told("inputs: ")),
    ("bytes too many", ONE, packed_by_hand(sized(8), ONE_DOUBLE + b"\0"), 400, told("inputs: ")),
    ("no size stated", ONE, packed_by_hand(sized(8)["inputs"][0], ONE_DOUBLE), 400, told("inputs: ")),
    ("a size below nothing", ONE, packed_by_hand(sized(-8), b""), 400, told("inputs[0].parameters.binary_data_size: ")),
    ("a huge size", ONE, packed_by_hand(sized(2**62), ONE_DOUBLE), 400, told("inputs: ")),
    ("data twice", ONE, packed_by_hand(sized(8, data=[1]), ONE_DOUBLE), 400, told("inputs[0].data: ")),
    ("sizes without a header", ONE, (json.dumps(sized(8)).encode(), {}), 400, told("inputs: ")),
    ("a header beyond the body", ONE, packed_by_hand(sized(8), b"", 10**6), 400, told("Inference-Header")),
    ("a header that is no number", ONE, packed_by_hand(sized(8), b"", "x"), 400, told("Inference-Header")),
    ("a header into the middle", ONE, packed_by_hand(sized(8), ONE_DOUBLE, 5), 400, told("body: ")),
    ("all JSON under a header", ONE, packed_by_hand(table([1], [2.5], name="a"), b""), 200, data(2.5)),
    ("raw numbers, one a row", ONE, (ONE_DOUBLE * 2, {LENGTH: "0"}), 200, binary(("prediction", "FP64", [2, 1]))),
    ("a raw vector", POINTS, (struct.pack("<3f", 1, 2, 3), {LENGTH: "0"}), 200, binary(("prediction", "FP64", [1, 1]))),
    ("raw bytes that are no row", ONE, (b"1234567", {LENGTH: "0"}), 400, told("body: ")),
    ("raw bytes that are too many rows", ONE, (bytes(80_008), {LENGTH: "0"}), 413, told("body: ")),
    ("no raw bytes", ONE, (b"", {LENGTH: "0"}), 400, told("body: ")),
    ("raw where there are several inputs", CHURN, (ONE_DOUBLE, {LENGTH: "0"}), 400, told("body: ")),
    ("raw infinity", ONE, (struct.pack("<d", float("inf")), {LENGTH: "0"}), 400, told("body")),
)


@pytest.mark.parametrize("box", BINARY, ids=lambda box: box[0])
def test_box_of_binary_tensors(five: Any, box: Any) -> None:
    _, path, tensors, more, status, check = box
    checked(five.send("POST", path, *packed(tensors, **more)), status, check)


@pytest.mark.parametrize("box", RAW, ids=lambda box: box[0])
def test_box_of_lengths(five: Any, box: Any) -> None:
    _, path, (body, headers), status, check = box
    checked(five.send("POST", path, body, headers), status, check)

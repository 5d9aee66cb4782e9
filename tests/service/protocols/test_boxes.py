"""Conformance of V2 in JSON, box by box (Open Inference Protocol, `inference_rest.md`, and KServe's extras).

One entry a box: what is asked, the request, what the reply must be.
"""

import json
from typing import Any

import pytest
from tests.service.protocols.boxes import (
    CHURN,
    ONE,
    POINTS,
    SUMS,
    TICKETS,
    Box,
    bad,
    both,
    checked,
    churn,
    data,
    get,
    infer,
    keys,
    ok,
    output,
    point,
    says,
    table,
    tensor,
)

SERVER = (
    get("server metadata", "/v2", keys("name", "version", "extensions")),
    get("binary is listed", "/v2", lambda c, _: "binary_tensor_data" in c["extensions"]),
    get("live", "/v2/health/live", says(live=True)),
    get("ready says live and ready", "/v2/health/ready", says(live=True, ready=True)),
    get("models", "/v2/models", says(models=["churn", "sums", "points", "one", "tickets"])),
    get("model ready", "/v2/models/sums/ready", says(name="sums", ready=True)),
    get("model metadata", "/v2/models/sums", keys("name", "versions", "platform", "inputs", "outputs", "parameters")),
    get(
        "rows are a variable dimension",
        "/v2/models/sums",
        lambda c, _: c["inputs"][0] == {"name": "a", "datatype": "FP64", "shape": [-1, 1]},
    ),
    get(
        "the table tensor is described",
        "/v2/models/sums",
        says(parameters={"table": {"columns": ["a", "b"], "shape": [-1, 2]}}),
    ),
    get(
        "a vector's length", "/v2/models/points", says(inputs=[{"name": "point", "datatype": "FP32", "shape": [-1, 3]}])
    ),
    ok(
        "index of the repository",
        "/v2/repository/index",
        None,
        lambda c, _: [(one["name"], one["state"]) for one in c][:2] == [("churn", "READY"), ("sums", "READY")],
    ),
    ok("index of what is ready", "/v2/repository/index", {"ready": True}, lambda c, _: len(c) == 5),
    ok("load", "/v2/repository/models/sums/load", None, says(name="sums")),
    ok("load with parameters of none", "/v2/repository/models/sums/load", {"parameters": {}}, keys("name", "load")),
    bad(
        "load never takes a configuration",
        "/v2/repository/models/sums/load",
        {"parameters": {"config": "{}"}},
        "parameters: ",
        501,
    ),
)

INFERENCE = (
    ok("the least request", CHURN, infer(churn()), keys("model_name", "model_version", "outputs")),
    ok("id comes back", CHURN, infer(churn(), id="x"), says(id="x")),
    ok("an empty id comes back", CHURN, infer(churn(), id=""), says(id="")),
    ok(
        "parameters are taken",
        CHURN,
        infer(churn(), parameters={"content_type": "pd", "priority": 3}),
        output(0, shape=[1, 1]),
    ),
    ok(
        "parameters of a tensor are taken",
        CHURN,
        infer(churn(age={"parameters": {"content_type": "np"}})),
        output(0, shape=[1, 1]),
    ),
    ok(
        "no outputs named: all",
        CHURN,
        infer(churn()),
        lambda c, _: [one["name"] for one in c["outputs"]] == ["prediction", "probability"],
    ),
    ok(
        "outputs in the order asked",
        CHURN,
        infer(churn(), outputs=[{"name": "probability"}, {"name": "prediction"}]),
        lambda c, _: [one["name"] for one in c["outputs"]] == ["probability", "prediction"],
    ),
    ok(
        "labels of a probability",
        CHURN,
        infer(churn()),
        output(1, shape=[1, 2], parameters={"labels": ["false", "true"]}),
    ),
    ok(
        "flat data",
        SUMS,
        infer([tensor("a", "FP64", [2, 1], [1, 2]), tensor("b", "INT64", [2], [3, 4])]),
        data(31.0, 42.0),
    ),
    ok(
        "nested data",
        SUMS,
        infer([tensor("a", "FP64", [2, 1], [[1], [2]]), tensor("b", "INT64", [2], [[3], [4]])]),
        data(31.0, 42.0),
    ),
    bad(
        "elements are the product of the shape",
        SUMS,
        infer([tensor("a", "FP64", [2, 1], [1]), tensor("b", "INT64", [2], [3, 4])]),
        "inputs[0].shape: ",
    ),
    ok(
        "strings come out",
        TICKETS,
        infer([tensor("body", "BYTES", [1], ["my crash again"])]),
        output(0, datatype="BYTES", data=["bug"]),
    ),
    ok(
        "a null output",
        TICKETS,
        infer([tensor("body", "BYTES", [2], ["my crash again", "zebra"])]),
        both(output(0, data=["bug", None], parameters={"nulls": [1]}), output(2, parameters={"nulls": [0]})),
    ),
    bad("numbers are no text", TICKETS, infer([tensor("body", "FP64", [1], [3])]), "inputs[0].datatype"),
    ok("one matrix for all numbers, flat", SUMS, table([2, 2], [1, 3, 2, 4]), data(31.0, 42.0)),
    ok("one matrix for all numbers, nested", SUMS, table([2, 2], [[1, 3], [2, 4]]), data(31.0, 42.0)),
    ok("one matrix of whole numbers", SUMS, table([1, 2], [1, 3], "INT32"), data(31.0)),
    bad("a matrix of another width", SUMS, table([1, 3], [1, 2, 3]), "inputs[0].shape: "),
    bad("a matrix under the name of a column", SUMS, table([1, 2], [1, 2], name="a"), "inputs[0].shape: "),
    bad("a fault in a flat matrix", SUMS, table([2, 2], [1, 3, 2, 4.5]), "inputs[0].data[3]: "),
    bad("a fault in a nested matrix", SUMS, table([2, 2], [[1, 3], [2, 4.5]]), "inputs[0].data[1][1]: "),
    bad("no number in a nested matrix", SUMS, table([2, 2], [[1, 3], [2, "x"]]), "inputs[0].data[1][1]: "),
    bad("rows of a matrix of other lengths", SUMS, table([2, 2], [[1, 3], [2]]), "inputs[0].data[1]: "),
    bad(
        "a matrix and one of its columns",
        SUMS,
        infer([tensor("x", "FP64", [1, 2], [1, 2]), tensor("a", "FP64", [1], [1])]),
        "inputs[1].name: ",
    ),
    bad(
        "two matrices",
        SUMS,
        infer([tensor("x", "FP64", [1, 2], [1, 2]), tensor("y", "FP64", [1, 2], [1, 2])]),
        "inputs[1].name: ",
    ),
    bad("a matrix of text", SUMS, table([1, 2], ["1", "2"], "BYTES"), "inputs[0].datatype: "),
    bad(
        "a misspelt column is no matrix",
        SUMS,
        infer([tensor("aa", "FP64", [1, 1], [1]), tensor("b", "INT64", [1], [1])]),
        "inputs[0].name: ",
    ),
    ok(
        "the numbers as a matrix beside the rest",
        CHURN,
        infer([tensor("numbers", "FP64", [1, 2], [41.5, 3]), *churn()[2:]]),
        output(0, shape=[1, 1]),
    ),
    ok("a matrix in any name for a single number", ONE, table([2, 1], [1, 2]), data(1.0, 2.0)),
    ok("a vector", POINTS, point([2, 3], [1, 2, 3, 4, 5, 6]), data(6.0, 15.0)),
    ok(
        "nested vectors, null in place of one",
        POINTS,
        point([2, 3], [[1, 2, 3], None], "FP64"),
        output(0, data=[6.0, None], parameters={"nulls": [1]}),
    ),
    ok("nulls in place of all", POINTS, point([2, 3], [None, None]), data(None, None)),
    ok("a vector of nulls is null", POINTS, point([1, 3], [None, None, None]), data(None)),
    ok("a vector named null", POINTS, point([2, 3], [1, 2, 3, "a", "b", "c"], nulls=[1]), data(6.0, None)),
    bad("a null inside a vector", POINTS, point([2, 3], [1, 2, 3, 4, None, 6]), "inputs[0].data[3]: "),
    bad("text inside a vector", POINTS, point([1, 3], [[1, "a", 3]]), "inputs[0].data[0][1]: "),
    bad("a vector of another length", POINTS, point([1, 2], [1, 2]), "inputs[0].shape: "),
    bad("vectors of other lengths than stated", POINTS, point([2, 3], [[1, 2, 3], [1, 2]]), "inputs[0].data[1]: "),
    bad("half nested vectors", POINTS, point([2, 3], [[1, 2, 3], 4, 5, 6]), "inputs[0].shape: "),
    bad("vectors of whole numbers", POINTS, point([1, 3], [1, 2, 3], "INT64"), "inputs[0].datatype: "),
    bad("a vector without its length", POINTS, point([3], [1, 2, 3]), "inputs[0].shape: "),
    bad("BF16 has no JSON", ONE, table([1], [1], "BF16", "a"), "inputs[0].datatype: "),
    ok("FP16 at its end", ONE, table([1], [65504], "FP16", "a"), data(65504.0)),
    bad("beyond FP16", ONE, table([1], [65505], "FP16", "a"), "inputs[0].data[0]: "),
    bad("beyond FP32", ONE, table([1], [1e39], "FP32", "a"), "inputs[0].data[0]: "),
    bad("beyond FP64", ONE, table([1], [10**400], "FP64", "a"), "inputs[0].data[0]: "),
    ok("null in data", CHURN, infer(churn(age={"data": [None]})), output(0, shape=[1, 1])),
    ok("null in nested data", CHURN, infer(churn(age={"data": [[None]]})), output(0, shape=[1, 1])),
    ok("a named null", CHURN, infer(churn(age={"data": ["?"], "parameters": {"nulls": [0]}})), output(0, shape=[1, 1])),
    bad("null where none may be", CHURN, infer(churn(visits={"data": [None]})), "inputs[1].data[0]: "),
    bad(
        "a named null where none may be",
        CHURN,
        infer(churn(visits={"parameters": {"nulls": [0]}})),
        "inputs[1].data[0]: ",
    ),
    bad(
        "nulls name no such row",
        CHURN,
        infer(churn(age={"parameters": {"nulls": [0, 1]}})),
        "inputs[0].parameters.nulls[1]: ",
    ),
    bad(
        "nulls before the first row",
        CHURN,
        infer(churn(age={"parameters": {"nulls": [-1]}})),
        "inputs[0].parameters.nulls[0]: ",
    ),
    bad(
        "nulls are true", CHURN, infer(churn(age={"parameters": {"nulls": [True]}})), "inputs[0].parameters.nulls[0]: "
    ),
    bad("nulls are no list", CHURN, infer(churn(age={"parameters": {"nulls": 0}})), "inputs[0].parameters.nulls: "),
    bad("parameters of a tensor are no object", CHURN, infer(churn(age={"parameters": []})), "inputs[0].parameters: "),
    bad("parameters are no object", CHURN, infer(churn(), parameters=[]), "parameters: "),
    bad(
        "binary is no boolean",
        CHURN,
        infer(churn(), parameters={"binary_data_output": 1}),
        "parameters.binary_data_output: ",
    ),
    bad("an output twice", CHURN, infer(churn(), outputs=[{"name": "prediction"}] * 2), "outputs[1].name: "),
    bad("too many rows", ONE, table([10_001, 1], [1] * 10_001, name="a"), "inputs[0].shape: ", 413),
    bad("more rows than there are bytes", ONE, table([10**30, 1], [1], name="a"), "inputs[0].shape: ", 413),
    bad("a vector longer than memory", POINTS, point([1, 10**15], [None]), "inputs[0].shape: "),
    bad(
        "shared memory",
        CHURN,
        infer(churn(), outputs=[{"name": "prediction", "parameters": {"shared_memory_region": "a"}}]),
        "outputs[0].parameters.shared_memory_region: ",
        501,
    ),
    bad(
        "classification",
        CHURN,
        infer(churn(), outputs=[{"name": "probability", "parameters": {"classification": 2}}]),
        "outputs[0].parameters.classification: ",
        501,
    ),
    bad("an unknown model", "/v2/models/nobody/infer", infer(churn()), "there is no model", 404),
    bad("an unknown version", "/v2/models/churn/versions/1/infer", infer(churn()), "there is no model", 404),
    bad("load of an unknown model", "/v2/repository/models/nobody/load", None, "there is no model", 404),
    bad("unload of an unknown model", "/v2/repository/models/nobody/unload", None, "there is no model", 404),
)


@pytest.mark.parametrize("box", [*SERVER, *INFERENCE], ids=lambda box: box.about)
def test_box(five: Any, box: Box) -> None:
    body = None if box.body is None else json.dumps(box.body).encode()
    checked(five.send(box.method, box.path, body), box.status, box.check)

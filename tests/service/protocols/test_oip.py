"""Open Inference Protocol V2: the boxes of its REST specification, one by one."""

import json
from typing import Any

import pytest

#: (input, datatype, data) of one row: what `ROW` of the REST tests is.
COLUMNS = (
    ("age", "FP64", 41.5),
    ("visits", "INT64", 3),
    ("member", "BOOL", True),
    ("plan", "BYTES", "basic"),
    ("opened", "BYTES", "2026-01-31T12:00:00Z"),
    ("note", "BYTES", "called: twice"),
)
INFER = "/v2/models/churn/infer"


def tensors(rows: int = 1, nested: bool = False, shape: tuple[int, ...] | None = None) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "datatype": datatype,
            "shape": list(shape or (rows, 1)),
            "data": [[value] if nested else value for _ in range(rows)],
        }
        for name, datatype, value in COLUMNS
    ]


def changed(name: str, **changes: Any) -> list[dict[str, Any]]:
    """The tensors with one of them changed."""
    return [tensor | changes if tensor["name"] == name else tensor for tensor in tensors()]


@pytest.fixture
def caller(client: Any, churn: Any) -> Any:
    return client(churn)


def test_server_metadata(caller: Any) -> None:
    status, content = caller.get("/v2")
    assert status == 200
    assert content.keys() == {"name", "version", "extensions"}
    assert content["name"] == "smeaton"
    assert content["extensions"] == ["binary_tensor_data", "model_repository"]


def test_health_and_readiness(caller: Any) -> None:
    version = caller.models["churn"].version
    assert caller.get("/v2/health/live") == (200, {"live": True})
    assert caller.get("/v2/health/ready") == (200, {"live": True, "ready": True})
    for path in ("/v2/models/churn/ready", f"/v2/models/churn/versions/{version}/ready"):
        assert caller.get(path) == (200, {"name": "churn", "ready": True})
    caller.models["churn"].ready = False
    assert caller.get("/v2/health/live") == (200, {"live": True})
    assert caller.get("/v2/health/ready")[0] == 503
    assert caller.get("/v2/models/churn/ready") == (503, {"name": "churn", "ready": False})
    assert caller.post(INFER, {"inputs": tensors()}) == (503, {"error": "the model is not ready"})


def test_model_metadata(caller: Any) -> None:
    version = caller.models["churn"].version
    status, content = caller.get("/v2/models/churn")
    assert status == 200
    assert content == {
        "name": "churn",
        "versions": [version],
        "platform": "smeaton_program",
        "inputs": [{"name": name, "datatype": datatype, "shape": [-1, 1]} for name, datatype, _ in COLUMNS],
        "outputs": [
            {"name": "prediction", "datatype": "BOOL", "shape": [-1, 1]},
            {"name": "probability", "datatype": "FP64", "shape": [-1, 2]},
        ],
        "parameters": {"table": {"columns": ["age", "visits"], "shape": [-1, 2]}},
    }
    assert caller.get(f"/v2/models/churn/versions/{version}") == (200, content)
    assert caller.get("/v2/models") == (200, {"models": ["churn"]})


@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("flat_shape", [False, True])
def test_inference_answers_as_rest_does(caller: Any, row: Any, rows: int, nested: bool, flat_shape: bool) -> None:
    given = {"inputs": tensors(rows, nested, (rows,) if flat_shape else None), "parameters": {"content_type": "pd"}}
    status, content = caller.post(INFER, given)
    assert status == 200
    assert content.keys() == {"model_name", "model_version", "outputs"}
    assert (content["model_name"], content["model_version"]) == ("churn", caller.models["churn"].version)
    prediction, probability = content["outputs"]
    assert prediction.keys() == {"name", "datatype", "shape", "data"}
    assert (prediction["datatype"], prediction["shape"]) == ("BOOL", [rows, 1])
    assert (probability["datatype"], probability["shape"]) == ("FP64", [rows, 2])
    assert probability["parameters"] == {"labels": ["false", "true"]}
    expected = caller.post("/predict", {"rows": [row] * rows})[1]["predictions"]
    assert prediction["data"] == [answer["prediction"] for answer in expected]
    assert probability["data"] == [share for answer in expected for share in answer["probability"].values()]


def test_the_id_comes_back_and_outputs_can_be_chosen(caller: Any) -> None:
    version = caller.models["churn"].version
    asked = {
        "id": "abc",
        "inputs": tensors(),
        "outputs": [{"name": "probability", "parameters": {"binary_data": False}}],
    }
    status, content = caller.post(f"/v2/models/churn/versions/{version}/infer", asked)
    assert status == 200
    assert content["id"] == "abc"
    assert [output["name"] for output in content["outputs"]] == ["probability"]
    every = caller.post(INFER, {"inputs": tensors(), "outputs": []})[1]
    assert [output["name"] for output in every["outputs"]] == ["prediction", "probability"]


def test_nulls_and_left_out_inputs_are_null_where_the_type_allows(caller: Any, row: Any) -> None:
    expected = caller.post("/predict", {"rows": [row | {"age": None}]})[1]["predictions"][0]
    given = caller.post(INFER, {"inputs": changed("age", data=[None])})[1]
    left_out = caller.post(INFER, {"inputs": tensors()[1:]})[1]
    for content in (given, left_out):
        assert content["outputs"][1]["data"] == list(expected["probability"].values())


def test_whole_numbers_are_taken_for_a_number(caller: Any) -> None:
    expected = caller.post(INFER, {"inputs": changed("age", data=[41.0])})
    for datatype in ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32"):
        assert caller.post(INFER, {"inputs": changed("age", datatype=datatype, data=[41])}) == expected


def test_text_answers(client: Any, tickets: Any, tmp_path: Any) -> None:
    caller = client(tickets("index"), state=str(tmp_path))
    body = {"name": "body", "datatype": "BYTES", "shape": [2], "data": ["my crash again", "zebra"]}
    content = caller.post("/v2/models/tickets/infer", {"inputs": [body]})[1]
    prediction, _, error = content["outputs"]
    assert (prediction["datatype"], prediction["data"]) == ("BYTES", ["bug", None])
    assert error["data"] == [None, "no document has any of these words"]


REFUSED: tuple[tuple[str, Any, str], ...] = (
    ("no inputs", {}, "inputs: "),
    ("inputs empty", {"inputs": []}, "inputs: "),
    ("inputs no list", {"inputs": {}}, "inputs: "),
    ("a tensor no object", {"inputs": [3]}, "inputs[0]: "),
    ("unknown input", {"inputs": [*tensors(), {"name": "more"}]}, "inputs[6].name: "),
    ("no name", {"inputs": [{}]}, "inputs[0].name: "),
    ("repeated input", {"inputs": [*tensors(), tensors()[0]]}, "inputs[6].name: "),
    ("missing input", {"inputs": tensors()[:1]}, "inputs: an input is missing: visits"),
    ("no datatype", {"inputs": changed("age", datatype=None)}, "inputs[0].datatype: "),
    ("unknown datatype", {"inputs": changed("age", datatype="FP65")}, "inputs[0].datatype: "),
    ("text for a number", {"inputs": changed("age", datatype="BYTES", data=["41"])}, "inputs[0].datatype: "),
    ("number for text", {"inputs": changed("plan", datatype="INT64", data=[3])}, "inputs[3].datatype: "),
    ("fraction for whole", {"inputs": changed("visits", datatype="FP64", data=[3.0])}, "inputs[1].datatype: "),
    ("text in FP64", {"inputs": changed("age", data=["41"])}, "inputs[0].data[0]: "),
    ("bool in FP64", {"inputs": changed("age", data=[True])}, "inputs[0].data[0]: "),
    ("fraction in INT64", {"inputs": changed("visits", data=[3.5])}, "inputs[1].data[0]: "),
    ("number in BOOL", {"inputs": changed("member", data=[1])}, "inputs[2].data[0]: "),
    ("number in BYTES", {"inputs": changed("plan", data=[1])}, "inputs[3].data[0]: "),
    ("out of INT8", {"inputs": changed("visits", datatype="INT8", data=[128])}, "inputs[1].data[0]: "),
    ("below UINT8", {"inputs": changed("visits", datatype="UINT8", data=[-1])}, "inputs[1].data[0]: "),
    ("beyond 2^53", {"inputs": changed("visits", data=[2**53 + 1])}, "inputs[1].data[0]: "),
    ("null for a whole", {"inputs": changed("visits", data=[None])}, "inputs[1].data[0]: "),
    ("under its bound", {"inputs": changed("age", data=[-1])}, "inputs[0].data[0]: "),
    ("no data", {"inputs": changed("age", data=None)}, "inputs[0].data: "),
    ("too few elements", {"inputs": changed("age", shape=[2, 1])}, "inputs[0].shape: "),
    ("too many elements", {"inputs": changed("age", data=[1, 2])}, "inputs[0].shape: "),
    ("matrix", {"inputs": changed("age", shape=[1, 2], data=[1, 2])}, "inputs[0].shape: "),
    ("cube", {"inputs": changed("age", shape=[1, 1, 1])}, "inputs[0].shape: "),
    ("no shape", {"inputs": changed("age", shape=None)}, "inputs[0].shape: "),
    ("negative shape", {"inputs": changed("age", shape=[-1, 1])}, "inputs[0].shape: "),
    ("fraction in shape", {"inputs": changed("age", shape=[1.0, 1])}, "inputs[0].shape: "),
    ("nested too deep", {"inputs": changed("age", data=[[[41]]])}, "inputs[0].data[0]: "),
    ("unequal rows", {"inputs": changed("plan", shape=[2], data=["a", "b"])}, "inputs[3].shape: "),
    ("no rows", {"inputs": [t | {"shape": [0, 1], "data": []} for t in tensors()]}, "inputs[0].shape: "),
    ("unknown output", {"inputs": tensors(), "outputs": [{"name": "more"}]}, "outputs[0].name: "),
    ("outputs no list", {"inputs": tensors(), "outputs": {}}, "outputs: "),
    ("output no object", {"inputs": tensors(), "outputs": ["prediction"]}, "outputs[0]: "),
    ("id no text", {"inputs": tensors(), "id": 3}, "id: "),
)


@pytest.mark.parametrize(("content", "begins"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_bad_input_is_400_with_one_text(caller: Any, content: Any, begins: str) -> None:
    status, problem = caller.post(INFER, content)
    assert status == 400
    assert problem.keys() == {"error"}
    assert problem["error"].startswith(begins)
    assert not problem["error"].endswith(": ")


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/v2/models/nobody", None, {}, 404),
        ("GET", "/v2/models/nobody/ready", None, {}, 404),
        ("POST", "/v2/models/nobody/infer", b"{}", {}, 404),
        ("GET", "/v2/models/churn/versions/1", None, {}, 404),
        ("GET", "/v2/other", None, {}, 404),
        ("GET", INFER, None, {}, 405),
        ("POST", INFER, b"", {}, 400),
        ("POST", INFER, b"[]", {}, 400),
        ("POST", INFER, b'{"inputs": NaN}', {}, 400),
        ("POST", INFER, b"{}", {"content-length": "20000000"}, 413),
        ("POST", INFER, b"{}", {"host": "evil.example"}, 421),
    ],
)
def test_any_failure_is_an_error_text(
    caller: Any, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    found, content, _ = caller.send(method, path, body, headers)
    assert found == status
    problem = json.loads(content)
    assert problem.keys() == {"error"}
    assert isinstance(problem["error"], str)

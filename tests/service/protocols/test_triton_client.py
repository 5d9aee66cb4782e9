"""The client that Triton ships, against a real server: runs where `tritonclient[http]` is installed."""

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow
triton = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")

COLUMNS: tuple[tuple[str, str, Any], ...] = (
    ("age", "FP64", np.float64),
    ("visits", "INT64", np.int64),
    ("member", "BOOL", np.bool_),
    ("plan", "BYTES", np.object_),
    ("opened", "BYTES", np.object_),
    ("note", "BYTES", np.object_),
)


@pytest.fixture(scope="module")
def running(make_server: Any, churn: Any) -> Any:
    return make_server(churn)


@pytest.fixture
def address(running: Any) -> str:
    return str(running.address)


@pytest.fixture
def rest(running: Any, row: Any) -> Any:
    rows = [row, row | {"age": None, "plan": "pro", "note": "ünï"}]
    return rows, running.post("/predict", {"rows": rows})[1]["predictions"]


def given(rows: list[dict[str, Any]], binary: bool) -> list[Any]:
    inputs = []
    for name, datatype, dtype in COLUMNS:
        values = [row[name] for row in rows]
        if datatype == "FP64":
            values = [np.nan if value is None else value for value in values]
        tensor = triton.InferInput(name, [len(rows), 1], datatype)
        tensor.set_data_from_numpy(np.array(values, dtype=dtype).reshape(-1, 1), binary_data=binary)
        inputs.append(tensor)
    return inputs


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_answers_are_those_of_rest(address: str, rest: Any, binary_in: bool, binary_out: bool) -> None:
    rows, expected = rest
    rows, expected = (rows, expected) if binary_in else (rows[:1], expected[:1])  # its JSON has no null for a number
    names = ("prediction", "probability")
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    with triton.InferenceServerClient(address) as client:
        found = client.infer("churn", given(rows, binary_in), outputs=outputs, request_id="mine")
        assert found.get_response()["id"] == "mine"
        prediction, probability = (found.as_numpy(name) for name in names)
    assert prediction.ravel().tolist() == [answer["prediction"] for answer in expected]
    assert probability.tolist() == [list(answer["probability"].values()) for answer in expected]


def test_all_outputs_in_binary_if_none_is_named(address: str, rest: Any) -> None:
    rows, expected = rest
    with triton.InferenceServerClient(address) as client:
        found = client.infer("churn", given(rows, True))
        assert found.get_output("probability")["parameters"]["labels"] == ["false", "true"]
        assert found.as_numpy("prediction").ravel().tolist() == [answer["prediction"] for answer in expected]


def test_the_server_and_its_models(address: str) -> None:
    with triton.InferenceServerClient(address) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("churn")
        assert not client.is_model_ready("nobody")
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        metadata = client.get_model_metadata("churn")
        assert [one["name"] for one in metadata["inputs"]] == [name for name, _, _ in COLUMNS]
        assert client.is_model_ready("churn", metadata["versions"][0])
        client.load_model("churn")
        client.unload_model("churn")
        assert [one["state"] for one in client.get_model_repository_index()] == ["UNAVAILABLE"]
        assert not client.is_model_ready("churn")
        client.load_model("churn")
        assert client.is_model_ready("churn")


def test_a_refusal_is_read_as_one(address: str, rest: Any) -> None:
    inputs = given(rest[0], True)
    inputs[1] = triton.InferInput("visits", [2, 1], "FP64")
    inputs[1].set_data_from_numpy(np.array([[1.0], [2.0]]))
    with (
        triton.InferenceServerClient(address) as client,
        pytest.raises(triton.InferenceServerException, match=r"inputs\[1\].datatype: this input takes INT64"),
    ):
        client.infer("churn", inputs)

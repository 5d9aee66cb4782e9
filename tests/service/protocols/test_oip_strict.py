"""V2 under bad input: nothing is a fault of ours, nothing is repeated to the caller, limits hold in binary too."""

import asyncio
import json
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.protocols.boxes import CHURN, LENGTH, POINTS, SUMS, TICKETS, churn, tensor
from tests.service.protocols.by_hand import packed

from smeaton.service.problem import Problem
from smeaton.service.protocols._form import Form
from smeaton.service.protocols._tensors import read_tensor

WORDS = ["inputs", "outputs", "parameters", "name", "shape", "datatype", "data", "nulls", "binary_data_size", "id"]
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["age", "visits", "a", "b", "point", "FP64", "INT64", "BYTES", "prediction", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
MARK = "zq"


@pytest.fixture
def loose(five: Any) -> Any:
    """Sends many requests in one event loop."""

    def send(path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        status, found, _ = asyncio.run(five.asend("POST", path, body, headers))
        return status, found

    return send


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([CHURN, SUMS, POINTS]),
    content=st.fixed_dictionaries(
        {
            "inputs": st.lists(st.fixed_dictionaries({"name": VALUE, "shape": VALUE, "datatype": VALUE, "data": VALUE}))
            | VALUE
        },
        optional={"outputs": VALUE, "parameters": VALUE, "id": VALUE},
    ),
    tail=st.binary(max_size=9),
    length=st.none() | st.integers(0, 200),
)
def test_no_request_is_a_fault_of_ours(loose: Any, path: str, content: Any, tail: bytes, length: int | None) -> None:
    body = json.dumps(content).encode() + tail
    status, found = loose(path, body, {} if length is None else {LENGTH: str(length)})
    assert status in (200, 400, 413)
    assert status == 200 or len(found) <= 1000


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["age", "visits", "member", "plan", "x"]),
    shape=st.lists(st.sampled_from([0, 1, 2, True, 1.0]), max_size=3),
    datatype=st.sampled_from(["FP64", "INT64", "BOOL", "BYTES", "FP32", None]),
    data=st.lists(
        st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.sampled_from(["", "x"]), max_size=2
    ),
    more=st.sampled_from([{}, {"parameters": {}}, {"other": 1}]),
)
def test_the_quick_look_takes_what_the_careful_one_takes(five: Any, more: Any, **given: Any) -> None:
    quick, careful = Form(five.models["churn"]), Form(five.models["churn"])
    for name, column in careful.inputs.items():
        careful.inputs[name] = column._replace(plain=None)
    found = []
    for form in (quick, careful):
        try:
            tensor = read_tensor(form, {**given, **more}, None, "inputs[0]")
            found.append((tensor.columns, tensor.rows, tensor.width, tensor.nested, repr(tensor.values)))
        except Problem as problem:
            found.append((problem.path, problem.message))
    assert found[0] == found[1]


def wrongs() -> list[tuple[str, Any]]:
    """Requests with a mark where a caller may write what he likes."""
    long = MARK * 2000
    return [
        (CHURN, {"inputs": churn(age={"data": [long]})}),
        (CHURN, {"inputs": churn(opened={"data": [long]})}),
        (CHURN, {"inputs": churn(age={"datatype": long})}),
        (CHURN, {"inputs": churn(age={"name": long})}),
        (CHURN, {"inputs": churn(age={"shape": [long]})}),
        (CHURN, {"inputs": churn(age={"parameters": {"nulls": [long]}})}),
        (CHURN, {"inputs": churn(age={"parameters": {"binary_data_size": long}})}),
        (CHURN, {"inputs": churn(), "outputs": [{"name": long}]}),
        (CHURN, {"inputs": churn(), "outputs": [{"name": "prediction", "parameters": {"binary_data": long}}]}),
        (CHURN, {"inputs": churn(), "id": [long]}),
        (CHURN, {long: 1}),
    ]


@pytest.mark.parametrize(("path", "content"), wrongs())
def test_what_was_sent_is_never_repeated(loose: Any, path: str, content: Any) -> None:
    status, found = loose(path, json.dumps(content).encode())
    assert status == 400
    assert MARK.encode() not in found
    assert len(found) <= 1000


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**4000])
@pytest.mark.parametrize("place", ["shape", "data", "nulls", "size"])
def test_numbers_of_many_digits(loose: Any, number: int, place: str) -> None:
    one = tensor("a", "FP64", [1], [1])
    changes: dict[str, Any] = {
        "shape": {"shape": [number]},
        "data": {"data": [number]},
        "nulls": {"parameters": {"nulls": [number]}},
        "size": {"parameters": {"binary_data_size": number}},
    }
    content = {"inputs": [one | changes[place], tensor("b", "INT64", [1], [1])]}
    status, found = loose(SUMS, json.dumps(content).encode())
    assert status in (400, 413)
    assert b"000000" not in found


def test_a_vector_of_open_length_that_is_only_stated(five: Any) -> None:
    form = Form(five.models["points"])
    form.inputs["point"] = form.inputs["point"]._replace(width=-1)
    for data in ([None] * 10_000, [], [1]):
        stated = {"name": "point", "datatype": "FP32", "shape": [10_000, 10**4000], "data": data}
        if len(data) < 10_000:
            with pytest.raises(Problem) as caught:
                read_tensor(form, stated, None, "inputs[0]")
            assert caught.value.path == "inputs[0].shape"
        else:
            assert read_tensor(form, stated, None, "inputs[0]").values == [[None] * 10_000]
    with pytest.raises(Problem) as caught:
        read_tensor(
            form, {"name": "point", "datatype": "FP32", "shape": [1, 10**4000]}, memoryview(b"1234"), "inputs[0]"
        )
    assert caught.value.path == "inputs[0].parameters.binary_data_size"


def test_limits_hold_in_binary(loose: Any) -> None:
    long = struct.pack("<I", 1_000_001) + b"a" * 1_000_001
    head = {"name": "body", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(long)}}
    text = json.dumps({"inputs": [head]}).encode()
    status, found = loose(TICKETS, text + long, {LENGTH: str(len(text))})
    assert (status, json.loads(found)["error"].split(":")[0]) == (400, "inputs[0].data[0]")
    deep = b'{"inputs": ' + b"[" * 100 + b"]" * 100 + b"}"
    assert loose(CHURN, deep)[0] == 400
    assert loose(CHURN, deep, {LENGTH: str(len(deep))})[0] == 400


def test_bytes_that_are_no_text(loose: Any) -> None:
    body, headers = packed([tensor("body", "BYTES", [2], ["aa", "bb"])])
    status, found = loose(TICKETS, body[:-1] + b"\xff", headers)
    assert (status, json.loads(found)["error"]) == (400, "inputs[0].data[1]: text in UTF-8 was expected")


def test_many_rows_are_answered_beside_the_loop(loose: Any) -> None:
    rows = 10_000
    body, headers = packed([tensor("a", "FP64", [rows], [1.0] * rows), tensor("b", "INT64", [rows], [2] * rows)])
    assert len(body) > 65_536
    status, found = loose(SUMS, body, headers)
    assert status == 200
    assert json.loads(found)["outputs"][0]["data"] == [21.0] * rows

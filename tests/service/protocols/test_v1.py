"""The V1 protocol: instances in, the predictions of REST out."""

import json
from typing import Any

import pytest

from smeaton.task.types import Type

PREDICT = "/v1/models/churn:predict"


@pytest.fixture
def caller(client: Any, churn: Any) -> Any:
    return client(churn)


def expected(caller: Any, *rows: Any, model: str = "churn") -> tuple[int, Any]:
    return 200, caller.post(f"/models/{model}/predict", {"rows": list(rows)})[1]


def test_models_and_their_readiness(caller: Any) -> None:
    status, told = caller.get("/v1/models")
    assert (status, told["models"]) == (200, ["churn"])
    status, told = caller.get("/v1/models/churn")
    assert (status, told["name"], told["ready"]) == (200, "churn", True)
    assert caller.get("/v1/models/nobody")[0] == 404
    caller.models["churn"].ready = False
    status, told = caller.get("/v1/models/churn")
    assert (status, told["name"], told["ready"]) == (503, "churn", False)
    assert caller.post(PREDICT, {"instances": [{}]}) == (503, {"error": "the model is not ready"})


def test_objects_and_lists_answer_as_rest_does(caller: Any, row: Any) -> None:
    other = row | {"age": None, "plan": "pro"}
    answers = expected(caller, row, other)
    assert caller.post(PREDICT, {"instances": [row, other]}) == answers
    assert caller.post(PREDICT, {"instances": [list(row.values()), list(other.values())]}) == answers
    assert caller.post(PREDICT, {"instances": [list(row.values()), other]}) == answers  # one so, one so


def test_a_column_that_may_be_null_may_be_left_out(caller: Any, row: Any) -> None:
    short = {name: value for name, value in row.items() if name != "age"}
    assert caller.post(PREDICT, {"instances": [short]}) == expected(caller, short)


def test_the_value_of_a_single_input_alone(client: Any, sums: Any) -> None:
    caller = client(sums("one", a=Type(type="number", optional=True)))
    answers = expected(caller, {"a": 1.5}, {"a": None}, {"a": 3}, {"a": 4}, model="one")
    assert caller.post("/v1/models/one:predict", {"instances": [1.5, None, [3], {"a": 4}]}) == answers


def test_a_vector_alone_is_a_list(client: Any, points: Any) -> None:
    caller = client(points)
    answers = expected(caller, {"point": [1, 2, 3]}, {"point": None}, model="points")
    assert caller.post("/v1/models/points:predict", {"instances": [[1, 2, 3], None]}) == answers
    status, problem = caller.post("/v1/models/points:predict", {"instances": [[1, 2, 3], [1, "a", 3]]})
    assert (status, problem["error"].split(":")[0]) == (400, "instances[1]")


def test_texts_and_nulls_come_out(client: Any, tickets: Any, tmp_path: Any) -> None:
    caller = client(tickets("index"), state=str(tmp_path))
    rows = [{"body": "my crash again"}, {"body": "zebra"}]
    answers = expected(caller, *rows, model="tickets")
    assert answers[1]["predictions"][1]["prediction"] is None
    assert caller.post("/v1/models/tickets:predict", {"instances": rows}) == answers


REFUSED: tuple[tuple[str, Any, str], ...] = (
    ("no instances", {}, "instances: "),
    ("instances are no list", {"instances": {}}, "instances: "),
    ("no instance", {"instances": []}, "instances: at least one row"),
    ("another key", {"instances": [{}], "rows": []}, "rows: "),
    ("a key that is no word", {"instances": [{}], "a b\n": []}, "body: "),
    ("a number for a row", {"instances": [3]}, "instances[0]: "),
    ("text for a row", {"instances": ["x"]}, "instances[0]: "),
    ("null for a row", {"instances": [None]}, "instances[0]: "),
    ("too few values", {"instances": [[41.5, 3, True, "basic", None]]}, "instances[0]: a list of 6 values"),
    ("a wrong value in a list", {"instances": [[41.5, 3.5, True, "basic", None, None]]}, "instances[0][1]: "),
    ("a null in a list", {"instances": [[41.5, 3, None, "basic", None, None]]}, "instances[0][2]: "),
    ("a missing column", {"instances": [{"visits": 3, "plan": "basic"}]}, "instances[0].member: is missing"),
    ("an unknown column", {"instances": [{"more": 1}]}, "instances[0].more: "),
    ("a wrong value", {"instances": [{"visits": "x", "member": True, "plan": "basic"}]}, "instances[0].visits: "),
)


@pytest.mark.parametrize(("content", "begins"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_bad_input_is_400_with_the_path(caller: Any, content: Any, begins: str) -> None:
    status, problem = caller.post(PREDICT, content)
    assert (status, set(problem)) == (400, {"error"})
    assert problem["error"].startswith(begins)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/models/nobody:predict", b"{}", 404),
        ("GET", PREDICT, None, 405),
        ("POST", PREDICT, b"", 400),
        ("POST", PREDICT, b"[]", 400),
        ("POST", PREDICT, b'{"instances": NaN}', 400),
        ("POST", PREDICT, b'{"instances": [], "instances": []}', 400),
        ("POST", PREDICT, b'{"instances": [' + b"0," * 10 + b"0]}", 400),
        ("POST", PREDICT, b'{"instances": [' + b"{}," * 10_000 + b"{}]}", 413),
    ],
)
def test_any_failure_is_an_error_text(caller: Any, method: str, path: str, body: bytes | None, status: int) -> None:
    found, content, _ = caller.send(method, path, body)
    problem = json.loads(content)
    assert found == status
    assert problem.keys() == {"error"}
    assert isinstance(problem["error"], str)


def test_values_are_never_repeated(caller: Any, row: Any) -> None:
    for bad in ({"visits": "zq" * 5000}, {"member": "zq" * 5000}, {"opened": "zq" * 5000}, {"zq" * 5000: 1}):
        status, body, _ = caller.send("POST", PREDICT, json.dumps({"instances": [row | bad]}).encode())
        assert status == 400
        assert b"zqzq" not in body
        assert len(body) <= 1000

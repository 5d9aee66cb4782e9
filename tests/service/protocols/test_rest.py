"""REST: answers, descriptions, streaming, writes."""

import json
import math
from typing import Any

import pytest

from smeaton.flow.model import load
from smeaton.task.types import Type

ROW = {"body": "my crash again", "subject": None}

WORKERS = {"wanted": 1, "ready": 1}


def events(body: bytes) -> list[tuple[str, Any]]:
    """Server-sent events as (name, data)."""
    found = []
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        if lines:
            found.append((lines.get("event", "message"), json.loads(lines["data"])))
    return found


def joined(told: list[tuple[str, Any]]) -> dict[tuple[int, str], str]:
    cells: dict[tuple[int, str], str] = {}
    for _, data in told:
        if "delta" in data:
            cells[data["row"], data["output"]] = cells.get((data["row"], data["output"]), "") + data["delta"]
    return cells


def test_rows_are_answered_as_in_python(client: Any, churn: Any, row: Any) -> None:
    rows = [row, row | {"visits": 9}, row | {"age": None, "opened": None, "note": None}]
    status, reply = client(churn).post("/predict", {"rows": rows})
    assert status == 200
    first, second, _ = reply["predictions"]
    assert first["prediction"] is True
    assert set(first["probability"]) == {"false", "true"}
    assert sum(first["probability"].values()) == pytest.approx(1)
    assert second["probability"]["true"] < first["probability"]["true"]
    with load(churn) as model:
        assert reply["predictions"] == model.predict(rows)


def test_many_rows_go_through_a_thread_with_the_same_answers(client: Any, churn: Any, row: Any) -> None:
    caller = client(churn)
    many = caller.post("/predict", {"rows": [row | {"visits": n % 7} for n in range(500)]})[1]["predictions"]
    assert len(many) == 500
    for n in (0, 6, 499):
        alone = caller.post("/predict", {"rows": [row | {"visits": n % 7}]})[1]["predictions"][0]
        assert alone["prediction"] == many[n]["prediction"]
        assert alone["probability"] == pytest.approx(many[n]["probability"], abs=1e-12)


def test_two_models_answer_under_their_names(client: Any, churn: Any, tickets: Any, row: Any) -> None:
    caller = client(churn, tickets("index"))
    assert caller.post("/models/tickets/predict", {"rows": [ROW]})[1]["predictions"][0]["prediction"] == "bug"
    assert caller.post("/predict", {"rows": [row]}) == caller.post("/models/churn/predict", {"rows": [row]})
    status, models = caller.get("/models")
    assert status == 200
    assert list(models) == ["churn", "tickets"]
    assert models["churn"]["state_revision"] is None
    assert models["tickets"]["state_revision"] == 0
    assert models["churn"] | {"bundle": ""} == {
        "bundle": "",
        "state_revision": None,
        "outcome": "ready",
        "ready": True,
        "inputs": ["age", "visits", "member", "plan", "opened", "note"],
        "output": "churned",
    }
    status, problem = caller.post("/models/nobody/predict", {"rows": [row]})
    assert (status, problem["error"]["code"]) == (404, "unknown_model")


def test_a_number_is_answered_without_probabilities(
    client: Any, make_table_bundle: Any, task: Any, row: Any, tmp_path: Any
) -> None:
    task = task.with_(name="price", output={"price": Type(type="integer", max=5)})
    caller = client(make_table_bundle(tmp_path, task).path)
    answer = caller.post("/predict", {"rows": [row]})[1]["predictions"][0]
    assert list(answer) == ["prediction"]
    assert isinstance(answer["prediction"], float)
    document = caller.get("/openapi.json")[1]
    assert document["components"]["schemas"]["price.answer"]["properties"] == {"prediction": {"type": "number"}}
    assert caller.get("/v2/models/price")[1]["outputs"] == [
        {"name": "prediction", "datatype": "FP64", "shape": [-1, 1]}
    ]


def test_health(client: Any, churn: Any) -> None:
    caller = client(churn)
    assert caller.get("/health/live") == (200, {"live": True})
    assert caller.get("/health/ready") == (200, {"ready": True, "models": {"churn": True}, "workers": WORKERS})
    caller.models["churn"].ready = False
    assert caller.get("/health/live") == (200, {"live": True})
    assert caller.get("/health/ready") == (503, {"ready": False, "models": {"churn": False}, "workers": WORKERS})
    status, problem = caller.post("/predict", {"rows": [{}]})
    assert (status, problem["error"]["code"]) == (503, "not_ready")


def test_the_page_shows_what_to_send_and_only_its_own_script_runs(client: Any, churn: Any) -> None:
    caller = client(churn)
    for path in ("/", "/docs"):
        status, body, headers = caller.send("GET", path)
        text = body.decode()
        assert status == 200
        assert headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src 'sha256-" in headers["content-security-policy"]
        assert "Who &lt;b&gt;will&lt;/b&gt; leave?" in text
        assert text.count("<script>") == 1
        assert "http://localhost/models/churn/predict" in text


@pytest.mark.parametrize("kind", ["chat", "index", "cascade"])
def test_streamed_pieces_joined_are_the_plain_answer(client: Any, tickets: Any, external: Any, kind: str) -> None:
    caller = client(tickets(kind), **external)
    rows = [ROW, {"body": "refund", "subject": "invoice"}, {"body": "zebra"}]
    plain = caller.post("/predict", {"rows": rows})[1]["predictions"]
    status, body, headers = caller.send("POST", "/predict", json.dumps({"rows": rows, "stream": True}).encode())
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    told = events(body)
    assert told[-1] == ("message", {"done": True})
    cells = joined(told)
    for number, answer in enumerate(plain):
        assert cells.get((number, "prediction")) == answer["prediction"]
        assert cells.get((number, "error")) == answer["error"]
        assert json.loads(cells[number, "probability"]) == pytest.approx(list(answer["probability"].values()))


def test_a_table_model_streams_too(client: Any, churn: Any, row: Any) -> None:
    caller = client(churn)
    _, body, _ = caller.send("POST", "/predict", json.dumps({"rows": [row], "stream": True}).encode())
    assert joined(events(body))[0, "prediction"] == "true"


@pytest.mark.parametrize(
    ("rows", "status", "path"),
    [
        ([{"subject": "x"}], 422, "rows[0].body"),
        ([ROW, ROW | {"more": 1}], 422, "rows[1].more"),
        ([ROW, {"body": 3}], 422, "rows[1].body"),
        ([], 422, "rows"),
    ],
)
def test_a_stream_refuses_as_a_plain_answer_does(
    client: Any, tickets: Any, external: Any, rows: Any, status: int, path: str
) -> None:
    caller = client(tickets("cascade"), **external)
    plain = caller.post("/predict", {"rows": rows})
    streamed = caller.post("/predict", {"rows": rows, "stream": True})
    for found, problem in (plain, streamed):
        assert (found, problem["error"].get("path")) == (status, path)
    assert plain[1]["error"]["message"] == streamed[1]["error"]["message"]


def test_an_error_after_the_first_piece_is_an_event(client: Any, tickets: Any) -> None:
    caller = client(tickets("chat", price=0.01), allow_external=("chat.example",), spend="$0.02/day")
    body = json.dumps({"rows": [ROW] * 3, "stream": True}).encode()
    status, content, _ = caller.send("POST", "/predict", body)
    told = events(content)
    assert status == 200
    assert told[-1][0] == "error"
    assert told[-1][1]["error"]["code"] == "out_of_money"
    assert (1, "prediction") in joined(told)
    assert caller.send("POST", "/predict", body)[0] == 402


def test_a_document_is_answered_with_once_it_is_accepted(client: Any, tickets: Any, tmp_path: Any) -> None:
    caller = client(tickets("index"), state=str(tmp_path))
    asked = {"rows": [{"body": "zebra crossing"}]}
    assert caller.post("/predict", asked)[1]["predictions"][0]["error"] == "no document has any of these words"
    items = [{"text": "my zebra", "answer": "how-to"}]
    assert caller.post("/models/tickets/learn", {"items": items}) == (200, {"revision": 1, "accepted": 1})
    assert caller.post("/predict", asked)[1]["predictions"][0]["prediction"] == "how-to"
    assert caller.get("/models")[1]["tickets"]["state_revision"] == 1
    named = {"items": items, "step": "index"}
    assert caller.post("/models/tickets/learn", named)[1]["revision"] == 2


@pytest.mark.parametrize(
    ("content", "status", "code", "path"),
    [
        ({}, 422, "missing_key", "items"),
        ({"items": {}}, 422, "invalid_value", "items"),
        ({"items": []}, 422, "no_rows", "items"),
        ({"items": [3]}, 422, "invalid_value", "items[0]"),
        ({"items": [{"text": "x", "answer": "bug"}, {"text": "x"}]}, 422, "invalid_value", "items[1]"),
        ({"items": [{"text": "x", "answer": "zq-nobody"}]}, 422, "invalid_value", "items[0].answer"),
        ({"items": [{"text": "x", "answer": "bug"}], "rows": []}, 422, "unknown_key", "rows"),
        ({"items": [{"text": "x", "answer": "bug"}], "step": "other"}, 422, "unknown_step", "step"),
        ({"items": [{"text": "x", "answer": "bug"}], "step": 3}, 422, "invalid_value", "step"),
    ],
)
def test_what_cannot_be_learnt_is_refused_whole(
    client: Any, tickets: Any, tmp_path: Any, content: Any, status: int, code: str, path: str
) -> None:
    caller = client(tickets("index"), state=str(tmp_path))
    found, problem = caller.post("/models/tickets/learn", content)
    assert (found, problem["error"]["code"], problem["error"].get("path")) == (status, code, path)
    assert "zq-nobody" not in json.dumps(problem)
    assert caller.get("/models")[1]["tickets"]["state_revision"] == 0


def test_a_model_without_state_does_not_learn(client: Any, churn: Any) -> None:
    status, problem = client(churn).post("/models/churn/learn", {"items": [{"a": 1}]})
    assert (status, problem["error"]["code"]) == (404, "no_state")


def test_answers_are_explained_where_the_operator_asks_for_it(client: Any, churn: Any, row: Any) -> None:
    caller = client(churn, explain=True)
    status, reply = caller.post("/explain", {"rows": [row, row | {"age": 20}], "label": True})
    assert status == 200
    first, second = reply["explanations"]
    share = caller.post("/predict", {"rows": [row]})[1]["predictions"][0]["probability"]["true"]
    assert first["value"] == pytest.approx(math.log(share / (1 - share)))
    for one in (first, second):
        assert one["base"] + sum(part["value"] for part in one["contributions"]) == pytest.approx(one["value"])
        assert {part["column"] for part in one["contributions"]} == set(row)
    assert caller.post("/models/churn/explain", {"rows": [row], "label": True})[1]["explanations"] == [first]
    assert "/explain" in caller.get("/openapi.json")[1]["paths"]


def test_explanations_are_refused_with_reasons(client: Any, churn: Any, tickets: Any, row: Any) -> None:
    status, reply = client(churn).post("/explain", {"rows": [row]})
    assert (status, reply["error"]["fix"]) == (404, "start the service with --explain")
    caller = client(churn, tickets("index"), explain=True)
    bad = [
        ({"rows": []}, 422, "no_rows"),
        ({"rows": [row] * 101}, 413, "too_many_rows"),
        ({"rows": [row], "why": 1}, 422, "unknown_key"),
        ({"rows": [row], "label": "maybe"}, 422, "not_explained"),
        ({"rows": [row | {"visits": "many"}]}, 422, "invalid_value"),
    ]
    for body, code, name in bad:
        status, reply = caller.post("/explain", body)
        assert (status, reply["error"]["code"]) == (code, name), reply
    status, reply = caller.post("/models/tickets/explain", {"rows": [ROW]})
    assert (status, reply["error"]["code"]) == (422, "not_explained")

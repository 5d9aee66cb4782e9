"""The front: deadlines, traces, rights, and what is told about requests."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from smeaton.journal import Reader
from smeaton.service.auth.keychange import change_keys
from smeaton.service.auth.keyfile import new_key

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def ask(caller: Any, row: Any, headers: dict[str, str] | None = None) -> tuple[int, Any, dict[str, str]]:
    status, body, told = caller.send("POST", "/predict", json.dumps({"rows": [row]}).encode(), headers)
    return status, json.loads(body), told


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", "inf", ""])
def test_a_time_limit_is_a_number_of_seconds(client: Any, churn: Path, row: Any, given: str) -> None:
    status, told, _ = ask(client(churn), row, {"x-request-timeout": given})
    assert (status, told["error"]["code"]) == (400, "invalid_timeout")


def test_a_compressed_body_is_refused(client: Any, churn: Path, row: Any) -> None:
    status, told, _ = ask(client(churn), row, {"content-encoding": "gzip"})
    assert (status, told["error"]["code"], told["error"]["path"]) == (415, "encoded_body", "body")


def test_the_callers_time_limit_reaches_the_model(client: Any, churn: Path, row: Any) -> None:
    caller = client(churn)
    assert ask(caller, row, {"x-request-timeout": "20"})[0] == 200
    status, told, _ = ask(caller, row, {"x-request-timeout": "0.000001"})
    assert (status, told["error"]["code"]) == (504, "deadline_exceeded")


def test_a_trace_goes_on(client: Any, churn: Path, row: Any) -> None:
    caller = client(churn)
    _, _, told = ask(caller, row, {"traceparent": PARENT})
    version, trace, span, flags = told["traceresponse"].split("-")
    assert (version, trace, flags) == ("00", "0af7651916cd43dd8448eb211c80319c", "01")
    assert span != "b7ad6b7169203331"
    assert "traceresponse" not in ask(caller, row)[2]
    assert "traceresponse" not in ask(caller, row, {"traceparent": "00-0-0-0"})[2]


def test_requests_are_counted_by_model_and_code(client: Any, churn: Path, row: Any) -> None:
    caller = client(churn)
    for _ in range(3):
        ask(caller, row)
    ask(caller, {"age": "x"})
    caller.send("GET", "/nothing")
    text = caller.send("GET", "/metrics")[1].decode()
    version = caller.models["churn"].version
    assert f'smeaton_requests_total{{code="200",model="churn",protocol="rest",version="{version}"}} 3.0' in text
    assert f'smeaton_requests_total{{code="422",model="churn",protocol="rest",version="{version}"}} 1.0' in text
    assert 'smeaton_requests_total{code="404",model="",protocol="rest",version=""} 1.0' in text
    assert 'smeaton_rejected_total{reason="invalid_value"} 1.0' in text
    assert f'smeaton_model_ready{{model="churn",version="{version}"}} 1.0' in text
    assert 'smeaton_batch_size_count{model="churn"} 3.0' in text


def keyed(client: Any, churn: Path, tmp_path: Path, *scopes: str, **options: Any) -> tuple[Any, dict[str, str]]:
    text, key = new_key("ci", scopes)
    change_keys(tmp_path / "keys.toml", lambda _: [key])
    caller = client(churn, host="0.0.0.0", key_file=str(tmp_path / "keys.toml"), **options)
    return caller, {"x-api-key": text}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/predict", "predict"),
        ("GET", "/models", "predict"),
        ("GET", "/", "predict"),
        ("GET", "/metrics", "metrics"),
        ("POST", "/feedback", "feedback"),
        ("POST", "/models/churn/learn", "learn"),
        ("POST", "/models/churn/reload", "admin"),
        ("POST", "/v2/repository/models/churn/unload", "admin"),
        ("POST", "/v2/models/churn/infer", "predict"),
    ],
)
def test_each_path_needs_its_right(
    client: Any, churn: Path, tmp_path: Path, method: str, path: str, scope: str
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    caller, key = keyed(client, churn, tmp_path / "one", scope)
    assert caller.send(method, path, b"{}", key)[0] not in (401, 403)
    assert caller.send(method, path, b"{}")[0] == 401
    wrong = "metrics" if scope == "predict" else "predict"
    caller, key = keyed(client, churn, tmp_path / "other", wrong)
    status, body, _ = caller.send(method, path, b"{}", key)
    assert status == 403
    assert b"right" in body or b"scope" in body


def test_the_page_is_open_where_the_operator_says_so(client: Any, churn: Path, tmp_path: Path) -> None:
    caller, _ = keyed(client, churn, tmp_path, "predict", page=True)
    assert caller.send("GET", "/")[0] == 200
    assert caller.send("GET", "/models")[0] == 401


def test_a_revoked_key_is_refused_while_the_service_runs(
    client: Any, churn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, key = keyed(client, churn, tmp_path, "predict")
    assert caller.send("GET", "/models", headers=key)[0] == 200
    change_keys(tmp_path / "keys.toml", lambda _: [])
    monkeypatch.setattr(caller.service.settings.keyring, "_next", 0.0)  # a second later
    assert caller.send("GET", "/models", headers=key)[0] == 401


def test_what_is_asked_is_journaled_and_the_truth_joins_it(client: Any, churn: Path, tmp_path: Path, row: Any) -> None:
    caller = client(churn, journal=str(tmp_path / "journal"))
    status, reply, told = ask(caller, row, {"traceparent": PARENT})
    assert status == 200
    body = json.dumps({"items": [{"id": told["x-request-id"], "row": 0, "truth": True}]}).encode()
    assert json.loads(caller.send("POST", "/feedback", body)[1]) == {"accepted": 1}
    caller.service.recorder.journal.close()
    (found,) = Reader(tmp_path / "journal").predictions()
    assert found.id == told["x-request-id"]
    assert (found.model, found.wire, found.bundle) == ("churn", "rest", caller.models["churn"].version)
    assert found.trace == "0af7651916cd43dd8448eb211c80319c"
    assert dict(found.inputs)["plan"] == "basic"
    assert found.answer == reply["predictions"][0]
    assert found.truth is not None
    assert found.truth.value is True


@pytest.mark.parametrize(
    ("content", "status", "code", "path"),
    [
        ({}, 422, "missing_key", "items"),
        ({"items": []}, 422, "no_rows", "items"),
        ({"items": [{"id": "x"}]}, 422, "invalid_value", "items[0].truth"),
        ({"items": [{"truth": 1}]}, 422, "invalid_value", "items[0].id"),
        ({"items": [{"id": "x", "truth": 1, "row": -1}]}, 422, "invalid_value", "items[0].row"),
        ({"items": [{"id": "x", "truth": 1}], "rows": []}, 422, "unknown_key", "rows"),
    ],
)
def test_wrong_feedback_is_refused(
    client: Any, churn: Path, tmp_path: Path, content: Any, status: int, code: str, path: str
) -> None:
    caller = client(churn, journal=str(tmp_path / "journal"))
    found, told = caller.post("/feedback", content)
    assert (found, told["error"]["code"], told["error"].get("path")) == (status, code, path)


def test_without_a_journal_no_truth_is_taken(client: Any, churn: Path) -> None:
    status, told = client(churn).post("/feedback", {"items": [{"id": "x", "truth": 1}]})
    assert (status, told["error"]["code"]) == (404, "no_journal")


def test_masked_columns_never_reach_the_journal(
    client: Any, make_table_bundle: Any, task: Any, tmp_path: Path, row: Any
) -> None:
    from smeaton.task.task import Privacy

    path = make_table_bundle(tmp_path, task.with_(privacy=Privacy(mask=("note",)))).path
    caller = client(path, journal=str(tmp_path / "journal"))
    assert ask(caller, row | {"note": "zq-secret-zq"})[0] == 200
    caller.service.recorder.journal.close()
    files = list((tmp_path / "journal").iterdir())
    assert files
    assert not any(b"zq-secret-zq" in file.read_bytes() for file in files)


def test_after_faults_of_ours_it_is_not_ready_until_it_answers_right_again(
    client: Any, churn: Path, row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = client(churn)
    model = caller.models["churn"]
    engine = model.engine
    monkeypatch.setattr("smeaton.service.hosted._RECHECK_SECONDS", 0.02)

    def broken(*_: Any) -> Any:
        raise MemoryError("none left")

    async def main() -> list[int]:
        monkeypatch.setattr(type(engine), "cells", broken)
        body = json.dumps({"rows": [row]}).encode()
        seen = [(await caller.asend("POST", "/predict", body))[0] for _ in range(4)]
        assert (await caller.asend("GET", "/health/ready"))[0] == 503
        monkeypatch.undo()
        monkeypatch.setattr("smeaton.service.hosted._RECHECK_SECONDS", 0.02)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if model.ready:
                break
        seen.append((await caller.asend("POST", "/predict", body))[0])
        return seen

    assert asyncio.run(main()) == [500, 500, 500, 503, 200]

"""What is not exactly right is refused in one documented way: in this process, and over a real socket."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SECRET = "zq-secret-zq"


def body(**changes: Any) -> bytes:
    """One row with changes; a value of `...` takes its key away."""
    row = {
        "age": 41.5,
        "visits": 3,
        "member": True,
        "plan": "basic",
        "opened": "2026-01-31T12:00:00Z",
        "note": "called: twice",
    } | changes
    return json.dumps({"rows": [{key: value for key, value in row.items() if value is not ...}]}).encode()


def raw(text: str) -> bytes:
    """One row whose age is written as given."""
    return body(age="@@").replace(b'"@@"', text.encode())


#: name, body, status, code, path
REFUSED: tuple[tuple[str, bytes, int, str, str | None], ...] = (
    ("malformed JSON", b'{"rows": [', 400, "invalid_json", "body"),
    ("two objects", b"{}{}", 400, "invalid_json", "body"),
    ("empty body", b"", 400, "empty_body", "body"),
    ("only blanks", b" \n ", 400, "empty_body", "body"),
    ("list root", b"[]", 400, "invalid_body", "body"),
    ("text root", b'"rows"', 400, "invalid_body", "body"),
    ("no rows key", b"{}", 422, "missing_key", "rows"),
    ("no rows", b'{"rows": []}', 422, "no_rows", "rows"),
    ("rows not a list", b'{"rows": {}}', 422, "invalid_value", "rows"),
    ("rows null", b'{"rows": null}', 422, "invalid_value", "rows"),
    ("a row not an object", b'{"rows": [3]}', 422, "invalid_value", "rows[0]"),
    ("unknown key", b'{"rows": [], "%s": 1}' % SECRET.encode(), 422, "unknown_key", SECRET),
    ("unknown odd key", b'{"rows": [], "a\\"<b>": 1}', 422, "unknown_key", "body"),
    ("stream not a boolean", b'{"rows": [{}], "stream": 1}', 422, "invalid_value", "stream"),
    ("repeated key", b'{"rows": [], "rows": []}', 400, "invalid_json", "body"),
    ("repeated column", b'{"rows": [{"age": 1, "age": 2}]}', 400, "invalid_json", "body"),
    ("repeated spaced", b'{"rows": [{"age" : 1, "age" : 2}]}', 400, "invalid_json", "body"),
    ("repeated deep", b'{"rows": [{"age": [[{"a": 1, "a": 2}]]}]}', 400, "invalid_json", "body"),
    ("missing column", body(visits=...), 422, "invalid_value", "rows[0].visits"),
    ("extra column", body(more=1), 422, "unknown_column", "rows[0].more"),
    ("extra odd column", body(**{"<script>": 1}), 422, "unknown_column", "rows[0]"),
    ("text for a number", body(age=SECRET), 422, "invalid_value", "rows[0].age"),
    ("bool for a number", body(age=True), 422, "invalid_value", "rows[0].age"),
    ("list for a number", body(age=[1]), 422, "invalid_value", "rows[0].age"),
    ("object for a number", body(age={"a": 1}), 422, "invalid_value", "rows[0].age"),
    ("under its bound", body(age=-918273), 422, "invalid_value", "rows[0].age"),
    ("fraction for a whole", body(visits=3.918273), 422, "invalid_value", "rows[0].visits"),
    ("number for text", body(note=918273), 422, "invalid_value", "rows[0].note"),
    ("number for a category", body(plan=918273), 422, "invalid_value", "rows[0].plan"),
    ("number for a boolean", body(member=1), 422, "invalid_value", "rows[0].member"),
    ("text for a boolean", body(member=SECRET), 422, "invalid_value", "rows[0].member"),
    ("text for a moment", body(opened=SECRET), 422, "invalid_value", "rows[0].opened"),
    ("number for a moment", body(opened=918273), 422, "invalid_value", "rows[0].opened"),
    ("null where none may be", body(visits=None), 422, "invalid_value", "rows[0].visits"),
    ("null category", body(plan=None), 422, "invalid_value", "rows[0].plan"),
    ("NaN", raw("NaN"), 400, "invalid_json", "body"),
    ("Infinity", raw("Infinity"), 400, "invalid_json", "body"),
    ("minus Infinity", raw("-Infinity"), 400, "invalid_json", "body"),
    ("beyond float64", raw("1e999"), 400, "invalid_json", "body"),
    ("400 digits", raw("918273" * 70), 422, "invalid_value", "rows[0].age"),
    ("5,000 digits", raw("918273" * 900), 400, "invalid_json", "body"),
    ("beyond 2^53", raw("9007199254740993"), 422, "invalid_value", "rows[0].age"),
    ("whole beyond 2^53", body(visits=2**53 + 2), 422, "invalid_value", "rows[0].visits"),
    ("reserved character", body(note=f"{SECRET}\ufdd0"), 422, "invalid_value", "rows[0].note"),
    ("100,000 lists", b'{"rows": ' + b"[" * 100_000, 400, "invalid_json", "body"),
    ("100,000 closed lists", b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "invalid_json", "body"),
    ("100,000 objects", b'{"rows":' * 100_000, 400, "invalid_json", "body"),
    ("500 lists", raw("[" * 500 + "]" * 500), 422, "nested_too_deeply", "rows[0].age[0][0][0][0][0]"),
    ("bad UTF-8", b'{"rows": "\xff\xfe"}', 400, "invalid_json", "body"),
    ("UTF-16", '{"rows": []}'.encode("utf-16"), 400, "invalid_json", "body"),
    ("lone surrogate", body(note="@").replace(b"@", b"\\ud800"), 400, "invalid_json", "body"),
    ("too many rows", json.dumps({"rows": [{}] * 10_001}).encode(), 413, "too_many_rows", "rows"),
)


@pytest.fixture(params=["memory", pytest.param("socket", marks=pytest.mark.slow)])
def caller(request: pytest.FixtureRequest, client: Any, churn: Path) -> Any:
    if request.param == "socket":
        return request.getfixturevalue("process")
    return client(churn)


@pytest.fixture(scope="module")
def process(churn: Path, make_server: Any) -> Iterator[Any]:
    one = make_server(str(churn))
    yield one
    assert one.stop() == (0, "")


@pytest.mark.parametrize(
    ("content", "status", "code", "path"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refused(caller: Any, content: bytes, status: int, code: str, path: str | None) -> None:
    found, reply, headers = caller.send("POST", "/predict", content)
    problem = json.loads(reply)["error"]
    assert (found, problem["code"], problem.get("path")) == (status, code, path)
    assert problem["message"]
    assert len(reply) <= 1000
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"]
    told = problem["message"] + problem.get("fix", "")
    assert SECRET not in told
    assert "918273" not in told
    assert "900719925474099" not in told


@pytest.mark.parametrize(
    "changes",
    [
        {"age": None, "opened": None, "note": None},
        {"age": ..., "opened": ..., "note": ...},
        {"age": 41},
        {"age": "41.5"},  # a number as a CSV file would hold it
        {"visits": 3.0},
        {"plan": "never seen"},
        {"note": ""},
        {"visits": 2**53},
        {"opened": "2026-01-31"},
        {"note": 'with ": a colon', "plan": "naïve"},
    ],
    ids=str,
)
def test_scored(caller: Any, changes: dict[str, Any]) -> None:
    status, reply, _ = caller.send("POST", "/predict", body(**changes))
    assert status == 200, reply
    assert set(json.loads(reply)["predictions"][0]) == {"prediction", "probability"}


def test_a_category_never_seen_is_scored_by_the_models_rule(caller: Any) -> None:
    shares = []
    for plan in ("basic", "never seen", "nor this"):
        _, reply, _ = caller.send("POST", "/predict", body(plan=plan))
        shares.append(json.loads(reply)["predictions"][0]["probability"]["true"])
    assert shares[0] != shares[1]
    assert shares[1] == shares[2]


def test_the_place_is_that_of_the_first_bad_row(caller: Any) -> None:
    good = json.loads(body())["rows"][0]
    rows = [good] * 3 + [good | {"age": "old", "plan": 3}] + [good | {"age": "x"}]
    _, reply, _ = caller.send("POST", "/predict", json.dumps({"rows": rows}).encode())
    problem = json.loads(reply)["error"]
    assert problem["path"] == "rows[3].age"
    assert problem["message"] == "expected a number (and 2 more faults)"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/predict", 405, "wrong_method"),
        ("DELETE", "/models", 405, "wrong_method"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/models/churn", 404, "not_found"),
        ("GET", "/predict/", 404, "not_found"),
        ("GET", "/%2e%2e/etc/passwd", 404, "not_found"),
    ],
)
def test_wrong_method_and_unknown_path(caller: Any, method: str, path: str, status: int, code: str) -> None:
    found, reply, headers = caller.send(method, path)
    assert (found, json.loads(reply)["error"]["code"]) == (status, code)
    assert ("allow" in headers) == (status == 405)


def test_a_body_over_the_limit_is_refused_by_its_length(caller: Any) -> None:
    content = b'{"rows": [' + b" " * 20_000_000
    status, reply, headers = caller.send("POST", "/predict", content)
    assert (status, json.loads(reply)["error"]["code"]) == (413, "body_too_large")
    assert headers["connection"] == "close"


@pytest.mark.slow
def test_a_chunked_body_is_cut_before_its_end(process: Any) -> None:
    host, port = process.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        wire.sendall(b"POST /predict HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
        piece = b"%x\r\n" % 1_000_000 + b" " * 1_000_000 + b"\r\n"
        for _ in range(17):  # 17 MB of a body that never ends
            wire.sendall(piece)
        reply = http.client.HTTPResponse(wire)
        reply.begin()
        assert reply.status == 413
        assert json.loads(reply.read())["error"]["code"] == "body_too_large"
    assert process.post("/predict", {"rows": []})[0] == 422  # and goes on answering


@pytest.mark.slow
def test_a_caller_that_leaves_while_sending_does_no_harm(process: Any) -> None:
    host, port = process.address.split(":")
    for head in (b"content-length: 100", b"transfer-encoding: chunked"):
        with socket.create_connection((host, int(port)), timeout=20) as wire:
            wire.sendall(b"POST /predict HTTP/1.1\r\nhost: localhost\r\n" + head + b"\r\n\r\n")
    assert process.get("/health/ready")[0] == 200

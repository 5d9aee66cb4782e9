"""Models unloaded and loaded over V2, while V1 and V2 say what is there."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

LOAD, UNLOAD, INDEX = (
    "/v2/repository/models/churn/load",
    "/v2/repository/models/churn/unload",
    "/v2/repository/index",
)


@pytest.fixture
def folder(churn: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be damaged."""
    return Path(shutil.copytree(churn, tmp_path / churn.name))


@pytest.fixture
def caller(client: Any, folder: Path, points: Path) -> Any:
    return client(folder, points)


def send(caller: Any, path: str, body: bytes = b"") -> tuple[int, Any]:
    status, found, _ = caller.send("POST", path, body)
    return status, json.loads(found)


def test_unload_and_load(caller: Any) -> None:
    version = caller.models["churn"].version
    state = {"name": "churn", "version": version, "state": "READY", "reason": ""}
    assert send(caller, INDEX)[1][0] == state
    assert send(caller, UNLOAD) == (200, {"name": "churn", "unload": True})
    assert send(caller, UNLOAD)[0] == 200  # once more changes nothing
    gone = {"name": "churn", "state": "UNAVAILABLE", "reason": "unloaded"}
    assert send(caller, INDEX)[1][0] == gone
    assert [one["name"] for one in send(caller, INDEX, b'{"ready": true}')[1]] == ["points"]
    for path in ("/v2/models/churn/ready", "/v1/models/churn"):
        assert caller.get(path) == (503, {"name": "churn", "ready": False})
    assert caller.get("/v2/models") == (200, {"models": ["points"]})
    assert caller.get("/v1/models")[1]["models"] == ["points"]
    for path in ("/v2/models/churn/infer", f"/v2/models/churn/versions/{version}/infer", "/v1/models/churn:predict"):
        assert send(caller, path, b"{}")[0] == 404
    assert caller.get("/v2/models/churn")[0] == 404
    assert send(caller, LOAD, b'{"parameters": {}}') == (200, {"name": "churn", "load": True})
    assert send(caller, INDEX)[1][0] == state
    assert caller.get("/v2/models/churn/ready") == (200, {"name": "churn", "ready": True})


def test_a_model_that_cannot_be_loaded_leaves_the_old_one(caller: Any, folder: Path) -> None:
    (folder / "bundle.json").write_text("{}")
    status, problem = send(caller, LOAD)
    assert (status, set(problem)) == (409, {"error"})
    assert str(folder) not in problem["error"]
    assert caller.get("/v2/models/churn/ready") == (200, {"name": "churn", "ready": True})


@pytest.mark.parametrize(
    ("path", "body", "status", "begins"),
    [
        (LOAD, b'{"parameters": {"config": "{}"}}', 501, "parameters: "),
        (LOAD, b'{"parameters": []}', 400, "parameters: "),
        (LOAD, b"[]", 400, "body: "),
        (UNLOAD, b'{"parameters": {"unload_dependents": true}}', 200, ""),
        (INDEX, b'{"ready": 1}', 400, "ready: "),
        (INDEX, b"x", 400, "body: "),
    ],
)
def test_what_is_asked(caller: Any, path: str, body: bytes, status: int, begins: str) -> None:
    found, content = send(caller, path, body)
    assert found == status
    if begins:
        assert content["error"].startswith(begins)


def test_a_model_that_is_not_ready_says_why(caller: Any) -> None:
    model = caller.models["points"]
    model.ready, model.why = False, "its samples fail"
    found = send(caller, INDEX)[1][1]
    assert found == {"name": "points", "version": model.version, "state": "UNAVAILABLE", "reason": "its samples fail"}

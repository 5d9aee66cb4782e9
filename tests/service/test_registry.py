"""Bundles are swapped, loaded and unloaded while others answer."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smeaton.bundle.read import Bundle
from smeaton.errors import InputError, SmeatonError
from smeaton.service.control import Alone, agree


@pytest.fixture
def place(make_table_bundle: Callable[..., Bundle], tmp_path: Path) -> Path:
    """A bundle that may be replaced."""
    return make_table_bundle(tmp_path / "first").path


@pytest.fixture
def other(make_table_bundle: Callable[..., Bundle], tmp_path: Path) -> Path:
    """Another bundle of the same name."""
    return make_table_bundle(tmp_path / "second", reasons=("another",)).path


def replace(place: Path, by: Path) -> None:
    shutil.rmtree(place)
    shutil.copytree(by, place)


def test_a_reload_swaps_in_what_is_on_the_disk(client: Any, place: Path, other: Path, row: Any) -> None:
    caller = client(place)
    before = caller.get("/models")[1]["churn"]["bundle"]
    replace(place, other)
    status, told = caller.post("/models/churn/reload", {})
    after = caller.get("/models")[1]["churn"]["bundle"]
    assert status == 200
    assert told == {"model": "churn", "bundle": after}
    assert after != before
    assert caller.post("/predict", {"rows": [row]})[0] == 200
    assert caller.post(f"/v2/models/churn/versions/{before[:12]}/infer", {})[0] == 404


def test_the_audit_says_who_swapped_it(client: Any, place: Path, other: Path, tmp_path: Path) -> None:
    caller = client(place, audit=str(tmp_path / "audit.jsonl"))
    replace(place, other)
    assert caller.send("POST", "/models/churn/reload", b"{}", {"x-request-id": "mine-1"})[0] == 200
    (swap,) = [line for line in (tmp_path / "audit.jsonl").read_text().splitlines() if "bundle.swapped" in line]
    assert '"request":"mine-1"' in swap


def test_a_bundle_that_cannot_be_served_leaves_the_old_one(client: Any, place: Path, row: Any) -> None:
    caller = client(place)
    before = caller.models["churn"]
    (place / "card.md").write_text("changed")
    status, told = caller.post("/models/churn/reload", {})
    assert (status, told["error"]["code"]) == (409, "not_swapped")
    assert "card.md" in told["error"]["message"]
    assert caller.models["churn"] is before
    assert caller.post("/predict", {"rows": [row]})[0] == 200


def test_a_bundle_of_another_name_in_its_place_is_refused(
    client: Any, place: Path, make_table_bundle: Any, task: Any, tmp_path: Path
) -> None:
    caller = client(place)
    replace(place, make_table_bundle(tmp_path / "third", task.with_(name="other")).path)
    status, told = caller.post("/models/churn/reload", {})
    assert status == 409
    assert "called 'other'" in told["error"]["message"]


def test_a_model_with_a_state_is_not_swapped(client: Any, tickets: Any, tmp_path: Path) -> None:
    caller = client(tickets("index"), state=str(tmp_path / "state"))
    status, told = caller.post("/models/tickets/reload", {})
    assert status == 409
    assert "state" in told["error"]["message"]


def test_unloaded_it_is_gone_and_loaded_it_is_back(client: Any, place: Path, tickets: Any, row: Any) -> None:
    caller = client(place, tickets("index"))
    service = caller.service
    asyncio.run(service.unload("churn"))
    assert caller.post("/models/churn/predict", {"rows": [row]})[0] == 404
    assert caller.post("/predict", {"rows": [{"body": "my crash again"}]})[0] == 200  # the next is the first now
    assert "churn" not in caller.get("/openapi.json")[1]["info"]["title"]
    asyncio.run(service.reload("churn"))
    assert caller.post("/predict", {"rows": [row]})[0] == 200
    assert list(service.registry) == ["churn", "tickets"]


def test_what_is_not_served_here_cannot_be_loaded(client: Any, place: Path) -> None:
    caller = client(place)
    assert caller.post("/models/other/reload", {})[0] == 404
    with pytest.raises(SmeatonError, match="no bundle"):
        asyncio.run(caller.service.unload("other"))
    with pytest.raises(InputError, match="no bundle"):
        asyncio.run(caller.service.reload("other"))


def test_a_swap_waits_for_what_is_in_flight(client: Any, place: Path, other: Path) -> None:
    caller = client(place)
    old = caller.models["churn"]

    async def main() -> None:
        with old._held():  # a request on its way
            replace(place, other)
            await caller.service.reload("churn")
            assert caller.models["churn"] is not old
            assert old.ready
        assert old.why == "closed"

    asyncio.run(main())


class Two(Alone):
    """Two workers of which one refuses."""

    def __init__(self, service: Any) -> None:
        super().__init__()
        self.service = service

    async def broadcast(self, message: Any, seconds: float = 1.0) -> list[Any]:
        refused = {"error": {"type": "InputError", "message": "no room", "fix": "", "where": ""}}
        return [await self.service.obey(message), refused if message["phase"] == "prepare" else {}]


def test_if_one_worker_refuses_none_swaps(client: Any, place: Path, other: Path) -> None:
    caller = client(place)
    before = caller.models["churn"]
    replace(place, other)
    with pytest.raises(InputError, match="no room"):
        asyncio.run(agree(Two(caller.service), {"do": "reload", "names": ["churn"]}))
    assert caller.models["churn"] is before
    assert before.ready
    assert caller.service._prepared == []

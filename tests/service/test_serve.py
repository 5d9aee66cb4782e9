"""Opening bundles for a service: what is refused before anything answers."""

import hashlib
import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smeaton.bundle.manifest import FileRecord, encode
from smeaton.bundle.read import open_bundle
from smeaton.cli import main
from smeaton.errors import InputError, NotReady, ProgramError
from smeaton.llm.ledger import Ledger
from smeaton.llm.purse import Replies
from smeaton.service.listening import address, listen
from smeaton.service.options import Options
from smeaton.service.start import Allowance, assemble

ALLOWED = {"allow_external": ("chat.example",)}


def opened(*bundles: Path, **options: Any) -> Any:
    held = ExitStack()
    service = assemble([str(path) for path in bundles], Options(**options))
    held.callback(service.close)
    return held, list(service.registry.values())


def test_a_bundle_that_is_not_ready_needs_a_reason(make_table_bundle: Any, tmp_path: Path) -> None:
    path = make_table_bundle(tmp_path, outcome="not ready", reasons=("p95 is 3 s, the limit 1 s",)).path
    with pytest.raises(NotReady, match="p95 is 3 s"):
        opened(path)
    held, models = opened(path, accept="a trial")
    with held:
        assert models[0].ready


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, InputError, "what that may cost"),
        ({"spend": "$1/day"}, ProgramError, "chat.example"),
        (ALLOWED, InputError, "what that may cost"),
        (ALLOWED | {"spend": "$1"}, InputError, "no amount a day"),
        (ALLOWED | {"spend": "/day"}, InputError, "--spend '/day'"),
        (ALLOWED | {"spend": "much/day"}, InputError, "--spend 'much/day'"),
        ({"allow_external": ("other.example",), "spend": "$1/day"}, ProgramError, "chat.example"),
    ],
)
@pytest.mark.parametrize("kind", ["chat", "cascade"])
def test_external_steps_need_leave_and_a_bound(
    tickets: Any, tmp_path: Path, kind: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message.replace("$", r"\$")):
        opened(tickets(kind), state=str(tmp_path / "state"), **options)


def test_what_was_refused_leaves_no_state_behind(tickets: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        opened(tickets("cascade"), state=str(tmp_path / "state"))
    assert not (tmp_path / "state").exists()


def test_spending_is_kept_through_a_restart_and_no_answer_is(tickets: Any, tmp_path: Path) -> None:
    options = ALLOWED | {"spend": "$0.01/day", "state": str(tmp_path)}
    held, models = opened(tickets("chat", price=0.01), **options)
    with held:
        assert isinstance(models[0].purse, Allowance)
        assert not isinstance(models[0].purse, Replies)
        models[0].purse.settle(models[0].purse.reserve(0.01, "a call"), 0.01)
    ledger = Ledger(tmp_path / "spend.db")
    assert (ledger.used, ledger.left) == (0.01, 0.0)
    ledger.close()


def test_several_bundles_keep_their_states_apart(tickets: Any, tmp_path: Path) -> None:
    held, models = opened(tickets("index"), tickets("index", name="other"), state=str(tmp_path))
    with held:
        assert [model.name for model in models] == ["tickets", "other"]
    assert {path.name for path in tmp_path.iterdir()} == {"tickets", "other"}


def test_two_bundles_of_one_name_are_refused(churn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(churn), str(churn), "--port", "0"]) == 2
    assert "two bundles have the same name" in capsys.readouterr().err


def test_a_pure_bundle_that_answers_otherwise_here_is_not_ready(
    client: Any, make_table_bundle: Any, row: Any, tmp_path: Path
) -> None:
    path = make_table_bundle(tmp_path).path
    manifest = open_bundle(path).manifest
    samples = path / "samples.jsonl"
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    lines[3]["output"]["probability"] = [0.5, 0.5]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    samples.write_bytes(content)
    record = FileRecord(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    forged = msgspec.structs.replace(manifest, files=manifest.files | {"samples.jsonl": record})
    (path / "bundle.json").write_bytes(encode(forged))
    caller = client(path)
    assert "sample 4" in caller.models["churn"].why
    assert caller.get("/health/ready")[0] == 503
    assert caller.post("/predict", {"rows": [row]})[0] == 503


@pytest.mark.parametrize("deadline", ["soon", "0s", "-1s", "30"])
def test_a_deadline_is_a_time(churn: Path, deadline: str) -> None:
    with pytest.raises(InputError, match="--deadline"):
        opened(churn, deadline=deadline)


def test_a_port_that_is_taken_is_said(churn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert address(taken) == f"http://127.0.0.1:{port}"
        assert main(["serve", str(churn), "--port", str(port)]) == 2
    told = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}" in told
    assert "choose another port" in told


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", -1), ("no.such.host.invalid", 0)])
def test_an_address_that_cannot_be_bound_is_said(host: str, port: int) -> None:
    with pytest.raises(InputError, match="cannot listen"):
        listen(host, port)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_address_of_ipv6_has_brackets() -> None:
    with listen("::1", 0) as listening:
        assert address(listening).startswith("http://[::1]:")

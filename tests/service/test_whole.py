"""The whole service as its operator meets it: processes, signals, keys, TLS, journal and metrics together."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import smeaton

from smeaton.journal import Reader
from smeaton.service.auth.keychange import change_keys
from smeaton.service.auth.keyfile import new_key

pytestmark = pytest.mark.slow


def until(holds: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to hold")


def workers_of(server: Any) -> list[int]:
    told = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in told.stdout.split()]


def hash_of(server: Any) -> str:
    return str(server.get("/models")[1]["churn"]["bundle"])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hangup_swaps_the_bundle_on_every_worker_while_requests_go_on(
    server: Any, make_table_bundle: Any, tmp_path: Path, row: Any, workers: int
) -> None:
    place = make_table_bundle(tmp_path / "first").path
    other = make_table_bundle(tmp_path / "second", reasons=("another",)).path
    running = server(place, "--workers", workers)
    before = hash_of(running)
    body = json.dumps({"rows": [row]}).encode()
    stop = False

    def ask() -> set[int]:
        seen = set()
        while not stop:
            seen.add(running.send("POST", "/predict", body)[0])
        return seen

    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        time.sleep(0.2)
        shutil.move(place, tmp_path / "old")
        shutil.copytree(other, place)
        os.kill(running.process.pid, signal.SIGHUP)
        until(lambda: hash_of(running) != before)
        assert len({hash_of(running) for _ in range(20)}) == 1
        stop = True
        assert [done.result() for done in asking] == [{200}] * 4
    assert running.stop() == (0, "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_worker_is_replaced_and_counts_go_on(server: Any, churn: Path, row: Any, number: int) -> None:
    running = server(churn, "--workers", 2)
    body = json.dumps({"rows": [row]}).encode()
    for _ in range(40):
        assert running.send("POST", "/predict", body)[0] == 200
    time.sleep(0.8)  # a snapshot of what was counted goes out
    lost = workers_of(running)[0]
    os.kill(lost, number)
    until(lambda: running.get("/health/ready")[0] == 503, 5.0)
    state = until(lambda: running.get("/health/ready")[0] == 200 and running.get("/health/ready")[1], 10.0)
    assert state["workers"] == {"wanted": 2, "ready": 2}
    assert lost not in workers_of(running)
    assert running.send("POST", "/predict", body)[0] == 200

    def counted() -> int:
        text = running.send("GET", "/metrics")[1].decode()
        (count,) = re.findall(r'smeaton_requests_total\{code="200",model="churn",protocol="rest".*\} (\d+)', text)
        return int(count)

    until(lambda: counted() == 41, 5.0)  # what another worker counted is told within a second
    code, errors = running.stop()
    assert code == 0
    assert "worker" in errors


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")
def test_over_tls_with_a_key(server: Any, churn: Path, row: Any, tmp_path: Path) -> None:
    cert, key_file = certificate(tmp_path)
    text, key = new_key("ci", ["predict"])
    change_keys(tmp_path / "keys.toml", lambda _: [key])
    audit = tmp_path / "audit.jsonl"
    running = server(
        churn, "--tls-cert", cert, "--tls-key", key_file, "--key-file", tmp_path / "keys.toml", "--audit", audit
    )
    assert running.url.startswith("https://")
    url = running.url.replace("127.0.0.1", "localhost")
    context = ssl.create_default_context(cafile=str(cert))

    def ask(headers: dict[str, str]) -> int:
        body = json.dumps({"rows": [row]}).encode()
        request = urllib.request.Request(f"{url}/predict", body, headers)
        try:
            with urllib.request.urlopen(request, context=context, timeout=10) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert ask({"Authorization": f"Bearer {text}"}) == 200
    assert ask({"Authorization": "Bearer wrong"}) == 401
    change_keys(tmp_path / "keys.toml", lambda _: [])
    until(lambda: ask({"Authorization": f"Bearer {text}"}) == 401, 5.0)
    assert running.stop() == (0, "")
    events = [json.loads(line)["event"] for line in audit.read_text().splitlines()]
    assert events[0] == "service.started"
    assert {"key.refused", "keys.reloaded", "service.draining"} <= set(events)
    assert events[-1] == "service.stopped"
    assert text not in audit.read_text()


def test_the_journal_of_two_workers_is_one(server: Any, churn: Path, row: Any, tmp_path: Path) -> None:
    running = server(churn, "--workers", 2, "--journal", tmp_path / "journal")
    body = json.dumps({"rows": [row, row]}).encode()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: running.send("POST", "/predict", body), range(60)))
    ids = [headers["x-request-id"] for _, _, headers in replies]
    truth = json.dumps({"items": [{"id": one, "row": 1, "truth": False} for one in ids]}).encode()
    assert json.loads(running.send("POST", "/feedback", truth)[1]) == {"accepted": 60}
    assert running.stop() == (0, "")
    found = list(Reader(tmp_path / "journal").predictions())
    assert len(found) == 120
    assert {one.id for one in found} == set(ids)
    assert {one.row: one.truth is not None for one in found} == {0: False, 1: True}


def test_without_a_supervisor_one_process_answers(server: Any, churn: Path, row: Any) -> None:
    running = server(churn, "--workers", 0)
    assert workers_of(running) == []
    assert running.post("/predict", {"rows": [row]})[0] == 200
    assert running.get("/health/ready")[1]["workers"] == {"wanted": 1, "ready": 1}
    assert running.post("/models/churn/reload", {})[0] == 200
    assert running.stop() == (0, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--workers", "-1"), "--workers"),
        (("--max-rows", "0"), "--max-rows"),
        (("--max-body", "much"), "--max-body"),
        (("--drain", "soon"), "--drain"),
        (("--journal-sample", "2"), "--journal-sample"),
        (("--journal", "{churn}/card.md"), "card.md"),
        (("--key-file", "{churn}/card.md"), "key"),
        (("--tls-cert", "{churn}/card.md"), "tls"),
        (("--host", "0.0.0.0"), "smeaton key new"),
    ],
)
def test_a_mistake_is_said_in_words(churn: Path, arguments: tuple[str, ...], told: str) -> None:
    given = [argument.format(churn=churn) for argument in arguments]
    found = smeaton("serve", churn, "--port", "0", *given)
    assert found.returncode == 2
    assert told in found.stderr
    assert "Traceback" not in found.stderr

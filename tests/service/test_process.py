"""`smeaton serve` as a process: signals, faults, money, and an environment without the training libraries."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from smeaton.llm.ledger import Ledger

pytestmark = pytest.mark.slow

ROW = {"body": "my crash again"}
ASK = {"rows": [ROW]}
EXTERNAL = ("--allow-external", "chat.example", "--spend", "$1/day")

WITHOUT = """
import sys

BLOCKED = {"sklearn", "lightgbm", "duckdb", "onnx", "pandas", "polars", "pyarrow", "torch", "ruamel", "rich", "scipy"}


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")


sys.meta_path.insert(0, Blocker())
from smeaton.cli import main

sys.exit(main(sys.argv[1:]))
"""


def test_it_says_where_it_answers_and_does(server: Any, churn: Path, row: Any) -> None:
    running = server(churn)
    assert running.said["ready"] == {"churn": True}
    assert len(running.said["models"]["churn"]) == 64
    assert running.post("/predict", {"rows": [row]})[0] == 200
    assert running.stop(signal.SIGINT) == (0, "")


def test_it_answers_without_the_training_libraries(
    server: Any, churn: Path, tickets: Any, tmp_path: Path, row: Any
) -> None:
    running = server(churn, tickets("cascade"), "--state", tmp_path, *EXTERNAL, python=("-c", WITHOUT))
    status, answer = running.post("/predict", {"rows": [row]})
    assert status == 200
    assert answer["predictions"][0]["prediction"] is True
    assert running.post("/models/tickets/predict", ASK)[1]["predictions"][0]["prediction"] == "bug"
    assert running.get("/v2/models/churn")[0] == 200
    assert running.get("/openapi.json")[0] == 200
    assert running.stop() == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_in_flight_is_finished(server: Any, tickets: Any, number: int, stream: bool) -> None:
    running = server(tickets("chat", delay=1.0), *EXTERNAL)
    with ThreadPoolExecutor() as pool:
        body = json.dumps(ASK | {"stream": stream})
        asked = pool.submit(running.send, "POST", "/predict", body)
        time.sleep(0.4)
        os.kill(running.process.pid, number)
        time.sleep(0.3)
        with pytest.raises(ConnectionRefusedError):
            running.get("/health/live")
        status, content, _ = asked.result(timeout=20)
    assert status == 200
    assert b'"bug"' in content or b'"done": true' in content
    assert running.ended() == (0, "")


def test_an_idle_connection_does_not_hold_it_up(server: Any, churn: Path) -> None:
    running = server(churn)
    host, port = running.address.split(":")
    with socket.create_connection((host, int(port))):
        time.sleep(0.2)
        start = time.monotonic()
        assert running.stop() == (0, "")
        assert time.monotonic() - start < 3


def test_a_taken_port_ends_it_with_2(server: Any, churn: Path) -> None:
    port = server(churn).address.split(":")[1]
    command = [sys.executable, "-m", "smeaton", "serve", str(churn), "--port", port, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "cannot listen" in json.loads(done.stdout)["error"]["message"]
    assert "Traceback" not in done.stderr


def test_it_serves_from_inside_a_running_loop(churn: Path, row: Any) -> None:
    code = """
import asyncio, sys, smeaton

async def main():
    return smeaton.serve(sys.argv[1], port=0, json=True)

print(asyncio.run(main()))
"""
    command = [sys.executable, "-c", code, str(churn)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        request = urllib.request.Request(f"{url}/predict", json.dumps({"rows": [row]}).encode())
        with urllib.request.urlopen(request, timeout=20) as reply:
            assert reply.status == 200
        os.kill(process.pid, signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    assert out == "0\n", errors


def test_a_document_is_answered_with_within_a_second_and_survives_kill_9(
    server: Any, tickets: Any, tmp_path: Path
) -> None:
    arguments = (tickets("index"), "--state", tmp_path)
    confirmed: list[int] = []
    for life in range(3):
        running = server(*arguments)
        threads = [threading.Thread(target=_write, args=(running, life, n, confirmed)) for n in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.6)
        os.kill(running.process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(timeout=20)
    assert len(confirmed) > 20
    running = server(*arguments)
    rows = [{"body": f"word{number}"} for number in confirmed]
    answers = running.post("/predict", {"rows": rows})[1]["predictions"]
    assert {answer["prediction"] for answer in answers} == {"bug"}
    start = time.monotonic()
    items = [{"text": "a zebra", "answer": "how-to"}]
    assert running.post("/models/tickets/learn", {"items": items})[0] == 200
    assert running.post("/predict", {"rows": [{"body": "zebra"}]})[1]["predictions"][0]["prediction"] == "how-to"
    assert time.monotonic() - start < 1
    assert running.get("/models")[1]["tickets"]["state_revision"] >= len(confirmed) + 1


def _write(running: Any, life: int, thread: int, confirmed: list[int]) -> None:
    """Write documents until the process is gone; note those it said it has."""
    for count in range(10_000):
        number = life * 1_000_000 + thread * 100_000 + count
        try:
            status, _ = running.post("/models/tickets/learn", {"items": [{"text": f"word{number}", "answer": "bug"}]})
        except (OSError, ValueError, http.client.HTTPException):
            return
        assert status == 200
        confirmed.append(number)


def test_money_is_never_overspent_by_20_at_once(server: Any, tickets: Any, tmp_path: Path) -> None:
    bundle = tickets("chat", price=0.01, delay=0.02)
    running = server(bundle, "--state", tmp_path, "--allow-external", "chat.example", "--spend", "$0.30/day")
    rows = {"rows": [ROW | {"subject": f"number {n}"} for n in range(5)]}
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: running.post("/predict", rows), range(20)))
    assert {status for status, _ in replies} <= {200, 402}
    assert [problem["error"]["code"] for status, problem in replies if status == 402]
    ledger = Ledger(tmp_path / "spend.db")
    used = ledger.used
    ledger.close()
    answered = sum(status == 200 for status, _ in replies)
    assert answered * 0.05 <= used <= 0.30 + 1e-12
    assert used == pytest.approx(0.30)
    assert running.stop() == (0, "")
    again = server(bundle, "--state", tmp_path, "--allow-external", "chat.example", "--spend", "$0.30/day")
    assert again.post("/predict", ASK)[0] == 402


def test_a_deadline_is_kept(server: Any, tickets: Any) -> None:
    running = server(tickets("chat", delay=5.0), *EXTERNAL, "--deadline", "300ms")
    for stream in (False, True):
        start = time.monotonic()
        status, problem = running.post("/predict", ASK | {"stream": stream})
        assert (status, problem["error"]["code"]) == (504, "deadline_exceeded")
        assert time.monotonic() - start < 1
    body = {"name": "body", "datatype": "BYTES", "shape": [1], "data": ["crash"]}
    assert running.post("/v2/models/tickets/infer", {"inputs": [body]})[0] == 504


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_that_leaves_ends_its_paid_call(server: Any, tickets: Any, tmp_path: Path, stream: bool) -> None:
    running = server(tickets("chat", price=0.01, delay=5.0), "--state", tmp_path, *EXTERNAL)
    host, port = running.address.split(":")
    body = json.dumps(ASK | {"stream": stream}).encode()
    head = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
    with socket.create_connection((host, int(port))) as wire:
        wire.sendall(head + body)
        time.sleep(0.5)
        assert _open_reservations(tmp_path) == 1
    deadline = time.monotonic() + 2
    while _open_reservations(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _open_reservations(tmp_path) == 0
    assert running.stop() == (0, "")


def _open_reservations(folder: Path) -> int:
    database = sqlite3.connect(folder / "spend.db")
    try:
        return int(database.execute("SELECT count(*) FROM money WHERE settled IS NULL").fetchone()[0])
    finally:
        database.close()

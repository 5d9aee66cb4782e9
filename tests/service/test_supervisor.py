"""The supervisor with real processes: death, hanging, reload, and an end that loses nothing."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from tiny import TinyService, alive

pytestmark = pytest.mark.slow


@pytest.fixture
def start() -> Iterator[Callable[..., TinyService]]:
    started: list[TinyService] = []

    def begin(**given: Any) -> TinyService:
        started.append(TinyService(**given))
        return started[-1]

    yield begin
    for one in started:
        one.end()


def all_ready(answer: tuple[int, Any]) -> bool:
    return answer[0] == 200 and answer[1]["ready"] == answer[1]["wanted"]


def test_it_is_light_and_its_workers_answer(start: Any) -> None:
    service = start(plan={"workers": 2})
    assert service.said["heavy"] == []
    pids = service.workers()
    assert len(set(pids)) == 2
    assert service.said["facts"]["pid"] in pids
    assert service.ask("/state") == (200, {"wanted": 2, "ready": 2})
    assert service.stop() == (0, "")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_worker_is_missed_within_1_s_and_replaced_within_3(
    start: Any, workers: int, number: int
) -> None:
    service = start(plan={"workers": workers})
    victim = service.workers()[0]
    began = time.monotonic()
    os.kill(victim, number)
    service.wait("/state", lambda answer: not all_ready(answer), 1.0)
    service.wait("/state", all_ready, 3.0 - (time.monotonic() - began))
    assert victim not in service.workers()
    code, errors = service.stop()
    assert code == 0
    assert "SIGKILL" in errors if number == signal.SIGKILL else "event loop" in errors


def test_a_loop_that_is_blocked_says_where(start: Any) -> None:
    service = start()
    service.workers()
    with socket.create_connection(service.address.split(":")) as wire:
        wire.sendall(b"GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n")
        service.wait("/state", lambda answer: answer[0] == 503, 1.0)
        service.wait("/state", all_ready, 3.0)
    _, errors = service.stop()
    assert "in answer" in errors  # the function that blocks, in a traceback
    assert "another is started" in errors


def test_while_no_worker_can_answer_callers_are_told_so(start: Any) -> None:
    service = start(options={"opening": 1.5})
    os.kill(service.workers()[0], signal.SIGKILL)
    status, body = service.ask("/v2/models/x/infer")
    assert (status, body) == (503, {"error": "no worker of this service can answer now"})
    assert service.ask("/health/live") == (200, {"live": True})
    connection = http.client.HTTPConnection(service.address, timeout=5)
    connection.request("POST", "/predict", body=b"a" * 3_000_000)
    reply = connection.getresponse()
    assert (reply.status, json.loads(reply.read())["error"]["code"]) == (503, "not_ready")
    assert reply.getheader("retry-after") == "1"
    connection.close()
    service.wait("/", lambda answer: answer[0] == 200, 4.0)
    assert service.stop()[0] == 0


def test_a_service_that_takes_long_to_start_answers_probes(start: Any) -> None:
    service = start(options={"opening": 3}, early=True)
    service.wait("/health/live", lambda answer: answer == (200, {"live": True}), 2.5)
    assert service.ask("/health/ready")[0] == 503
    service.wait("/", lambda answer: answer[0] == 200 and "pid" in answer[1], 5)
    assert service.stop() == (0, "")


def test_a_worker_that_cannot_start_ends_it_with_its_error(start: Any) -> None:
    service = start(options={"fail": "error"}, plan={"workers": 2})
    assert service.said == {"error": "x.bundle: the bundle is damaged\n  fix: build it again", "type": "BundleError"}
    assert service.ended() == (2, "")


def test_a_worker_that_dies_at_first_ends_it(start: Any) -> None:
    service = start(options={"fail": "crash"})
    assert "ended with exit code 9 before it could answer" in service.said["error"]
    assert service.ended()[0] == 1


def test_a_worker_that_never_starts_again_ends_it_in_the_end(start: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    service = start(options={"fail": f"error:{broken}"})
    pid = service.workers()[0]
    broken.touch()
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    assert service.process.wait(30) == 2
    assert time.monotonic() - began > 3  # pauses of 0.5, 1 and 2 s at least
    said, errors = service.process.communicate()
    assert "the bundle is damaged" in json.loads(said)["error"]
    assert errors.count("could not start") >= 4


def test_counts_of_dead_workers_are_kept(start: Any) -> None:
    service = start(plan={"workers": 2})
    victim = service.workers()[0]
    for _ in range(20):
        service.ask("/")
    time.sleep(1.0)
    os.kill(victim, signal.SIGKILL)
    service.wait("/state", lambda answer: not all_ready(answer), 1)
    service.wait("/state", all_ready, 3)
    _, counted = service.ask("/snapshots")  # of the other worker, and of the dead one
    assert len(counted) == 2
    assert sum(snapshot["series"]["requests"][0] for snapshot in counted) > 0


def test_a_reload_is_made_by_all_or_none(start: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    service = start(plan={"workers": 2}, options={"bad": str(bad)})
    assert len(service.ask("/reload")[1]) == 2
    assert {service.ask("/")[1]["version"] for _ in range(30)} == {2}
    bad.touch()
    assert service.ask("/reload")[1] == {"refused": "the bundle is damaged", "type": "BundleError"}
    assert {service.ask("/")[1]["version"] for _ in range(30)} == {2}
    bad.unlink()
    os.kill(service.process.pid, signal.SIGHUP)
    service.wait("/", lambda answer: answer[1]["version"] == 3, 2)
    time.sleep(0.2)
    assert {service.ask("/")[1]["version"] for _ in range(30)} == {3}
    assert service.stop() == (0, "")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_end_under_load_loses_nothing(start: Any, workers: int) -> None:
    service = start(plan={"workers": workers})
    service.workers()
    failed: list[str] = []
    answered = [0] * 64
    threads = [threading.Thread(target=closed_loop, args=(service, number, answered, failed)) for number in range(64)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    assert service.stop() == (0, "")
    for thread in threads:
        thread.join(10)
    assert failed == []
    assert all(answered)


def closed_loop(service: TinyService, number: int, answered: list[int], failed: list[str]) -> None:
    """One connection in a closed loop, until it is refused. A request that was accepted must be answered."""
    connection = http.client.HTTPConnection(service.address, timeout=10)
    while True:
        try:
            if connection.sock is None:
                connection.connect()
        except ConnectionRefusedError:
            return
        try:
            connection.request("POST", "/x", body=b"a" * 200)
            reply = connection.getresponse()
            reply.read()
            answered[number] += reply.status == 200
        except (OSError, http.client.HTTPException) as error:
            failed.append(repr(error))
            return


def test_what_is_in_flight_is_finished_and_the_window_kept(start: Any) -> None:
    service = start(plan={"drain": 0.8})
    service.workers()
    os.kill(service.process.pid, signal.SIGTERM)
    time.sleep(0.3)
    assert service.ask("/health/ready")[0] == 503
    connection = http.client.HTTPConnection(service.address, timeout=5)
    connection.request("GET", "/slow")
    reply = connection.getresponse()
    assert reply.status == 200
    assert reply.getheader("connection") == "close"
    connection.close()
    assert service.ended() == (0, "")


def test_a_second_signal_ends_it_at_once(start: Any) -> None:
    service = start(plan={"drain": 30})
    service.workers()
    for _ in range(2):  # two at once are one wish
        os.kill(service.process.pid, signal.SIGTERM)
    time.sleep(0.8)
    assert service.process.poll() is None
    began = time.monotonic()
    service.stop()  # a third time
    assert time.monotonic() - began < 2


def test_a_supervisor_that_is_killed_leaves_nobody_behind(start: Any) -> None:
    service = start(plan={"workers": 2})
    pids = service.workers()
    os.kill(service.process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, pids))
    with pytest.raises(ConnectionRefusedError):
        service.ask("/")


def test_a_worker_told_to_end_finishes_while_another_takes_its_place(start: Any) -> None:
    service = start()
    [pid] = service.workers()
    os.kill(pid, signal.SIGTERM)
    service.wait("/", lambda answer: answer[0] == 200 and answer[1]["pid"] != pid, 3)
    deadline = time.monotonic() + 3
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)
    assert service.stop() == (0, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 1)])
def test_it_ends_at_once_before_it_is_up(number: int, code: int) -> None:
    given = json.dumps({"options": {"opening": 30}, "early": True})
    command = [sys.executable, str(Path(__file__).with_name("tiny_service.py")), given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(3) == (code if number == signal.SIGTERM else -signal.SIGINT)

"""`smeaton bench-serve`: what it refuses at once, and whole runs against a service of its own or a running one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import fake, fake_bundle, table_bundle
from tests.service.load.fake_service import fake_service, free_port, reply

from smeaton.cli import main


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_bundle(tmp_path_factory.mktemp("bench")).path


def said_by(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["bench-serve", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to load"),
        (["none.bundle"], "no such bundle"),
        (["--url", "http://192.0.2.1:8000"], "--allow-host 192.0.2.1"),
        (["--url", "localhost:8000"], "no address"),
        (["--url", f"http://127.0.0.1:{free_port()}"], "no service answers there"),
        (["--p99", "soon"], "--p99 'soon'"),
        (["--p99", "0ms"], "above 0"),
        (["--batch", "0"], "--batch 0 is not 1 or more"),
        (["--seconds", "1"], "--seconds 1.0 is not 10 or more"),
        (["--seconds", "nan"], "--seconds nan is not 10 or more"),
        (["--seed", "-1"], "--seed -1 is not 0 or more"),
        (["--rate", "-5"], "above 0"),
        (["--rate", "inf"], "above 0"),
        (["--url", "http://127.0.0.1:1", "--key-file", "none.key"], "none.key"),
    ],
)
def test_wrong_input(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said_by(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err
    code, out, err = said_by(capsys, *arguments, "--json")
    assert (code, err) == (2, "")
    assert json.loads(out)["error"]["exit_code"] == 2


def test_a_bundle_that_calls_another_machine_is_not_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = fake_bundle(tmp_path, fake("chat")).path
    code, _, err = said_by(capsys, bundle)
    assert code == 2
    assert "would load that machine, and pay for it" in err


def test_a_key_file_with_more_than_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "key"
    file.write_text("one two\n")
    code, _, err = said_by(capsys, "--url", "http://127.0.0.1:1", "--key-file", file)
    assert code == 2
    assert "does not hold one key" in err


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [(503, b'{"ready": false}', "the service is not ready"), (404, b"\x00\x01", "it answers 404 at /models")],
)
def test_a_service_that_is_not_ready_or_none_of_ours(
    status: int, body: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def answer(number: int) -> bytes:
        return reply(status, body, "Connection: close\r\n")

    with fake_service(answer) as there:
        code, _, err = said_by(capsys, "--url", there.url.removesuffix("/ask"))
    assert code == 2
    assert words in err


def running(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid:
                found += [int(entry.name), *children(int(entry.name))]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("wire", ["rest", "oip", "v1"])
def test_one_rate(wire: str, churn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["--rate", 40, "--seconds", 15, "--p99", "1s", "--wire", wire, "--batch", 3, "--json"]
    code, out, err = said_by(capsys, churn, *told)
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["model"], said["rate"], said["batch"], said["workers"]) == ("churn", 40, 3, 1)
    assert said["confirmed"] is True
    assert said["held"]["requests"] == 120
    assert said["held"]["errors"] == {}
    assert 0 < said["alone"]["p50"] <= said["alone"]["p99"]
    if sys.platform == "linux":
        assert said["held"]["service_cpu_per_request"] > 0
        assert 50_000_000 < said["peak_memory"] < 500_000_000
    assert children(os.getpid()) == []


@pytest.mark.slow
def test_the_search_in_words(churn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said_by(capsys, churn, "--seconds", 20, "--p99", "2s", "--workers", 2)
    assert (code, err) == (0, "")
    for words in ("one caller: ", "asked/s", "confirmed", "\nholds ", "with p99 <= 2 s", "p99.9", "what limits it: "):
        assert words in out
    assert "CPU a request: service " in out
    assert children(os.getpid()) == []


@pytest.mark.slow
def test_a_limit_that_nothing_holds(churn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said_by(capsys, churn, "--rate", 20, "--seconds", 15, "--p99", "1us", "--json")
    assert code == 3
    said = json.loads(out)
    assert (said["rate"], said["held"]) == (None, None)
    assert said["steps"][0]["cause"] in ("late", "generator")


@pytest.mark.slow
def test_a_bundle_that_is_not_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = table_bundle(tmp_path, outcome="not ready", reasons=("a bar was missed",)).path
    code, out, err = said_by(capsys, bundle, "--rate", 20, "--seconds", 15)
    assert (code, out) == (3, "")
    assert "a bar was missed" in err
    code, _, _ = said_by(capsys, bundle, "--rate", 20, "--seconds", 15, "--accept", "a test", "--p99", "1s")
    assert code == 0


@pytest.mark.slow
def test_rows_that_the_model_refuses(churn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"age": "old"}\n')
    code, _, err = said_by(capsys, churn, "--rows", rows)
    assert code == 2
    assert "is answered with 422" in err
    assert "--rows" in err


@pytest.fixture
def service(churn: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "smeaton", "serve", str(churn), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url: Any = json.loads(process.stdout.readline())["url"]
    yield url
    process.terminate()
    process.communicate(timeout=30)


@pytest.mark.slow
def test_a_running_service(service: str, churn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said_by(capsys, churn, "--url", service, "--rate", 40, "--seconds", 15, "--p99", "1s", "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["model"], said["workers"], said["peak_memory"]) == ("churn", None, None)
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes((churn / "samples.jsonl").read_bytes())
    code, _, err = said_by(capsys, "--url", service, "--rate", 20, "--seconds", 15, "--rows", rows, "--p99", "1s")
    assert (code, err) == (0, "")
    code, _, err = said_by(capsys, "--url", service)
    assert code == 2
    assert "no rows to ask" in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("number", "trap"),
    [(signal.SIGINT, ""), (signal.SIGTERM, ""), (signal.SIGHUP, ""), (signal.SIGTERM, "trap '' INT; ")],
    ids=["Ctrl-C", "SIGTERM", "closed terminal", "SIGTERM in the background of a shell"],
)
def test_an_interrupt_tells_what_is_known_and_leaves_nothing_behind(
    churn: Path, number: signal.Signals, trap: str
) -> None:
    load = [sys.executable, "-m", "smeaton", "bench-serve", str(churn), "--p99", "5s"]
    command = ["sh", "-c", f'{trap}exec "$@"', "sh", *load]
    former = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and stays so in what is begun
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGHUP, former)
    assert process.stdout is not None
    seen = ""
    while "errors\n" not in seen:
        seen += process.stdout.readline()
    seen += process.stdout.readline()  # the first rate
    family = children(process.pid)
    assert len(family) >= 2
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 5, seen + out + err
    assert "interrupted; this is known so far" in out
    assert "holds " in out
    assert "not confirmed" in out
    assert err == ""
    assert running(family) == []

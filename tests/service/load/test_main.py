"""One run as a command: one JSON line that benchmarks read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.service.load.fake_service import fake_service, good, reply

from smeaton.service.load.__main__ import main

KEYS = {"requests", "errors", "seconds", "rate", "p50", "p95", "p99", "p999", "max", "client_cpu_per_request"}


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    file = tmp_path / "bodies.jsonl"
    file.write_text('{"rows": [1]}\n\n{"rows": [2]}\n')
    return file


@pytest.mark.parametrize("more", [[], ["--rate", "100"], ["--rate", "50", "--arrivals", "constant"]])
def test_a_run(bodies: Path, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with fake_service(good) as fake:
        told = ["--connections", "2", "--seconds", "0.2", "--warmup", "0.1", "--header", "X-A: b"]
        assert main(["--url", fake.url, "--bodies", str(bodies), *told, *more]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    said = json.loads(lines[0])
    assert said.keys() >= KEYS
    assert said["errors"] == {}
    assert 0 < said["p50"] <= said["p95"] <= said["p99"] <= said["p999"] <= said["max"] < 5
    assert set(fake.bodies) == {b'{"rows": [1]}', b'{"rows": [2]}'}


def test_errors_are_told(bodies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def full(number: int) -> bytes:
        return reply(429)

    with fake_service(full) as fake:
        assert main(["--url", fake.url, "--bodies", str(bodies), "--seconds", "0.2", "--warmup", "0"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said["errors"]) == ["429"]
    assert said["p99"] is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--url", "http://192.0.2.1/"], "not this machine"),
        (["--url", "http://127.0.0.1:1/", "--header", "none"], "no header"),
        (["--url", "http://127.0.0.1:1/", "--rate", "0"], "above 0"),
        (["--url", "http://127.0.0.1:1/", "--bodies", "none.jsonl"], "cannot be read"),
    ],
)
def test_wrong_input(arguments: list[str], word: str, bodies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bodies", str(bodies), *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert word in said.err
    assert "Traceback" not in said.err


@pytest.mark.slow
def test_a_process_of_its_own(bodies: Path) -> None:
    with fake_service(good) as fake:
        command = [sys.executable, "-m", "smeaton.service.load", "--url", fake.url, "--bodies", str(bodies)]
        done = subprocess.run(
            [*command, "--seconds", "0.3", "--warmup", "0"], capture_output=True, text=True, check=True
        )
    assert json.loads(done.stdout)["requests"] > 0
    assert done.stderr == ""

"""The worker's own start, without a supervisor. With one: `test_supervisor.py`."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from smeaton.service.channel import pack

pytestmark = pytest.mark.slow

TINY = Path(__file__).with_name("tiny_worker.py")


def start(told: bytes) -> tuple[int, str, list[object]]:
    """Exit code, stderr, and messages of a worker that is told something and then left."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            command = [sys.executable, str(TINY), str(theirs.fileno())]
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, text=True)
        ours.sendall(told)
        ours.shutdown(socket.SHUT_WR)
        _, errors = process.communicate(timeout=20)
        said = b""
        while data := ours.recv(65536):
            said += data
    return process.returncode, errors, [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("told", [b"", b"nonsense\n", pack({"kind": "drain", "alone": False})])
def test_without_options_it_ends_and_says_why(told: bytes) -> None:
    code, errors, said = start(told)
    assert (code, said) == (2, [])
    assert "started by the supervisor only" in errors
    assert "Traceback" not in errors


def test_a_bundle_it_cannot_open_is_told() -> None:
    code, errors, said = start(pack({"kind": "options", "number": 0, "listen": [], "options": {"fail": "error"}}))
    told = {"type": "BundleError", "message": "the bundle is damaged", "fix": "build it again", "where": "x.bundle"}
    assert (code, errors, said) == (2, "", [{"kind": "failed", "error": told}])


def test_a_supervisor_that_left_while_it_started_ends_it() -> None:
    times = {"drain": 0, "finish": 5, "hang": 0}
    code, errors, said = start(pack({"kind": "options", "number": 0, "listen": [], "options": {}} | times))
    assert (code, errors) == (0, "")
    assert {"kind": "started", "facts": said[1]["facts"]} in said  # type: ignore[index]

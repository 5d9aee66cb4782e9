"""CPU and memory of processes, read from outside."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from smeaton.service.load.usage import LIVE, Usage, cores, ended_children

#: Starts a child that works; each holds 30 MB and ends when its input does.
WORK = """
import subprocess, sys, time
held = bytearray(30_000_000)
child = None
if len(sys.argv) == 1:
    child = subprocess.Popen([sys.executable, sys.argv[0], "child"], stdin=subprocess.PIPE)
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
print("done", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not LIVE, reason="/proc is Linux")
def test_a_process_and_its_children(tmp_path: Path) -> None:
    file = tmp_path / "work.py"
    file.write_text(WORK)
    process = subprocess.Popen([sys.executable, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        usage = Usage(process.pid)
        assert process.stdout is not None
        assert [process.stdout.readline(), process.stdout.readline()] == ["done\n", "done\n"]
        usage.look()
        assert usage.processes == 2
        assert 0.5 <= usage.cpu() < 3
        assert 60_000_000 <= usage.peak < 300_000_000
    finally:
        process.communicate()
    end = time.monotonic() + 5
    while usage.cpu() > 0 and time.monotonic() < end:
        time.sleep(0.01)
    assert usage.cpu() == 0  # nothing is left to read


def test_the_account_of_ended_children() -> None:
    before = ended_children()
    code = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    after = ended_children()
    assert 0.19 <= after.cpu - before.cpu < 3
    assert after.peak > 1_000_000


def test_cores() -> None:
    assert cores() >= 1

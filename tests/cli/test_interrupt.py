"""Ctrl-C and `kill -9` in every phase: the best so far, nothing lost, nobody left behind."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import TASK, client_rows, smeaton, start, workers_of, write_task

from smeaton.cli import main

pytestmark = pytest.mark.slow

SEARCH = TASK.replace('solutions: {only: [baseline], add: ["quick.py:quick"]}', "solutions: {only: [linear, boosting]}")
LONG = SEARCH


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether all workers of a process end within some seconds."""
    end = time.monotonic() + seconds
    while workers_of(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def until(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> list[str]:
    """Read the build's lines up to the one that is wanted."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted(line):
            return lines
    raise AssertionError(f"it ended first: {''.join(lines)}{process.stderr.read() if process.stderr else ''}")


def test_one_interrupt_bundles_the_best_so_far(tmp_path: Path) -> None:
    write_task(tmp_path, LONG)
    process = start("build", tmp_path)
    until(process, lambda line: "s  linear: 0." in line or "s  boosting: 0." in line)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 5, out + err
    assert time.monotonic() - begun < 25
    assert "the search ended: you stopped it" in out
    assert "Traceback" not in err
    assert gone(process.pid)
    assert main(["verify", str(tmp_path / "clients.bundle")]) == 0


def test_an_interrupt_before_anything_is_there(tmp_path: Path) -> None:
    write_task(tmp_path, LONG)
    process = start("build", tmp_path)
    until(process, lambda line: "rows" in line)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 5, out + err
    assert "Traceback" not in err
    assert "interrupted" in err or "you stopped it" in out + err, err
    assert gone(process.pid)
    assert not (tmp_path / "clients.bundle").exists() or main(["verify", str(tmp_path / "clients.bundle")]) == 0


def test_two_interrupts_stop_at_once(tmp_path: Path) -> None:
    write_task(tmp_path, LONG)
    process = start("build", tmp_path)
    until(process, lambda line: "s  linear: 0." in line or "s  boosting: 0." in line)
    process.send_signal(signal.SIGINT)
    time.sleep(0.15)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 5, out + err
    assert time.monotonic() - begun < 3
    assert "Traceback" not in err
    assert gone(process.pid)


@pytest.mark.parametrize("phase", ["measuring", "sealed test"])
def test_an_interrupt_after_the_search_waits_for_the_bundle(phase: str, tmp_path: Path) -> None:
    write_task(tmp_path)
    process = start("build", tmp_path)
    until(process, lambda line: line.endswith(f"s  {phase}\n"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert main(["verify", str(tmp_path / "clients.bundle")]) == 0


PHASES = {
    "reading": lambda line: "rows," in line,
    "planning": lambda line: "s in all" in line,
    "the first trial": lambda line: "baseline: 0." in line,
    "search": lambda line: "s  linear: 0." in line or "s  boosting: 0." in line,
    "search ended": lambda line: "the search ended" in line,
    "measuring": lambda line: line.endswith("s  measuring\n"),
    "sealed test": lambda line: line.endswith("s  sealed test\n"),
    "bundle": lambda line: line.endswith("s  bundle\n"),
}


def test_kill_9_in_every_phase_loses_nothing(tmp_path: Path) -> None:
    """One folder, killed in each phase in turn: each run goes on where the last one stopped."""
    write_task(tmp_path, SEARCH)
    bundle = tmp_path / "clients.bundle"
    kept = 0
    for phase, wanted in PHASES.items():
        process = start("build", tmp_path, "--budget", "20s")
        lines = until(process, wanted)
        os.kill(process.pid, signal.SIGKILL)
        more, _ = process.communicate(timeout=30)
        assert gone(process.pid), f"workers left behind in {phase}"
        found = [line for line in [*lines, *more.splitlines()] if "finished trials of an earlier run are kept" in line]
        count = int(found[0].split("s  ")[1].split()[0]) if found else 0
        assert count >= kept, f"{phase}: {count} trials kept, {kept} before"
        kept = count
        if bundle.exists():
            assert main(["verify", str(bundle)]) == 0, phase
    assert kept > 0
    done = smeaton("build", tmp_path, "--json", "--budget", "20s")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["outcome"] == "ready"
    assert said["trials"] >= kept
    assert main(["verify", str(bundle)]) == 0
    leftovers = [path.name for path in tmp_path.iterdir() if path.name.startswith(".clients.bundle")]
    assert leftovers == []


@pytest.mark.parametrize("seconds", [0.2, 0.7, 1.3, 2.1])
def test_kill_9_at_any_time_leaves_an_earlier_bundle_whole(seconds: float, copied: Path) -> None:
    process = start("build", copied)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert gone(process.pid)
    assert main(["verify", str(copied / "clients.bundle")]) == 0
    assert smeaton("build", copied).returncode == 0
    assert main(["verify", str(copied / "clients.bundle")]) == 0


def test_two_builds_in_one_folder_do_not_mix(tmp_path: Path) -> None:
    write_task(tmp_path, LONG, client_rows(200))
    first = start("build", tmp_path)
    until(first, lambda line: "baseline: 0." in line)
    second = smeaton("build", tmp_path)
    assert second.returncode == 2
    assert "Traceback" not in second.stderr
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=60)
    assert first.returncode == 5, out + err

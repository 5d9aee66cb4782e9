"""Odd surroundings: streams that are closed or gone, terminals without letters, no home, no place for temporary files.
No traceback, and the work is done."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import smeaton, write_task

from smeaton.cli import _standard, main

pytestmark = pytest.mark.slow


def shell(line: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A line of a shell, with `smeaton` in it."""
    line = line.replace("smeaton ", f"{sys.executable} -m smeaton ")
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=240,
        check=False,
    )


def test_a_reader_that_goes_away_does_not_end_a_build(tmp_path: Path) -> None:
    write_task(tmp_path)
    done = shell("smeaton build | head -n 1; exit ${PIPESTATUS[0]}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert main(["verify", str(tmp_path / "clients.bundle")]) == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-", "> /dev/full"])
def test_closed_and_full_streams(closed: str, copied: Path) -> None:
    done = shell(f"smeaton build {closed}", copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert main(["verify", str(copied / "clients.bundle")]) == 0


def test_short_commands_with_closed_streams(copied: Path) -> None:
    for closed in (">&-", "<&- 2>&-", "<&- >&- 2>&-"):
        for verb in ("board", "verify clients.bundle", "board --json", "--help", "--version"):
            done = shell(f"smeaton {verb} {closed}", copied)
            assert done.returncode == 0, (verb, closed, done.stderr)
            assert "Traceback" not in done.stderr


#: A locale of letters from A to Z, with all that mends that switched off.
ASCII = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}


def test_a_terminal_without_letters(tmp_path: Path) -> None:
    write_task(tmp_path)
    rows = (tmp_path / "clients.csv").read_text().replace("basic", "básico").replace("pro\n", "プロ\n")
    (tmp_path / "clients.csv").write_text(rows, encoding="utf-8")
    line = "smeaton build && smeaton board && smeaton predict clients.bundle clients.csv -o o.csv"
    done = shell(line, tmp_path, **ASCII)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_no_home_and_no_place_for_temporary_files(copied: Path) -> None:
    import shutil

    shutil.rmtree(copied / ".smeaton")
    done = shell("unset HOME; smeaton build && smeaton board", copied, TMPDIR="/proc/none")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_of_ours_is_one_line_and_a_file(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    from smeaton.cli import board

    def broken(args: object) -> int:
        raise ZeroDivisionError("this should not happen")

    monkeypatch.setattr(board, "run", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["board", "."]) == 1
    said = capsys.readouterr().err
    assert said.startswith("smeaton: this is a fault of Smeaton: ZeroDivisionError: this should not happen (test_surr")
    kept = next(tmp_path.glob("smeaton-fault-*.txt"))
    assert str(kept) in said
    assert "Traceback" in kept.read_text()


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from smeaton.cli import board

    def hungry(args: object) -> int:
        raise MemoryError

    monkeypatch.setattr(board, "run", hungry)
    assert main(["board", "."]) == 2
    assert "there is not enough memory" in capsys.readouterr().err


def test_sigterm_is_left_to_who_handles_it() -> None:
    import signal

    before = signal.getsignal(signal.SIGTERM)
    with _standard.terminable("serve"):
        assert signal.getsignal(signal.SIGTERM) is before
    with _standard.terminable("build"):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    assert smeaton("--version").returncode == 0

"""The checks of a task, `file.py:function(row, answer)`, run over answers in a process of their own.

A check that raises, returns something else than it should, takes too long or ends its process has failed on that row,
with the reason kept. The process is started anew after the last two. Rows go one after another and the checks of a row
in the order of the task, so the same code gives the same verdicts.
"""

import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np

from smeaton.errors import TaskError
from smeaton.task.table import Array

SECONDS = 5.0  #: that one check may take for one row
PATIENCE = 3  #: rows on which a check may take too long or end its process before it is not run any more
_LOADING = 60.0


@dataclass(frozen=True, slots=True)
class Checked:
    """`passed` (rows, checks) float64, 0 or 1; `reasons` of each row: '' or the first check that failed and why."""

    passed: Array
    reasons: tuple[str, ...]


def run_checks(
    folder: Path,
    checks: Sequence[str],
    rows: Sequence[dict[str, Any]],
    answers: Sequence[Any],
    errors: Sequence[str | None],
    *,
    seconds: float = SECONDS,
) -> Checked:
    """Run every check of `folder` on every row. A row with an error fails all, and no check sees it.

    Raises:
        TaskError: a check cannot be loaded, or is not a function.
    """
    passed = np.zeros((len(rows), len(checks)))
    reasons = [f"not answered: {error}" if error else "" for error in errors]
    with _Runner(folder, checks, seconds) as runner:
        for number in (number for number, reason in enumerate(reasons) if not reason):
            outcomes = runner.run(rows[number], answers[number])
            passed[number] = [fine for fine, _ in outcomes]
            failed = [f"{_short(name)}: {why or 'failed'}" for name, (fine, why) in zip(checks, outcomes, strict=True)
                      if not fine]  # fmt: skip
            reasons[number] = failed[0] if failed else ""
    return Checked(passed, tuple(reasons))


class _Runner:
    """Keeps a process with the checks, and starts it anew where one of them ended it."""

    def __init__(self, folder: Path, checks: Sequence[str], seconds: float) -> None:
        self._folder, self._checks, self._seconds = folder, checks, seconds
        self._process: _Process | None = None
        self._broke = dict.fromkeys(checks, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, row: dict[str, Any], answer: Any) -> list[tuple[bool, str]]:
        """What each check says of a row."""
        line = msgspec.json.encode({"row": row, "answer": answer})
        outcomes: list[tuple[bool, str]] = []
        while len(outcomes) < len(self._checks):
            name = self._checks[len(outcomes)]
            if self._broke[name] >= PATIENCE:
                outcomes.append((False, f"not run: it took too long or ended its process on {PATIENCE} rows"))
            else:
                outcomes += self._some(line, len(outcomes))
        return outcomes

    def _some(self, line: bytes, start: int) -> list[tuple[bool, str]]:
        """The outcomes from check `start` on, up to the first that breaks the process."""
        names = [name for name in self._checks[start:] if self._broke[name] < PATIENCE]
        # Only those up to the next that is not run any more: outcomes stay in the order of the checks.
        names = names[: next((at for at, name in enumerate(names) if name != self._checks[start + at]), len(names))]
        process = self._started(tuple(names))
        process.ask(line)
        outcomes: list[tuple[bool, str]] = []
        for name in names:
            reply = process.reply(self._seconds)
            if isinstance(reply, str):
                self._broke[name] += 1
                self._end()
                return [*outcomes, (False, reply)]
            outcomes.append((bool(reply[0]), str(reply[1])))
        return outcomes

    def _started(self, names: tuple[str, ...]) -> "_Process":
        if self._process is None or self._process.names != names:
            self._end()
            self._process = _Process(self._folder, names, self._seconds)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
        self._process = None


class _Process:
    """A process with some checks loaded (`_check_process.py`)."""

    def __init__(self, folder: Path, names: tuple[str, ...], seconds: float) -> None:
        self.names = names
        command = [sys.executable, "-m", "smeaton.metrics._check_process", str(seconds), str(folder), *names]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        problem = self.reply(_LOADING)
        if problem is not None:
            self.end()
            if isinstance(problem, str):
                problem = [f"the checks cannot be loaded: {problem}", "correct what the files do when they are run", ""]
            raise TaskError(problem[0], fix=problem[1], where=problem[2] or "checks")

    def ask(self, line: bytes) -> None:
        """Send a row."""
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(line + b"\n")
            stream.flush()
        except BrokenPipeError:  # a check ended the process after its last reply: the next reply says so
            return

    def reply(self, seconds: float) -> Any:
        """The next line's value, or in words why there is none."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return f"took longer than {seconds:g} s"
        return msgspec.json.decode(line) if line else "ended its process"

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:  # what was never sent is sent to nobody
                continue

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        for line in stream:
            self._lines.put(line)
        self._lines.put(b"")


def _short(name: str) -> str:
    return name.rsplit(":", 1)[-1]

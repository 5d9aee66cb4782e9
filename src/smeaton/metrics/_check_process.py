"""The process a task's checks run in: `python -m smeaton.metrics._check_process SECONDS FOLDER CHECK...`.

It reads lines of JSON, `{"row": {...}, "answer": ...}`, and writes for each check in order one line `[passed, reason]`.
Its first line is `null` or, where a check cannot be loaded, the error as `[message, fix, where]`. Whatever the user's
code prints goes nowhere. A call that takes longer than SECONDS ends the process, whether or not anyone waits for it.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from smeaton.errors import TaskError
from smeaton.task.user_code import load_user

_LONGEST = 500  # characters of a reason
_GRACE = 1.0  # seconds in which the parent ends the process itself, and knows why


def main(arguments: Sequence[str]) -> None:
    """Serve until the input ends."""
    seconds, folder, *names = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    asked, said = _own_streams()
    try:
        checks = [_loaded(Path(folder), name) for name in names]
    except TaskError as error:
        _write(said, [error.message, error.fix, error.where])
        return
    _write(said, None)
    for line in asked:
        for check in checks:
            _write(said, _within(float(seconds) + _GRACE, check, line))


def outcome(check: Callable[[Any, Any], Any], line: bytes) -> tuple[bool, str]:
    """Whether a row passes, and why not. Each check gets values of its own: what it changes, no other sees."""
    asked = msgspec.json.decode(line)
    try:
        found = check(asked["row"], asked["answer"])
    except BaseException as error:  # noqa: BLE001 - whatever a user's code raises, SystemExit too, is a failed check
        return False, f"raised {type(error).__name__}: {error}"[:_LONGEST]
    passed, reason = found if isinstance(found, tuple) and len(found) == 2 else (found, "")
    if not isinstance(passed, bool) or not isinstance(reason, str):
        return False, f"returned {found!r}"[:_LONGEST] + ", not True, False or (True or False, a reason)"
    return passed, "" if passed else reason[:_LONGEST]


def _loaded(folder: Path, name: str) -> Callable[[Any, Any], Any]:
    check = load_user(folder, name)
    if not callable(check):
        short = name.rsplit(":", 1)[-1]
        raise TaskError(f"{name} is not a function", fix=f"write def {short}(row, answer): ...", where="checks")
    found: Callable[[Any, Any], Any] = check
    return found


def _within(seconds: float, check: Callable[[Any, Any], Any], line: bytes) -> tuple[bool, str]:
    watch = threading.Timer(seconds, os._exit, (1,))
    watch.daemon = True
    watch.start()
    try:
        return outcome(check, line)
    finally:
        watch.cancel()


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Input and output as they are now; the user's code gets empty ones."""
    asked, said = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return asked, said


def _write(stream: BinaryIO, value: Any) -> None:
    stream.write(msgspec.json.encode(value) + b"\n")
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1:])

"""A `smeaton serve` process to be loaded: started, found ready, ended."""

import json
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from smeaton.errors import InputError, NotReady, SmeatonError
from smeaton.service.load.usage import LIVE, Usage

_START_SECONDS = 300.0  # until it says where it answers
_END_SECONDS = 40.0  # after SIGTERM: as long as a request may take, and a little more


@dataclass(slots=True)
class Served:
    """A running service. `usage` is None where a running process cannot be read."""

    url: str
    process: subprocess.Popen[str]
    usage: Usage | None

    def check(self) -> None:
        """Raises SmeatonError if it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            raise SmeatonError(
                f"the service ended under the load (exit code {code})", fix="run it by itself to see why"
            )


@contextmanager
def served(bundle: Path, arguments: Sequence[str]) -> Iterator[Served]:
    """Serve a bundle on a free port of this machine for the length of the block.

    Raises:
        InputError: it does not start or is not ready; NotReady: it missed its bars or limits.
    """
    command = [sys.executable, "-m", "smeaton", "serve", str(bundle), "--port", "0", "--json", *arguments]
    with _ended_as_by_ctrl_c():
        # In a session of its own: Ctrl-C in the terminal reaches the load test only, which then ends the service.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            said = _first_line(process)
            _check(said, bundle)
            yield Served(said["url"], process, Usage(process.pid) if LIVE else None)
        finally:
            _end(process)


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM and a closed terminal end a load test as Ctrl-C does: by themselves they would leave its service, which
    is in another session, behind. Signals that are ignored or handled already stay so."""
    numbers = [signal.SIGTERM, signal.SIGHUP] if threading.current_thread() is threading.main_thread() else []
    taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # Ctrl-C is ignored, as in the background of a shell
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)


def _first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    output = process.stdout
    assert output is not None
    line = output.readline() if _speaks(output, _START_SECONDS) else ""
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise SmeatonError("the service did not start", fix="run smeaton serve by itself to see why") from error
    return said


def _speaks(output: IO[str], seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _check(said: dict[str, Any], bundle: Path) -> None:
    if "error" in said:
        error = said["error"]
        kinds: dict[int, type[SmeatonError]] = {2: InputError, 3: NotReady}
        kind = kinds.get(error["exit_code"], SmeatonError)
        raise kind(error["message"], fix=error["fix"], where=error["where"])
    late = [name for name, ready in said["ready"].items() if not ready]
    if late:
        raise InputError(
            f"{late[0]} is not ready: it would answer 503", fix="run smeaton verify on it", where=str(bundle)
        )


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()

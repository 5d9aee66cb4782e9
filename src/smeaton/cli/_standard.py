"""What every verb may rely on: standard streams that are open and take any text; SIGTERM as Ctrl-C."""

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from types import FrameType

#: Verbs that judge signals by themselves.
_OWN_SIGNALS = ("serve", "bench-serve")


def ready_streams() -> None:
    """Open what is closed, and print what the terminal has no letters for as escapes.

    A closed stream leaves its number free: the next file would get it, and what is printed would be written into that.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 open until the process ends
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 the same
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def silence() -> None:
    """Let what is printed from now on go nowhere: its reader went away, and the work goes on without."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def terminable(verb: str) -> Iterator[None]:
    """Have SIGTERM mean what Ctrl-C means: a container that is stopped ends its work in order."""
    main = threading.current_thread() is threading.main_thread()
    if verb in _OWN_SIGNALS or not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def fault(error: BaseException) -> tuple[str, str]:
    """A fault of ours in words, and how to report it; the traceback is kept in a file."""
    import tempfile

    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    said = f"this is a fault of Smeaton: {type(error).__name__}: {text[:300]}{place}"
    try:
        handle, path = tempfile.mkstemp(prefix="smeaton-fault-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return said, "please report it"
    return said, f"please report it with {path}, which names lines of code and may hold values of your rows"

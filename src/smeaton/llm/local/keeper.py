"""Runs a command for as long as somebody holds the other end of standard input; run as a file, by any Python.

The one who starts it keeps a pipe to it. However that one ends, `kill -9` included, the system closes the pipe, and the
command is ended. Should the keeper itself be killed, Linux ends the command with it. A module on its own: it imports
nothing of Smeaton, and its exit status is the command's.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_PATIENCE = 5.0  # seconds between asking the command to end and ending it


def main(command: list[str]) -> int:
    """Run the command until it ends or standard input does."""
    # No thread runs yet, so code between fork and exec is safe here.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_keeper)  # noqa: PLW1509
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def _watch(child: "subprocess.Popen[bytes]") -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


def _end_with_keeper() -> None:
    """In the child before the command: end when the keeper does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

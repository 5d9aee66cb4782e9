"""A worker: `python -m smeaton.trials.worker [PARENT]` reads jobs and writes events, one JSON line each.

Jobs come on standard input, events go to standard output; whatever a library or a user's code prints goes to standard
error, which the executor keeps as a log. The worker ends when its input closes or its parent dies.
"""

import contextlib
import ctypes
import gc
import importlib
import io
import math
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from smeaton.errors import ExtraMissing, SmeatonError
from smeaton.families import _lean
from smeaton.runtime.memory import give_back
from smeaton.runtime.storage import trouble
from smeaton.trials.executors import Event, Job
from smeaton.trials.process import OUT_OF_MEMORY, pin_threads

#: Loaded while the worker waits, so that the first job need not, and LightGBM behind them; each may be absent. What
#: only some families need (scikit-learn: 90 MB) waits for them.
WARM = ("smeaton.trials.job", "onnxruntime", "onnx", "scipy.optimize")
PROGRESS_SECONDS = 0.2
REASON_LENGTH = 400
#: How native libraries say that there was no memory: C++, onnxruntime, LightGBM, the system.
_NO_MEMORY = ("bad_alloc", "bad allocation", "failed to allocate memory", "cannot allocate memory", "out of memory")
_FIRST_TO_GO = b"500"  # of 1000: a machine without memory ends a fit, not the build, nor what else runs there


def main() -> None:
    """Work until the input closes."""
    parent = int(sys.argv[1]) if len(sys.argv) > 1 else os.getppid()
    _die_with(parent)
    _first_to_go()
    jobs_in, events_out = _own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to judge
    pin_threads()
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs_in, jobs), daemon=True).start()
    _warm_up(jobs)
    gc.collect()
    gc.freeze()  # what was loaded stays: every job ends with a collection, which need not look through it again
    while True:
        work(jobs.get(), lambda event: _say(events_out, event))


def work(job: Job, say: Callable[[Event], None]) -> None:
    """Do one job: progress while it runs, then `done` or `failed`. A traceback goes to the log, never only away."""
    start = time.monotonic()
    last = -PROGRESS_SECONDS

    def report(step: int, score: float) -> None:
        nonlocal last
        passed = time.monotonic() - start
        if passed - last >= PROGRESS_SECONDS and math.isfinite(score):  # JSON has no other numbers
            last = passed
            say(Event(job=job.id, kind="progress", step=step, score=score, seconds=passed, at=time.time()))

    try:
        from smeaton.trials.job import run_job

        run_job(job, report)
    except Exception as error:  # noqa: BLE001 - the boundary: any failure of a family is reported, with its reason
        print(f"job {job.id}: {job.family} {job.config} fold {job.fold}", file=sys.stderr)
        traceback.print_exc()
        sys.stderr.flush()
        reason, cause = judged(error, job)
        if cause == "memory":
            # A fresh process is the only sure way to get the memory back. No event: the next job must not come here.
            os._exit(OUT_OF_MEMORY)
        seconds = time.monotonic() - start
        form = {"job": job.id, "kind": "failed", "seconds": seconds, "at": time.time(), "reason": reason}
        say(msgspec.convert({**form, "cause": cause}, Event))
    else:
        say(Event(job=job.id, kind="done", seconds=time.monotonic() - start, at=time.time()))
    finally:
        gc.collect()  # what a fit leaves behind in circles may be large
        give_back()


def reason_of(error: BaseException) -> str:
    """An exception in one line."""
    if isinstance(error, SmeatonError):
        text = f"{error.where}: {error.message}" if error.where else error.message
    else:
        text = f"{type(error).__name__}: {error}"
    line = " ".join(text.split())
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 3] + "..."


def judged(error: BaseException, job: Job) -> tuple[str, Literal["", "memory", "storage"]]:
    """Why a fit failed in one line, and what of that is no fault of its own: no memory, or the build's folder can no
    longer be written. That is said here, where it happened: a little later there may be room again."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or any(words in text for words in _NO_MEMORY):
        return reason_of(error), "memory"
    data = Path(job.data)
    found = trouble("a fit", data.parent if data.is_dir() else data, error)
    return (reason_of(error), "") if found is None else (found.message, "storage")


def _first_to_go() -> None:
    """Where memory runs out, Linux ends the process with the highest score (proc(5), oom_score_adj)."""
    path = Path("/proc/self/oom_score_adj")
    if path.exists():
        with contextlib.suppress(OSError):  # a sandbox may not allow it: then the kernel judges by size alone
            path.write_bytes(_FIRST_TO_GO)


def _own_pipes() -> tuple[int, int]:
    """Move the pipes away from where other code prints and reads."""
    jobs_in, events_out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A killed worker's last words are in the log, whatever letters they have.
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    return jobs_in, events_out


def _say(pipe: int, event: Event) -> None:
    line = msgspec.json.encode(event) + b"\n"
    while line:
        line = line[os.write(pipe, line) :]


def _listen(pipe: int, jobs: "queue.SimpleQueue[Job]") -> None:
    """Queue what comes in; at its end the parent has gone or wants no more, so end at once with all we started."""
    with os.fdopen(pipe, "rb") as lines:
        for line in lines:
            jobs.put(msgspec.json.decode(line, type=Job))
    _end()


def _end() -> None:
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _die_with(parent: int) -> None:
    """Make sure of our end on Linux, even inside native code that holds the interpreter for minutes.

    The closed input is seen by a thread, which also ends what a fit has started; but that thread may have to wait. So
    the kernel sends us SIGHUP when the parent ends, whose handler is the C function `alarm` itself: it needs no
    interpreter, and gets the signal's number, 1, as its argument. One second later SIGALRM ends this process.
    """
    if sys.platform == "linux":
        death_signal = 1  # PR_SET_PDEATHSIG
        libc = ctypes.CDLL(None)
        libc.signal.argtypes, libc.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
        libc.signal(signal.SIGHUP, ctypes.cast(libc.alarm, ctypes.c_void_p))
        libc.prctl(death_signal, int(signal.SIGHUP), 0, 0, 0)
        if os.getppid() != parent:  # it ended before we asked
            _end()


def _warm_up(jobs: "queue.SimpleQueue[Job]") -> None:
    _lean.alone()
    loaders: dict[str, Callable[[], Any]] = {name: partial(importlib.import_module, name) for name in WARM}
    for name, load in {**loaders, "lightgbm": _lean.lightgbm}.items():
        if not jobs.empty():
            return  # it waits, and will load what it needs
        try:
            load()
        except (ImportError, OSError, ExtraMissing) as error:
            # A job that needs it will say so; one that does not can do without.
            print(f"not loaded at the start: {name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""Worker processes on this machine: `python -m smeaton.trials.worker`, one process group each, talking over pipes.

One manager thread owns all state: it starts workers, hands out jobs, reads events and replaces what died. The public
methods only put commands into its queue, so they work from scripts, notebooks, threads and inside an event loop. The
workers are started by that thread and not by the caller's, since Linux ends a child when the *thread* that started it
ends (`PR_SET_PDEATHSIG`).
"""

import atexit
import contextlib
import os
import queue
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from smeaton.errors import SmeatonError
from smeaton.trials.executors import Event, Job
from smeaton.trials.process import OUT_OF_MEMORY, command, environment, oom_kills

Command = Callable[[], None]
CLOSE_SECONDS = 10.0


@dataclass(slots=True)
class Worker:
    """A process, its half-read line, and the job it works on."""

    slot: int
    process: "subprocess.Popen[bytes]"
    buffer: bytearray = field(default_factory=bytearray)
    job: Job | None = None
    since: float = 0.0
    used: bool = False  #: it has ended a job, so it starts well and is worth replacing at once
    kills: int | None = field(default_factory=oom_kills)  #: processes ended for want of memory before it started

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Its standard input and output."""
        if self.process.stdin is None or self.process.stdout is None:
            raise SmeatonError("a worker was started without pipes")
        return self.process.stdin, self.process.stdout


class LocalExecutor:
    """`slots` workers; a worker that dies fails its job and is replaced."""

    def __init__(self, slots: int = 2, threads: int = 1) -> None:
        self.slots = slots
        self._threads = threads
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._workers: dict[int, Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = -1, -1
        self._running = False
        self._fault = ""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._folder = Path()
        self._log: Callable[[str], None] = lambda text: None

    # -- the caller's side ------------------------------------------------------------------------------------------

    def start(self, folder: Path, log: Callable[[str], None]) -> None:
        """Start the workers; their logs are `folder/worker-<slot>.log`. `log` is called from the manager's thread."""
        if self._thread is not None:
            raise SmeatonError("the executor was started twice")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._log = folder.resolve(), log
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_out, False)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._running = True
        self._thread = threading.Thread(target=self._manage, name="smeaton-executor", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def submit(self, job: Job) -> None:
        """Queue a job. Jobs start in the order they came."""
        self._tell(lambda: self._waiting.append(job))

    def wait(self, seconds: float) -> list[Event]:
        """Events since the last call; waits at most `seconds` for the first."""
        events: list[Event] = []
        with contextlib.suppress(queue.Empty):
            events.append(self._events.get(timeout=max(seconds, 0.0)))
            while True:
                events.append(self._events.get_nowait())
        return events

    def kill(self, job: str) -> None:
        """End a job now with everything it started; reported as `killed`. A job that has ended is left alone."""
        self._tell(lambda: self._kill(job))

    def close(self) -> None:
        """End all workers and wait for their end. Safe to call twice."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._commands.put(self._stop)
            os.write(self._wake_in, b"!")
        atexit.unregister(self.close)
        thread.join(CLOSE_SECONDS)
        if thread.is_alive():
            raise SmeatonError(f"the workers did not end within {CLOSE_SECONDS:.0f} s", where=str(self._folder))
        self._selector.close()
        os.close(self._wake_out)
        os.close(self._wake_in)

    def _tell(self, what: Command) -> None:
        with self._lock:
            if self._thread is None or self._fault:
                raise SmeatonError(self._fault or "the executor is not running", fix="start an executor first")
            self._commands.put(what)
            os.write(self._wake_in, b"!")

    # -- the manager's thread ---------------------------------------------------------------------------------------

    def _manage(self) -> None:
        try:
            for slot in range(self.slots):
                self._spawn(slot)
            while self._running:
                self._turn()
        except Exception as error:  # noqa: BLE001 - no process to be had, or a fault: no job may wait for ever
            self._fail_all(f"the workers cannot run: {error}", "storage" if isinstance(error, OSError) else "")
        finally:
            self._end_all()

    def _turn(self) -> None:
        for key, _ in self._selector.select():
            if key.fd == self._wake_out:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_out, 65536)
            elif isinstance(key.data, Worker):
                self._read(key.data)
        with contextlib.suppress(queue.Empty):
            while True:
                self._commands.get_nowait()()
        self._hand_out()

    def _hand_out(self) -> None:
        for slot in range(self.slots):
            if not self._running or not self._waiting:
                return
            worker = self._workers.get(slot) or self._spawn(slot)
            if worker.job is None:
                worker.job, worker.since = self._waiting.popleft(), time.monotonic()
                stdin, _ = worker.pipes
                try:
                    stdin.write(msgspec.json.encode(worker.job) + b"\n")
                    stdin.flush()
                except BrokenPipeError:
                    # It died while it was idle, which is seen at the end of its output: the job is not to blame.
                    self._waiting.appendleft(worker.job)
                    worker.job = None

    def _spawn(self, slot: int) -> Worker:
        with (self._folder / f"worker-{slot}.log").open("ab") as log:
            process = subprocess.Popen(
                command("smeaton.trials.worker", str(os.getpid())),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(self._threads),
                start_new_session=True,
            )
        worker = Worker(slot, process)
        self._workers[slot] = worker
        self._selector.register(worker.pipes[1], selectors.EVENT_READ, worker)
        return worker

    def _read(self, worker: Worker) -> None:
        chunk = os.read(worker.pipes[1].fileno(), 65536)
        worker.buffer += chunk
        while (end := worker.buffer.find(b"\n")) >= 0:
            line = bytes(worker.buffer[:end])
            del worker.buffer[: end + 1]
            try:
                self._heard(worker, msgspec.json.decode(line, type=Event))
            except msgspec.DecodeError:
                # Something in that process writes into our pipe: nothing it says can be relied on.
                self._log(f"worker {worker.slot} wrote what is no event: {line[:200]!r}")
                worker.process.kill()
        if not chunk:
            self._died(worker)

    def _heard(self, worker: Worker, event: Event) -> None:
        if worker.job is None or event.job != worker.job.id:
            self._log(f"worker {worker.slot} spoke of {event.job!r}, which it does not work on")
            return
        if event.kind != "progress":
            worker.job, worker.used = None, True
        self._events.put(event)

    def _died(self, worker: Worker) -> None:
        """Its output ended: fail the job, put a fresh worker in its place."""
        code = self._end(worker)
        if worker.job is not None:
            how, memory = _how(code, worker.kills, oom_kills())
            reason = f"the worker {how}; see {self._folder / f'worker-{worker.slot}.log'}"
            self._report(worker, "failed", reason, "memory" if memory else "")
        if worker.job is not None or worker.used:
            # One that died before it ever worked is started again only when there is a job: no endless respawning.
            self._spawn(worker.slot)

    def _kill(self, job: str) -> None:
        for waiting in self._waiting:
            if waiting.id == job:
                self._waiting.remove(waiting)
                self._events.put(Event(job=job, kind="killed", at=time.time()))
                return
        for worker in list(self._workers.values()):
            if worker.job is not None and worker.job.id == job:
                self._end(worker)
                self._report(worker, "killed", "")
                self._spawn(worker.slot)
                return

    def _report(self, worker: Worker, kind: str, reason: str, cause: str = "") -> None:
        assert worker.job is not None
        shutil.rmtree(f"{worker.job.out}.tmp-{worker.process.pid}", ignore_errors=True)
        seconds = time.monotonic() - worker.since
        form = {"job": worker.job.id, "kind": kind, "seconds": seconds, "at": time.time(), "reason": reason}
        self._events.put(msgspec.convert({**form, "cause": cause}, Event))

    def _end(self, worker: Worker) -> int:
        """Kill its process group, collect it, and give its pipes back. Returns the exit status."""
        self._workers.pop(worker.slot, None)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # macOS answers "not permitted" for a group of zombies.
            os.killpg(worker.process.pid, signal.SIGKILL)
        code = worker.process.wait()
        stdin, stdout = worker.pipes
        self._selector.unregister(stdout)
        stdout.close()
        with contextlib.suppress(BrokenPipeError):
            stdin.close()
        return code

    def _stop(self) -> None:
        self._running = False

    def _fail_all(self, reason: str, cause: str) -> None:
        with self._lock:
            self._fault = reason
        self._log(reason)
        with contextlib.suppress(queue.Empty):
            while True:
                waiting = self._commands.get_nowait()
                with contextlib.suppress(OSError):
                    waiting()
        held = [worker.job for worker in self._workers.values() if worker.job is not None]
        for job in [*held, *self._waiting]:
            form = {"job": job.id, "kind": "failed", "at": time.time(), "reason": reason, "cause": cause}
            self._events.put(msgspec.convert(form, Event))
        self._waiting.clear()

    def _end_all(self) -> None:
        for worker in list(self._workers.values()):
            self._end(worker)
            if worker.job is not None:
                shutil.rmtree(f"{worker.job.out}.tmp-{worker.process.pid}", ignore_errors=True)


def _how(code: int, before: int | None, after: int | None) -> tuple[str, bool]:
    """An exit status in words, and whether memory ran out. `before` and `after` count the processes that the system
    ended for that, when the worker started and now (None where it does not say)."""
    if code == OUT_OF_MEMORY:
        return "ran out of memory", True
    if code == -signal.SIGKILL:
        if before is None or after is None:
            return "was killed (out of memory?)", True
        return ("was killed by the system: out of memory", True) if after > before else ("was killed", False)
    if code < 0:
        return f"crashed ({signal.strsignal(-code) or -code})", False
    return f"ended with status {code}", False


part = LocalExecutor

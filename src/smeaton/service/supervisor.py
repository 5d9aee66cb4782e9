"""The supervisor: holds the port, keeps the workers alive, and answers "not ready" when none of them can.

It starts `python -m smeaton.service.worker` processes by argument list; each inherits the listening socket and one end
of a channel (`channel.py`). Workers send heartbeats from their event loop. One that ended is replaced at once; one
whose loop stands still is first counted as not ready, then killed and replaced. It imports nothing heavy, so that it
starts at once and costs some 15 MB.

If the supervisor itself dies, the workers see their channels close, finish what they have, and end.
"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from smeaton.errors import SmeatonError
from smeaton.service.channel import ChannelError, Message
from smeaton.service.child import Child
from smeaton.service.listening import refuse_new
from smeaton.service.relay import Relay
from smeaton.service.sorry import SorryServer
from smeaton.service.telemetry.snapshot import carry

WORKER = (sys.executable, "-m", "smeaton.service.worker")
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)  #: seconds before a worker is started again, by how often it has failed in a row
_TICK = 0.1
_FIRST_ANSWER_SECONDS = 1.0  # callers of a service that just starts are let wait this long
_STEADY_SECONDS = 2.0  # a worker that could answer for this long has not failed at once
_SAME_SIGNAL_SECONDS = 0.5  # two signals closer than this are one wish: `timeout` and terminals send it twice
_KILL_SECONDS = 1.0  # beyond the time a worker has to end by itself


@dataclass(frozen=True, slots=True)
class Plan:
    """How many workers, and how long each thing may take, in seconds.

    `silent`: without a heartbeat, then a worker counts as not ready. `hang`: then it is killed and replaced (0: never).
    `starting`: until a worker can answer. `drain`: a service that ends still takes connections for so long. `finish`:
    then what is in flight may take so long. `tls`: the port speaks TLS.
    """

    workers: int = 1
    silent: float = 0.7
    hang: float = 1.8
    starting: float = 300.0
    drain: float = 0.0
    finish: float = 32.0
    tls: bool = False
    command: tuple[str, ...] = WORKER


@dataclass(slots=True)
class _Slot:
    """A place for one worker: who fills it, how often in a row one failed here, when the next is started."""

    number: int
    child: Child | None = None
    failures: int = 0
    unready: int = 0  # of these, how many in a row could never answer
    due: float = 0.0


def supervise(
    sockets: Sequence[socket.socket],
    options: Message,
    plan: Plan,
    announce: Callable[[Message], None],
) -> int:
    """Serve until SIGINT or SIGTERM; 0 after a clean end, 1 if a worker had to be killed to end.

    `options` reach every worker; `announce` is called once, with the facts the first worker told, when all can answer.
    The sockets are closed. SIGHUP asks a worker to reload every bundle, on all of them.

    Raises:
        SmeatonError: a worker could not start at first (its own error, by type), or five times in a row later on while
            no other answered.
        KeyboardInterrupt: SIGINT before all workers could answer.
    """
    supervisor = Supervisor(sockets, options, plan, announce)
    try:
        with supervisor.signals():
            return supervisor.run()
    finally:
        supervisor.close()


@dataclass(slots=True, eq=False)
class Supervisor:
    """See `supervise`."""

    sockets: Sequence[socket.socket]
    options: Message
    plan: Plan
    announce: Callable[[Message], None]
    _slots: list[_Slot] = field(init=False)
    _leaving: list[Child] = field(default_factory=list)
    _counted: Message | None = None  # by workers that ended
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _relay: Relay = field(init=False)
    _sorry: SorryServer = field(init=False)
    _began: float = field(default_factory=time.monotonic)
    _announced: bool = False
    _told: tuple[int, int] = (0, 0)
    _signals: list[int] = field(default_factory=list)
    _asked_to_end: float | None = None
    _tick_at: float = field(default_factory=time.monotonic)
    _clean: bool = True

    def __post_init__(self) -> None:
        self._slots = [_Slot(number) for number in range(self.plan.workers)]
        self._relay = Relay(lambda: [child for child in self._children() if not child.leaving])
        self._sorry = SorryServer(self._selector, self.sockets, tls=self.plan.tls)
        for listening in self.sockets:
            listening.setblocking(False)

    def run(self) -> int:
        """Turn until all is ended."""
        while True:
            for key, _ in self._selector.select(_TICK):
                key.data()
            self._take_signals()
            now = time.monotonic()
            self._forgive_own_sleep(now)
            if self._asked_to_end is not None and not self._announced:
                return 0  # nobody was told the address yet
            for slot in self._slots:
                self._tend(slot, now)
            for child in list(self._leaving):
                self._see_off(child, now)
            self._relay.tick()
            self._sorry.tick()
            self._tell_state(now)
            if self._asked_to_end is not None and self._over(now, self._asked_to_end):
                return 0 if self._clean else 1

    def close(self) -> None:
        """End what is left and give everything back."""
        for child in self._children():
            child.end()
        self._sorry.close()
        self._selector.close()
        for listening in self.sockets:
            listening.close()

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Take signals as wishes. Only the main thread may listen to them; elsewhere nothing ends this but its end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        waker, woken = socket.socketpair()
        with waker, woken:
            for end in (waker, woken):
                end.setblocking(False)
            had_terminal = _has_terminal()

            def note(number: int, _: object) -> None:
                # The terminal was closed: nobody can press Ctrl-C any more.
                gone = number == signal.SIGHUP and had_terminal and not _has_terminal()
                self._signals.append(signal.SIGTERM if gone else number)

            numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            before = {number: signal.signal(number, note) for number in numbers}
            old = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
            self._selector.register(woken, selectors.EVENT_READ, lambda: woken.recv(1024))
            try:
                yield
            finally:
                self._selector.unregister(woken)
                signal.set_wakeup_fd(old)
                for number, handler in before.items():
                    signal.signal(number, handler)

    # Workers

    def _children(self) -> list[Child]:
        return [slot.child for slot in self._slots if slot.child is not None] + self._leaving

    def _can_answer(self, child: Child, now: float) -> bool:
        return child.started and not child.broken and child.silence(now) < self.plan.silent

    def _tend(self, slot: _Slot, now: float) -> None:
        """Start, replace or end the worker of one place, as it needs."""
        child = slot.child
        if child is None:
            if self._asked_to_end is None and now >= slot.due:
                self._start(slot)
            return
        child.flush()
        reason = ""
        if child.error is not None and not self._announced:
            raise child.error
        if child.ended() or self._is_cut_off(child, now):
            child.end()
            reason = f"could not start: {child.error}" if child.error is not None else child.how_it_ended()
        elif self._is_stuck(child, now):
            child.end()
            what = "did not turn its event loop" if child.started else "could not answer"
            reason = f"{what} for {child.silence(now):.1f} s and was killed"
        if reason:
            self._replace(slot, child, reason, now)

    def _is_stuck(self, child: Child, now: float) -> bool:
        limit = self.plan.hang if child.started else self.plan.starting
        return limit > 0 and child.silence(now) > limit

    def _is_cut_off(self, child: Child, now: float) -> bool:
        """Whether it closed its channel and did not end."""
        return child.broken_at is not None and now - child.broken_at > _KILL_SECONDS

    def _start(self, slot: _Slot) -> None:
        descriptors = [listening.fileno() for listening in self.sockets]
        told = {"listen": descriptors, "number": slot.number, "hang": self.plan.hang, "options": self.options}
        times = {"drain": self.plan.drain, "finish": self.plan.finish}
        child = slot.child = Child(slot.number, self.plan.command, descriptors, told | times)
        self._selector.register(child.wire, selectors.EVENT_READ, lambda: self._hear(child))
        self._told = (0, 0)  # the newcomer has not been told

    def _replace(self, slot: _Slot, child: Child, reason: str, now: float) -> None:
        self._forget(child)
        slot.child = None
        what = f"worker {child.number} (process {child.process.pid}) {reason}"
        if self._asked_to_end is not None:
            if child.process.returncode != 0:
                self._clean = False
                _say(what)
            return
        if not self._announced:
            raise SmeatonError(f"{what} before it could answer", fix="its own messages, above, say why")
        steady = child.started_at is not None and now - child.started_at > _STEADY_SECONDS
        slot.failures = 1 if steady else slot.failures + 1
        slot.unready = 0 if child.started else slot.unready + 1
        if slot.unready >= len(PAUSES) and not any(other.started for other in self._children()):
            raise child.error or SmeatonError(f"{what}, and so did {len(PAUSES) - 1} before it")
        pause = PAUSES[min(slot.failures, len(PAUSES)) - 1]
        slot.due = now + pause
        _say(f"{what}; " + (f"another is started in {pause:g} s" if pause else "another is started"))

    def _forget(self, child: Child) -> None:
        """A worker has ended: keep what it counted, tell those who waited for it."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(child.wire)
        child.end()
        self._relay.gone(child)
        if child.snapshot is not None:
            self._counted = carry(self._counted, child.snapshot)

    def _see_off(self, child: Child, now: float) -> None:
        """A worker that leaves while the service goes on: it ends by itself, or is killed when its time is up."""
        child.flush()
        late = now - child.began > self.plan.finish + _KILL_SECONDS or self._is_stuck(child, now)
        if late:
            _say(f"worker {child.number} (process {child.process.pid}) did not finish in time and was killed")
            self._clean = False
        if late or child.ended() or self._is_cut_off(child, now):
            self._leaving.remove(child)
            self._forget(child)

    # Messages

    def _hear(self, child: Child) -> None:
        try:
            messages = child.read()
            for message in messages:
                self._take(child, message)
        except ChannelError as error:
            _say(f"worker {child.number} (process {child.process.pid}) spoke nonsense: {error.message}")
            child.kill()
        if child.broken:
            self._selector.unregister(child.wire)

    def _take(self, child: Child, message: Message) -> None:
        match message:
            case {"kind": "broadcast", "id": int(number), "message": dict(wish), "seconds": int() | float() as seconds}:
                self._relay.ask(child, number, wish, seconds)
            case {"kind": "done", "id": int(number), "result": dict(result)}:
                self._relay.done(child, number, result)
            case {"kind": "snapshots", "id": int(number)}:
                others = [one.snapshot for one in self._children() if one is not child and one.snapshot is not None]
                ended = [] if self._counted is None else [self._counted]
                child.send({"kind": "told", "id": number, "result": others + ended})
            case {"kind": "leave"}:
                self._let_go(child)
            case _:
                raise ChannelError(f"a message of kind {message['kind'][:40]!r} that is not known")

    def _let_go(self, child: Child) -> None:
        """A worker was asked to end by itself (SIGTERM): another takes its place while it finishes."""
        if self._asked_to_end is not None or child.leaving:
            return
        slot = next(slot for slot in self._slots if slot.child is child)
        slot.child, slot.due = None, 0.0
        child.leaving, child.began = True, time.monotonic()
        child.send({"kind": "drain", "alone": True})
        self._leaving.append(child)

    def _tell_state(self, now: float) -> None:
        """Tell workers how many can answer, when that changed; stand in for them when none can."""
        staying = [slot.child for slot in self._slots if slot.child is not None]
        ready = [child for child in staying if self._can_answer(child, now)]
        state = (self.plan.workers, len(ready))
        if state != self._told:
            self._told = state
            for child in self._children():
                child.send({"kind": "state", "wanted": state[0], "ready": state[1]})
        if not self._announced and len(ready) == self.plan.workers:
            self._announced = True
            assert ready[0].facts is not None
            self.announce(ready[0].facts)
        patient = not self._announced and now - self._began < _FIRST_ANSWER_SECONDS
        ended = self._asked_to_end is not None
        self._sorry.open(not ready and not patient and not ended)

    # The end

    def _take_signals(self) -> None:
        now = time.monotonic()
        for number in self._signals:
            if number == signal.SIGHUP:
                self._reload()
            elif self._asked_to_end is None:
                if number == signal.SIGINT and not self._announced:
                    raise KeyboardInterrupt
                self._asked_to_end = now
                self._begin_to_end(now)
            elif now - self._asked_to_end > _SAME_SIGNAL_SECONDS:
                for child in self._children():
                    child.kill()
        self._signals.clear()

    def _reload(self) -> None:
        """Ask one worker to reload every bundle: it brings all others along, or none (`control.agree`)."""
        now = time.monotonic()
        able = next((child for child in self._children() if self._can_answer(child, now)), None)
        if able is None:
            _say("nothing was reloaded: no worker can answer now")
        else:
            able.send({"kind": "reload"})

    def _begin_to_end(self, now: float) -> None:
        """Workers take what waits in the queue and end; those that cannot answer yet are ended now."""
        for child in self._children():
            if child.started:
                child.send({"kind": "drain", "alone": False})
            else:
                child.end()
        if not any(self._can_answer(child, now) for child in self._children()):
            refuse_new(self.sockets)
            self._sorry.take()
        self._sorry.open(False)
        for listening in self.sockets:
            listening.close()

    def _over(self, now: float, since: float) -> bool:
        children = self._children()
        if now - since > self.plan.drain + self.plan.finish + _KILL_SECONDS:
            for child in children:
                child.kill()
        return not children and not self._sorry.busy

    def _forgive_own_sleep(self, now: float) -> None:
        """If this process was kept from running, it has not listened: no worker is blamed for that."""
        slept = now - self._tick_at - _TICK
        self._tick_at = now
        if slept > _TICK:
            for child in self._children():
                child.beat += slept


def _say(text: str) -> None:
    print(f"smeaton: {text}", file=sys.stderr, flush=True)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True

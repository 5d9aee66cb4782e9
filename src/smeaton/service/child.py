"""One worker process, as the supervisor sees it."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from smeaton.errors import SmeatonError
from smeaton.service.channel import Lines, Message, pack, revive

_UNREAD = 64_000_000  # bytes a worker has not taken: it will not, and is treated as hung

#: glibc keeps a heap for each thread that allocates; large bodies read in threads then leave a worker three times its
#: size. One heap costs no speed here: almost all work is done by one thread. (Other C libraries ignore the name.)
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}


class Child:
    """A worker process and the channel to it. Nothing here waits.

    `command` is started with the number of the channel's file descriptor as its last argument; `keep` are descriptors
    it inherits.
    """

    def __init__(self, number: int, command: Sequence[str], keep: Sequence[int], options: Message) -> None:
        self.number = number
        self.facts: Message | None = None  #: what it said when it could answer
        self.started_at: float | None = None  #: when it said so
        self.error: SmeatonError | None = None  #: why it could not start
        self.snapshot: dict[str, Any] | None = None  #: the latest it counted
        self.began = self.beat = time.monotonic()
        self.broken_at: float | None = None  #: when the channel was found closed
        self.leaving = False
        self._lines = Lines()
        self._out = bytearray()
        self.wire, theirs = socket.socketpair()
        with theirs:
            self.wire.setblocking(False)
            arguments = [*command, str(theirs.fileno())]
            descriptors = (*keep, theirs.fileno())
            # In a process group of its own: Ctrl-C in a terminal is the supervisor's to judge.
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                pass_fds=descriptors,
                process_group=0,
                env=_ENVIRONMENT | os.environ,
            )
        self.send({"kind": "options", **options})

    @property
    def started(self) -> bool:
        """Whether it has ever been able to answer."""
        return self.facts is not None

    @property
    def broken(self) -> bool:
        """Whether the channel is closed: the process ended, or is about to."""
        return self.broken_at is not None

    def silence(self, now: float) -> float:
        """Seconds since it last showed that its loop turns; before it started, since it was begun."""
        return now - self.beat

    def send(self, message: Message) -> None:
        """Send a message: at once what the channel takes, the rest as it takes more."""
        self._out += pack(message)
        self.flush()

    def flush(self) -> None:
        """Send what waits to be sent."""
        try:
            while self._out:
                del self._out[: self.wire.send(self._out)]
        except BlockingIOError:
            if len(self._out) > _UNREAD:
                self._break()
        except OSError:
            self._break()

    def read(self) -> list[Message]:
        """Messages that came; heartbeats, facts and errors are taken in here.

        Raises:
            ChannelError: it sent what is no message.
        """
        others = []
        for message in self._lines.feed(self._receive()):
            match message:
                case {"kind": "beat"}:
                    self.beat = time.monotonic()
                    self.snapshot = message.get("snapshot") or self.snapshot
                case {"kind": "started", "facts": dict(facts)}:
                    self.facts = facts
                    self.started_at = self.beat = time.monotonic()
                case {"kind": "failed", "error": dict(error)}:
                    self.error = revive(error)
                case _:
                    others.append(message)
        return others

    def _receive(self) -> bytes:
        pieces = []
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    piece = self.wire.recv(262_144)
                except ConnectionError:
                    piece = b""
                if not piece:
                    self._break()
                    break
                pieces.append(piece)
        return b"".join(pieces)

    def _break(self) -> None:
        self.broken_at = self.broken_at or time.monotonic()
        self._out.clear()

    def ended(self) -> bool:
        """Whether the process is gone; it is gathered in when it is."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """End it now; a process that is stopped ends too."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        """End it, gather it in and close the channel."""
        if not self.ended():
            self.kill()
            self.process.wait()
        self.wire.close()

    def how_it_ended(self) -> str:
        """Exit code or signal, in words."""
        code = self.process.returncode
        if code is not None and code < 0:
            try:
                return f"was ended by {signal.Signals(-code).name}"
            except ValueError:
                return f"was ended by signal {-code}"
        return f"ended with exit code {code}"

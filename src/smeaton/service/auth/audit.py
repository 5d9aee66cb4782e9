"""The audit log: who was refused, and what was done to the service. One JSON object a line, added and never changed.

```json
{"at": "2026-01-31T12:00:00.123Z", "event": "key.refused", "key": "", "client": "10.0.0.7", "request": "4f21",
 "outcome": "unknown key", "facts": {"count": 12}}
```

Each line is one write in append mode, so several processes may share a file. Answers come first: a line that cannot be
written is counted, and the log of the service says so once.
"""

import logging
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from smeaton.errors import InputError

log = logging.getLogger("smeaton.service.auth")
lines = logging.getLogger("smeaton.audit")

Event = Literal[
    "key.refused",  # no key where one is needed, or one that is not ours
    "key.expired",  # a key whose time is over
    "scope.refused",  # a key that does not allow this
    "keys.reloaded",  # the key file changed and was taken up
    "bundle.loaded",
    "bundle.unloaded",
    "bundle.swapped",
    "service.started",
    "service.draining",
    "service.stopped",
    "audit.lost",  # `count` lines before this one could not be written
]
Fact = str | int | float | bool | None

_LONGEST = 200  # characters of a text: names and reasons, never bodies
_WINDOW = 1.0  # seconds: refusals of one kind from one client share a line
_CLIENTS = 1024  # that are told apart within a window; what comes from others shares the client "others"
_encode = msgspec.json.Encoder().encode
_Kind = tuple[Event, str, str, str]  # event, key, outcome, client


@dataclass(slots=True)
class _Window:
    """A second that began with a refusal, and how many like it came after."""

    end: float
    more: int = 0


class Audit:
    """Writes events to a file, or to the logger `smeaton.audit` where none is named.

    `lost` counts lines that could not be written.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        """Raises InputError where the file cannot be opened for appending."""
        self.path = None if path is None else Path(path)
        self.lost = 0
        self._untold = 0  # lines lost since the last one that was written
        self._torn = False
        self._windows: dict[_Kind, _Window] = {}
        self._next = time.monotonic() + _WINDOW
        self._descriptor = -1
        if self.path is not None:
            try:
                self._descriptor = _opened(self.path)
            except OSError as error:
                fix = "name a file that this user may write"
                raise InputError(
                    f"the audit log cannot be written: {error.strerror}", fix=fix, where=str(path)
                ) from error

    def note(
        self, event: Event, *, key: str = "", outcome: str = "", request: str = "", client: str = "", **facts: Fact
    ) -> None:
        """Write one event. `key` is the name of a key, `request` the request id, `client` an address. Never raises."""
        self.sweep()
        self._write(event, key, outcome, request, client, facts)

    def refused(self, event: Event, *, key: str = "", outcome: str = "", request: str = "", client: str = "") -> None:
        """Write a refusal; those of one kind and client within a second are counted and share a line: the first is
        written at once with a count of 1, the rest by the next `sweep` after the second is over.
        """
        self.sweep()
        if len(self._windows) >= _CLIENTS and (event, key, outcome, client) not in self._windows:
            client = "others"
        window = self._windows.get((event, key, outcome, client))
        if window is not None:
            window.more += 1
            return
        self._windows[event, key, outcome, client] = _Window(time.monotonic() + _WINDOW)
        self._write(event, key, outcome, request, client, {"count": 1})

    def sweep(self, *, final: bool = False) -> None:
        """Write the counts of seconds that are over. Every event does this too; call it about once a second."""
        now = time.monotonic()
        if now < self._next and not final:
            return
        self._next = now + _WINDOW
        self._reopen()
        for kind in [kind for kind, window in self._windows.items() if final or window.end <= now]:
            event, key, outcome, client = kind
            more = self._windows.pop(kind).more
            if more:
                self._write(event, key, outcome, "", client, {"count": more})

    def close(self) -> None:
        """Write what is still counted, and close the file."""
        self.sweep(final=True)
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, event: Event, key: str, outcome: str, request: str, client: str, facts: dict[str, Fact]) -> None:
        line = _line(event, key, outcome, request, client, facts)
        if self.path is None:
            lines.info("%s", line.decode())
            return
        if self._untold:
            line = _line("audit.lost", "", "", "", "", {"count": self._untold}) + b"\n" + line
        why = self._append(line + b"\n")
        if not why:
            self._untold = 0
            return
        if not self._untold:
            log.error("the audit log %s is not written: %s; lines that are lost are counted", self.path, why)
        self._untold += 1
        self.lost += 1

    def _append(self, line: bytes) -> str:
        """One write; why it failed, or nothing. After half a line the next write ends it first."""
        data = b"\n" + line if self._torn else line
        try:
            done = os.write(self._descriptor, data)
        except OSError as error:
            return error.strerror or "it cannot be written"
        self._torn = done < len(data) and (self._torn or done > 0)
        return "" if done == len(data) else "there is no room"

    def _reopen(self) -> None:
        """Follow a file that was moved away, as tools that rotate logs do."""
        if self.path is None or self._descriptor < 0:
            return
        try:
            own = os.fstat(self._descriptor)
            if os.path.exists(self.path) and os.path.samestat(own, os.stat(self.path)):
                return
            new = _opened(self.path)
        except OSError as error:
            log.error("the audit log %s cannot be opened again: %s", self.path, error.strerror)
            return
        os.close(self._descriptor)
        self._descriptor, self._torn = new, False


def _opened(path: Path) -> int:
    # O_NONBLOCK: a pipe that nobody empties loses lines, and stops nothing.
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o600)


def _line(event: Event, key: str, outcome: str, request: str, client: str, facts: dict[str, Fact]) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    texts = {"key": key, "client": client, "request": request, "outcome": outcome}
    shown = {name: _cut(value) for name, value in facts.items()}
    return _encode({"at": at, "event": event, **{name: _cut(text) for name, text in texts.items()}, "facts": shown})


def _cut(value: Fact) -> Fact:
    if not isinstance(value, str):
        return value
    return value[:_LONGEST].encode("utf-8", "replace").decode()  # a lone surrogate would not be JSON

"""The access log (`--access-log`): one line a request on stderr, without the machinery of `logging`.

Lines are gathered and written together, at the latest after 0.1 s, and never waited for (`lines.py`). How many were
lost because nobody read them is said in the next line that gets through.
"""

import asyncio
import sys
import time

import msgspec
from msgspec import UNSET, UnsetType

from smeaton.service.telemetry.lines import Lines
from smeaton.service.telemetry.logs import Form, moment, write_json, write_text
from smeaton.service.telemetry.served import Served

_DELAY = 0.1  # seconds a line may wait for company
_FULL = 32 * 1024  # bytes of lines that are company enough
_WORD = 128  # characters of what the caller chose
_encode = msgspec.json.Encoder().encode


class _Line(msgspec.Struct, kw_only=True, gc=False):
    """What is empty is left out, the first fields never."""

    at: str
    level: str = "info"
    event: str = "access"
    method: str
    path: str
    status: int
    ms: float
    request: str
    trace: str
    wire: str | UnsetType
    model: str | UnsetType
    caller: str | UnsetType
    client: str | UnsetType
    worker: str | UnsetType


class AccessLog:
    """Writes lines for answered requests. To be used from one event loop; `close` writes what there is room for."""

    def __init__(self, form: Form, worker: str = "", descriptor: int | None = None) -> None:
        self.lines = Lines(sys.stderr.fileno() if descriptor is None else descriptor)
        self._json = form == "json"
        self._worker = worker
        self._told = 0
        self._timer: asyncio.TimerHandle | None = None

    def note(self, served: Served) -> None:
        """One line about one request."""
        path = served.path[:_WORD]
        line = _Line(
            at=moment(served.ended / 1e9),
            method=served.method[:_WORD],
            path=path if path.isascii() else path.encode("utf-8", "backslashreplace").decode(),
            status=served.status,
            ms=round(served.seconds * 1e3, 3),
            request=served.id,
            trace=served.trace.trace_id,
            wire=served.wire or UNSET,
            model=served.model or UNSET,
            caller=served.caller or UNSET,
            client=served.client or UNSET,
            worker=self._worker or UNSET,
        )
        self.lines.keep(_encode(line) + b"\n" if self._json else _text(line))
        if self.lines.size >= _FULL:
            self._flush()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_DELAY, self._due)

    def close(self) -> None:
        """Write what there is room for; what is left is lost."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flush()

    def _due(self) -> None:
        self._timer = None if self._flush() else asyncio.get_running_loop().call_later(_DELAY, self._due)

    def _flush(self) -> bool:
        lost = self.lines.dropped - self._told
        if not self.lines.flush():
            return False
        if lost:
            self._told += lost
            self.lines.keep(self._loss(lost))
        return self.lines.flush()

    def _loss(self, lost: int) -> bytes:
        fields: dict[str, object] = {"at": moment(time.time()), "level": "warning"}
        fields |= {"event": "lines of the access log were dropped", "dropped": lost}
        if self._worker:
            fields["worker"] = self._worker
        return ((write_json if self._json else write_text)(fields) + "\n").encode()


def _text(line: _Line) -> bytes:
    fields = {name: value for name, value in msgspec.structs.asdict(line).items() if value is not UNSET}
    return (write_text(fields) + "\n").encode()

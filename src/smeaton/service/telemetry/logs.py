"""The service's log: one line an event on stderr, as JSON or as text.

Every logger goes through it, uvicorn's too (start uvicorn with `log_config=None`). What belongs to a request is given
with the event: `log.warning("the journal is full", extra={"request": id, "trace": trace_id, "model": name})`.

A line never holds a value of a row. The text of an exception may repeat one (that of `float("abc")` does), so it is
written only for errors whose text is ours or the operating system's; of all others types and places in the code.
"""

import contextlib
import functools
import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any, Literal

from smeaton.errors import SmeatonError
from smeaton.service.telemetry.lines import Lines

Form = Literal["json", "text"]
FORMS: tuple[Form, ...] = ("text", "json")
FIELDS = ("request", "trace", "model")  #: what an event may say beside its words
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+%~")
_FRAMES = 12  # of an exception, the innermost
_LONG = 2500  # characters of an event or an exception: a line should fit into one write to a pipe


def configure(form: Form, level: str = "info", worker: str = "", descriptor: int | None = None) -> None:
    """Send every logger to stderr (or another descriptor) in one form, in place of where they wrote before.

    `level` is debug, info, warning or error; `worker` the number of this worker, empty without a supervisor.
    """
    root = logging.getLogger()
    handler = LineHandler(sys.stderr.fileno() if descriptor is None else descriptor)
    handler.setFormatter(LineFormatter(form, worker))
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)  # what libraries say below that is for their authors
    logging.getLogger("smeaton").setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = name != "uvicorn.access"  # the access log has a writer of its own
    logging.captureWarnings(True)


class LineHandler(logging.Handler):
    """Writes records to a descriptor at once, and never waits for whoever reads it (`lines.py`)."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.lines = Lines(descriptor)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a caller's mistake in it is told as `logging` tells it, and never ends a request."""
        try:
            line = self.format(record) + "\n"
            self.lines.keep(line.encode("utf-8", "backslashreplace"))
            self.lines.flush()
        except Exception:  # noqa: BLE001 - the contract of logging handlers
            self.handleError(record)

    def flush(self) -> None:
        """Write what there is room for; `logging` calls it at the end of the process."""
        with self.lock or contextlib.nullcontext():
            self.lines.flush()


class LineFormatter(logging.Formatter):
    """Writes a record as one line: when, how serious, what, and whose."""

    def __init__(self, form: Form, worker: str = "") -> None:
        super().__init__()
        self._worker = worker
        self._write = write_json if form == "json" else write_text

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields: dict[str, Any] = {
            "at": moment(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage()[:_LONG],
            "logger": record.name,
        }
        fields |= {name: str(getattr(record, name)) for name in FIELDS if getattr(record, name, None)}
        if self._worker:
            fields["worker"] = self._worker
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = told(record.exc_info[1])
        return self._write(fields)


def moment(seconds: float) -> str:
    """A unix time as UTC text with milliseconds (RFC 3339)."""
    whole, thousandths = divmod(int(seconds * 1000), 1000)
    return f"{_second(whole)}.{thousandths:03d}Z"


@functools.lru_cache(maxsize=4)
def _second(whole: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))


def told(error: BaseException) -> str:
    """An exception with its causes, innermost first, each with where it happened; its text if that holds no value."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)[-_FRAMES:]
        places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        text = f": {current}" if isinstance(current, SmeatonError | OSError) else ""
        parts.append(f"{type(current).__module__}.{type(current).__qualname__}{text}{places}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\nwhich led to ".join(reversed(parts))[-_LONG:]


def write_json(fields: Mapping[str, object]) -> str:
    """Fields as one JSON object, in ASCII: whatever the text holds, it can be written."""
    return json.dumps(fields)


def write_text(fields: Mapping[str, object]) -> str:
    """Fields as `at level event name=value ...`; what is no plain word is in quotes, so a line stays a line."""
    at, level, event, *others = fields.items()
    named = "".join(f" {name}={_quoted(value)}" for name, value in others)
    words = str(event[1])
    return f"{at[1]} {level[1]:<7} {words if words.isprintable() else _quoted(words)}{named}"


def _quoted(value: object) -> str:
    text = str(value)
    return text if text and _PLAIN.issuperset(text) else json.dumps(text)

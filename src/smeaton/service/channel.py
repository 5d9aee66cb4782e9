"""Messages between the supervisor and its workers: one JSON object a line, over a pair of sockets.

Whoever reads puts lines together from pieces of any size, and believes nothing that is not a message: an object with a
text `kind`. Light on purpose: the supervisor imports it.
"""

import json
from typing import Any, NoReturn

from smeaton import errors
from smeaton.errors import DataError, SmeatonError

Message = dict[str, Any]

MOST = 16_000_000  #: bytes of one message; a metrics snapshot is some 10 KB


class ChannelError(SmeatonError):
    """The other end sent what is no message."""


def pack(message: Message) -> bytes:
    """A message as a line.

    Raises:
        ValueError: it holds NaN or an infinity, which are no JSON. TypeError: it holds what JSON has no form for.
    """
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"


class Lines:
    """Puts messages together from pieces of a stream."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Messages that `data` completes, in order.

        Raises:
            ChannelError: a line is no message, or longer than `MOST`.
        """
        *lines, rest = data.split(b"\n")
        if not lines:
            self._rest += rest
        else:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest = bytearray(rest)
        if max(len(self._rest), *map(len, lines), 0) > MOST:
            raise ChannelError(f"a message of more than {MOST:,} bytes")
        return [_read(line) for line in lines]


def _read(line: bytes) -> Message:
    try:
        message = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ChannelError("a line that is no JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise ChannelError("a line that is no message: an object with a text `kind`")
    return message


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def describe(error: Exception) -> Message:
    """An error as a message carries it."""
    if not isinstance(error, SmeatonError):
        return {"type": "SmeatonError", "message": f"{type(error).__name__}: {error}", "fix": "", "where": ""}
    return {"type": type(error).__name__, "message": error.message, "fix": error.fix, "where": error.where}


def revive(told: Message) -> SmeatonError:
    """The error of a message: of the same type, so that it ends a command with the same exit code."""
    kind = getattr(errors, str(told.get("type")), SmeatonError)
    if not (isinstance(kind, type) and issubclass(kind, SmeatonError)):
        kind = SmeatonError
    if issubclass(kind, errors.RowsError):  # made of faults, which are not told
        kind = DataError
    message, fix, where = (str(told.get(key, "")) for key in ("message", "fix", "where"))
    return kind(message, fix=fix, where=where)

"""`Cassette`: recorded replies in a file, so that what asks language models runs again without them.

JSON lines, one reply each, found by the hash of the model's name and all that was asked. Addresses, keys and headers
are never written; what was asked is, rows included. The same question asked several times has its replies in the order
they came; replay hands them out in turn and then begins again.
"""

import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Literal

import msgspec

from smeaton.errors import DataError
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask, Form, Piece, Reply, ToolCall
from smeaton.llm.purse import reply_key
from smeaton.llm.wires import Connection

Mode = Literal["replay", "record", "auto"]
_SHOWN = 80  # characters of a question in an error


class Entry(Form, frozen=True, kw_only=True):
    """A line of the file."""

    key: str
    model: str
    ask: Ask
    reply: Reply


class Cassette:
    """Recorded replies. `replay` asks nobody; `record` asks always and writes down the reply; `auto` asks for what is
    not there yet.

    Raises:
        DataError: the file cannot be read, or a line is not in the form.
    """

    def __init__(self, path: str | Path, mode: Mode = "replay") -> None:
        self._path = Path(path)
        self._mode = mode
        self._lock = threading.Lock()
        self._replies: defaultdict[str, list[Reply]] = defaultdict(list)
        self._played: defaultdict[str, int] = defaultdict(int)
        if mode == "replay" or self._path.exists():
            self._load()

    def before(self, endpoint: Endpoint, connect: Callable[[Endpoint], Connection]) -> Connection:
        """A connection that answers from here, and by `connect(endpoint)` where the mode allows."""
        return _Recorded(self, endpoint.model, None if self._mode == "replay" else connect(endpoint))

    def play(self, model: str, ask: Ask) -> Reply | None:
        """The next recorded reply, None where the model itself is to be asked.

        Raises:
            DataError: there is none, and nobody may be asked.
        """
        if self._mode == "record":
            return None
        key = reply_key(model, ask)
        with self._lock:
            found = self._replies.get(key)
            if found:
                self._played[key] += 1
                return found[(self._played[key] - 1) % len(found)]
        if self._mode == "auto":
            return None
        said = next((turn.text for turn in reversed(ask.messages) if turn.role == "user"), "")
        raise DataError(
            f"the cassette has no reply of {model} to {said[:_SHOWN]!r} ({key[:12]})",
            fix="record it: cassette_mode = 'auto', with a key",
            where=str(self._path),
        )

    def write(self, model: str, ask: Ask, reply: Reply) -> None:
        """Add a reply.

        Raises:
            DataError: the file cannot be written.
        """
        entry = Entry(key=reply_key(model, ask), model=model, ask=ask, reply=reply)
        with self._lock:
            try:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(entry) + b"\n")
            except OSError as error:
                raise self._unusable(str(error)) from error
            self._replies[entry.key].append(reply)

    def _load(self) -> None:
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError as error:
            raise self._unusable(str(error)) from error
        for number, line in enumerate(lines, 1):
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.DecodeError as error:
                raise self._unusable(f"line {number}: {error}") from error
            self._replies[reply_key(entry.model, entry.ask)].append(entry.reply)

    def _unusable(self, why: str) -> DataError:
        return DataError(f"the cassette cannot be used: {why}", fix="record it anew", where=str(self._path))


class _Recorded:
    """A connection with a cassette before it."""

    def __init__(self, cassette: Cassette, model: str, behind: Connection | None) -> None:
        self._cassette, self._model, self._behind = cassette, model, behind

    async def ask(self, ask: Ask, timeout: float) -> Reply:
        """The recorded reply, or a new one that is recorded."""
        reply = self._cassette.play(self._model, ask)
        if reply is None and self._behind is not None:
            reply = await self._behind.ask(ask, timeout)
            self._cassette.write(self._model, ask, reply)
        assert reply is not None
        return reply

    async def stream(self, ask: Ask, timeout: float) -> AsyncGenerator[Piece]:
        """The same in pieces; a recorded one comes in one."""
        reply = self._cassette.play(self._model, ask)
        if reply is not None or self._behind is None:
            assert reply is not None
            for piece in pieces(reply):
                yield piece
            return
        async for piece in self._behind.stream(ask, timeout):
            if piece.reply is not None:
                self._cassette.write(self._model, ask, piece.reply)
            yield piece

    async def aclose(self) -> None:
        """Close what is behind."""
        if self._behind is not None:
            await self._behind.aclose()


def pieces(reply: Reply) -> list[Piece]:
    """A whole reply as a stream would bring it."""
    text = [Piece(text=reply.text)] if reply.text else []
    return [*text, *(_call(place, call) for place, call in enumerate(reply.calls)), Piece(reply=reply)]


def _call(place: int, call: ToolCall) -> Piece:
    return Piece(call=place, id=call.id, name=call.name, arguments=call.arguments)

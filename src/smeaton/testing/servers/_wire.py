"""What a wire of the fake servers supplies, and what all of them share: server-sent events and pictures."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from smeaton.testing.servers._answer import Answer
from smeaton.testing.servers._refusal import Refused
from smeaton.testing.servers.script import Request

#: Bytes to send, and whether they carry a piece of the reply (the pace is kept before these).
Event = tuple[bytes, bool]


class Wire(Protocol):
    """A format of requests and replies."""

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The key that was sent, None without one."""
        ...

    def read(self, body: Mapping[str, Any], path: Mapping[str, str], dialect: str) -> Request:
        """A request, checked as the service would.

        Raises:
            Refused: the service would not take it.
        """
        ...

    def whole(self, request: Request, answer: Answer) -> dict[str, Any]:
        """The reply in one piece."""
        ...

    def events(self, request: Request, answer: Answer) -> Iterator[Event]:
        """The reply as server-sent events."""
        ...

    def error(self, refused: Refused) -> dict[str, Any]:
        """The body of an HTTP error."""
        ...


def sse(value: Any, *, event: str = "", end: bytes = b"\n\n") -> bytes:
    """One server-sent event."""
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + msgspec.json.encode(value) + end


def text_of(content: Any, where: str, kinds: Mapping[str, str], images: tuple[str, ...] = ()) -> tuple[str, int]:
    """The text of a message's content (a string, or parts of which `kinds` names the field with the text), and its
    number of pictures.

    Raises:
        Refused: a part is of a kind the service does not know.
    """
    if content is None or isinstance(content, str):
        return content or "", 0
    if not isinstance(content, list):
        raise Refused(f"Invalid type for '{where}': expected a string or an array.", param=where, code="invalid_type")
    texts, pictures = [], 0
    for place, part in enumerate(content):
        kind = str(part.get("type")) if isinstance(part, dict) else ""
        if kind in images:
            pictures += 1
        elif kind in kinds:
            inner = part.get(kinds[kind], "")
            text, more = text_of(inner, f"{where}[{place}]", kinds, images)
            texts.append(text)
            pictures += more
        else:
            raise Refused(f"Invalid value: '{kind}'.", param=f"{where}[{place}].type", code="invalid_value")
    return "\n".join(texts), pictures


def last_user(texts: tuple[tuple[str, str], ...]) -> str:
    """The last text of the user."""
    return next((text for role, text in reversed(texts) if role == "user"), "")


def instructions(texts: tuple[tuple[str, str], ...]) -> str:
    """All instructions, joined."""
    return "\n".join(text for role, text in texts if role == "system")

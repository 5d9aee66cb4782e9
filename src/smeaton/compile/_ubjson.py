"""UBJSON, as XGBoost writes it: a document of plain values from its bytes (specification: draft 12, ubjson.org).

Numbers are big-endian; an array may state one type for all its items (`$`) and how many there are (`#`).
"""

import struct
from typing import Any

import numpy as np

from smeaton.errors import ProgramError

_NUMBERS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}
_ARRAYS = {b"i": "i1", b"U": "u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_PLAIN = {b"Z": None, b"T": True, b"F": False}
_DEEPEST = 60


def read_ubjson(data: bytes) -> Any:
    """The value that the bytes hold.

    Raises:
        ProgramError: they are no whole document.
    """
    reader = _Reader(data)
    try:
        found = reader.value(reader.take(1), 0)
    except (IndexError, struct.error, UnicodeDecodeError, ValueError, MemoryError) as error:
        raise ProgramError(
            f"it is no UBJSON: {error}", fix="save the model again", where=f"byte {reader.at}"
        ) from error
    if reader.at != len(data):
        raise ProgramError("there is something behind its end", fix="save the model again", where=f"byte {reader.at}")
    return found


class _Reader:
    """Bytes, and how far they were read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ValueError("it ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def peek(self) -> bytes:
        return self.data[self.at : self.at + 1]

    def value(self, mark: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if mark in _NUMBERS:
            form = _NUMBERS[mark]
            return struct.unpack(form, self.take(struct.calcsize(form)))[0]
        if mark in _PLAIN:
            return _PLAIN[mark]
        if mark == b"S":
            return self.text()
        if mark == b"C":
            return self.take(1).decode("ascii")
        if mark == b"[":
            return self.array(depth)
        if mark == b"{":
            return self.mapping(depth)
        raise ValueError(f"there is no value that begins with {mark!r}")

    def length(self) -> int:
        found = self.value(self.take(1), 0)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise ValueError(f"{found!r} is no length")
        return found

    def text(self) -> str:
        return self.take(self.length()).decode("utf-8")

    def head(self) -> tuple[bytes, int | None]:
        """The type and the number of items, where they are stated."""
        kind, count = b"", None
        if self.peek() == b"$":
            self.take(1)
            kind = self.take(1)
        if self.peek() == b"#":
            self.take(1)
            count = self.length()
        if kind and count is None:
            raise ValueError("a type is stated without a number of items")
        return kind, count

    def array(self, depth: int) -> list[Any]:
        kind, count = self.head()
        if kind in _ARRAYS:
            assert count is not None
            size = np.dtype(_ARRAYS[kind]).itemsize
            plain: list[Any] = np.frombuffer(self.take(count * size), dtype=_ARRAYS[kind]).tolist()
            return plain
        found: list[Any] = []
        while count is None or len(found) < count:
            mark = kind or self.take(1)
            if count is None and mark == b"]":
                break
            if mark != b"N":
                found.append(self.value(mark, depth + 1))
        return found

    def mapping(self, depth: int) -> dict[str, Any]:
        kind, count = self.head()
        found: dict[str, Any] = {}
        while count is None or len(found) < count:
            if count is None and self.peek() == b"}":
                self.take(1)
                break
            name = self.text()
            found[name] = self.value(kind or self.take(1), depth + 1)
        return found

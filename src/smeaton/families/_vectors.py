"""Vectors kept on disk: every text goes through an encoder once, whichever fold, build or process asks for it.

Folds of one task hold mostly the same rows, and two workers fit two of them at the same time. So texts are dealt into
chunks by their hash; a worker claims a chunk before it computes it, leaves claimed ones for later, and then waits for
them, or takes them over from a worker that died. Files are written whole under another name and never changed; each
carries the hash of its content in its name, so that a damaged one is found and made again.
"""

import contextlib
import hashlib
import os
import random
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smeaton.runtime.ops._embed_memory import Compute
from smeaton.task.table import Array

FOLDER = "vectors"
#: Texts of one chunk: a second of work or so, and enough for batches of texts of one length.
CHUNK = 128
#: Seconds after which a claim no longer counts, though its process may live (on another machine, or stuck).
STALE = 300.0
_POLL = 0.02
_HASH = 16  # bytes
_CLAIM = "claim-"
_HOST = socket.gethostname()


class VectorStore:
    """The vectors in a folder. Objects in many processes may use one folder at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shelves: dict[str, _Shelf] = {}

    def vectors(self, key: str, texts: Sequence[str], compute: Compute) -> Array:
        """The vectors of different texts, float32 (texts, dim), those that are missing by `compute`."""
        shelf = self._shelves.setdefault(key, _Shelf(self._folder / key[:32]))
        names = [_name(text) for text in texts]
        return shelf.fill(names, texts, compute)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The texts whose hash begins with these bits. Workers that miss more texts cut them into more chunks."""

    bits: int
    number: int

    def __str__(self) -> str:
        return f"{self.bits}-{self.number}"

    @staticmethod
    def read(text: str) -> "_Chunk":
        bits, _, number = text.partition("-")
        return _Chunk(int(bits), int(number))

    def meets(self, other: "_Chunk") -> bool:
        """Whether a text can be in both."""
        both = min(self.bits, other.bits)
        return self.number >> (self.bits - both) == other.number >> (other.bits - both)


class _Shelf:
    """The vectors of one encoder with one set of arguments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[Array] = []
        self._seen: set[str] = set()
        self._places: dict[bytes, tuple[int, int]] = {}

    def fill(self, names: Sequence[bytes], texts: Sequence[str], compute: Compute) -> Array:
        self._refresh()
        missing = [row for row, name in enumerate(names) if name not in self._places]
        bits = max(0, round(len(missing) / CHUNK).bit_length() - 1)
        chunks: dict[int, list[int]] = {}
        for row in missing:
            chunks.setdefault(int.from_bytes(names[row][:4], "big") >> (32 - bits), []).append(row)
        # Workers begin at different places, so that they meet late.
        order = sorted(chunks)
        start = os.getpid() * 7919 % max(len(order), 1)
        waiting = order[start:] + order[:start]
        while waiting:
            waiting = [one for one in waiting if not self._do(_Chunk(bits, one), chunks[one], names, texts, compute)]
            if waiting:
                time.sleep(_POLL * random.uniform(0.5, 1.5))  # noqa: S311 - two that make way for each other meet once
        if not names:
            return compute(())
        return np.stack([self._parts[part]["vector"][row] for part, row in (self._places[name] for name in names)])

    def _do(
        self, chunk: "_Chunk", rows: list[int], names: Sequence[bytes], texts: Sequence[str], compute: Compute
    ) -> bool:
        """Compute a chunk, unless it is there by now. False while somebody else has claimed some of it."""
        claim = self._folder / f"{_CLAIM}{chunk}"
        if self._taken(chunk) or not _claimed(claim):
            return False
        try:
            if self._taken(chunk, besides=claim):  # claimed at the same moment
                return False
            self._refresh()
            rows = [row for row in rows if names[row] not in self._places]
            if rows:
                self._write(chunk, [names[row] for row in rows], compute([texts[row] for row in rows]))
        finally:
            claim.unlink(missing_ok=True)
        return True

    def _taken(self, chunk: "_Chunk", besides: Path | None = None) -> bool:
        """Whether somebody has claimed texts of a chunk. Claims of the dead are removed."""
        for claim in self._folder.glob(f"{_CLAIM}*"):
            if claim == besides or not chunk.meets(_Chunk.read(claim.name.removeprefix(_CLAIM))):
                continue
            if not _abandoned(claim):
                return True
            claim.unlink(missing_ok=True)
        return False

    def _write(self, chunk: "_Chunk", names: Sequence[bytes], vectors: Array) -> None:
        part = np.empty(len(names), dtype=[("name", f"V{_HASH}"), ("vector", "<f4", (vectors.shape[1],))])
        part["name"] = np.frombuffer(b"".join(names), dtype=f"V{_HASH}")
        part["vector"] = vectors
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f"unfinished-{uuid.uuid4().hex}"
        with unfinished.open("wb") as file:
            np.save(file, part, allow_pickle=False)
        path = self._folder / f"{chunk}-{_digest(unfinished)}.npy"
        unfinished.replace(path)
        self._add(path, part)

    def _refresh(self) -> None:
        """Learn of files that others wrote; a damaged one is removed, and its texts are missing again."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.npy")):
            if path.name in self._seen:
                continue
            with contextlib.suppress(FileNotFoundError):  # the cache may be deleted at any time
                if path.stem.rpartition("-")[2] == _digest(path):
                    self._add(path, np.load(path, mmap_mode="r", allow_pickle=False))
                else:
                    path.unlink()

    def _add(self, path: Path, part: Array) -> None:
        self._seen.add(path.name)
        self._parts.append(part)
        raw = part["name"].tobytes()
        for row in range(len(part)):
            self._places.setdefault(raw[row * _HASH : (row + 1) * _HASH], (len(self._parts) - 1, row))


def _name(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH).digest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_HASH)).hexdigest()


def _claimed(claim: Path) -> bool:
    """Claim a chunk; False if it is claimed already."""
    claim.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(f"{os.getpid()} {_HOST}")
    return True


def _abandoned(claim: Path) -> bool:
    """Whether whoever claimed a chunk will not finish it: its process is gone, or has had long enough."""
    try:
        age = time.time() - claim.stat().st_mtime
        process, _, host = claim.read_text().partition(" ")
    except FileNotFoundError:
        return False
    if age > STALE:
        return True
    if host != _HOST or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False

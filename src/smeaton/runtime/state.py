"""`StateFolder`: what a step learns after shipping, kept through crashes.

```
STATE/NAME.lock            held (flock) by the one writer
STATE/NAME/manifest.json   format, the bundle it belongs to, checksums of the seed, revision when last closed
STATE/NAME/seed/           the seed files of the bundle, never changed
STATE/NAME/log             committed writes, appended
```
A write is one frame of the log: magic, length and checksum of the header; a payload (a msgpack list of records); a
checksum chained over all frames so far. The frame is flushed to disk before `append` returns. A crash can leave only
the beginning of a frame that nobody was told about: opening cuts it off. Any other damage is refused, never repaired
in silence. The folder appears whole or not at all (made beside, then renamed).
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import struct
import zlib
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from smeaton.errors import DataError
from smeaton.runtime.files import durable_write, flush, flush_tree, safe_name

FORMAT = 1
_MAGIC = b"SMLG"
_HEADER = struct.Struct("<4sQI")  # magic, length of the payload, crc32 of the two
_SUM = 16  # bytes of blake2b after the payload


class StateManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a state folder is. `bundle` is the hash of what it belongs to, `seed` the sha256 of each seed file,
    `revision` a revision the log certainly reached."""

    format: int
    bundle: str
    seed: dict[str, str]
    revision: int = 0


class StateFolder:
    """The folder one stateful step owns. One writer at a time; made on first use from the seed files.

    Args:
        root: the state folder of the bundle.
        name: the step's `state`.
        bundle: hash of the bundle (or program) the state belongs to.
        seed: seed files by their names, relative to `source`.
        source: where the seed files lie.

    Raises:
        DataError: it is in use, damaged, of another bundle, or cannot be written.
    """

    def __init__(self, root: Path, name: str, bundle: str, seed: tuple[str, ...] = (), source: Path = Path()) -> None:
        if not safe_name(name) or "/" in name:
            raise DataError(f"{name!r} cannot name a state folder", fix="use letters, digits and dashes")
        self.folder = root / name
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(root / f"{name}.lock", self.folder)
            try:
                if not self.folder.exists():
                    _create(self.folder, bundle, seed, source)
                self._manifest = _checked(self.folder, bundle)
                self._log, self._revision, self._chain = _opened(self.folder / "log", self._manifest.revision)
            except BaseException:
                self._lock.close()
                raise
        except OSError as error:
            raise DataError(
                f"the state folder cannot be used: {error.strerror}",
                fix="name a folder you may write to with --state",
                where=str(self.folder),
            ) from error
        self._broken = False

    @property
    def revision(self) -> int:
        """Number of committed writes."""
        return self._revision

    def records(self) -> Iterator[bytes]:
        """Every committed record, oldest first."""
        with (self.folder / "log").open("rb") as file:
            for payload, _, _ in _frames(file, self.folder / "log"):
                yield from msgspec.msgpack.decode(payload, type=list[bytes])

    def append(self, records: Sequence[bytes]) -> int:
        """Commit records as one write: on disk when this returns, all or none. Returns the new revision.

        Raises:
            DataError: the disk refused it; nothing was committed, and the folder must be opened again.
        """
        if self._broken or self._log.closed:
            raise DataError("this state folder is closed", fix="open it again", where=str(self.folder))
        payload = msgspec.msgpack.encode([bytes(record) for record in records])
        chain = _chained(self._chain, payload)
        end = self._log.tell()
        try:
            frame = memoryview(_header(len(payload)) + payload + chain)
            while frame:
                frame = frame[self._log.write(frame) :]
            os.fsync(self._log.fileno())
        except OSError as error:
            self._broken = True  # after a failed fsync nobody knows what is on disk: only a fresh open may say
            with contextlib.suppress(OSError):  # where this fails too, the next opening cuts the torn end off
                os.truncate(self.folder / "log", end)
            raise DataError(
                f"the write was not kept: {error.strerror}", fix="make room on the disk", where=str(self.folder)
            ) from error
        self._chain = chain
        self._revision += 1
        return self._revision

    def close(self) -> None:
        """Note the revision reached and let the next writer in."""
        if self._log.closed:
            return
        self._log.close()
        if not self._broken and self._revision != self._manifest.revision:
            _write_manifest(self.folder, msgspec.structs.replace(self._manifest, revision=self._revision))
        self._lock.close()


def _locked(path: Path, folder: Path) -> BinaryIO:
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise DataError(
            "another process is using this state folder", fix="stop it, or name another --state", where=str(folder)
        ) from error
    return lock


def _create(folder: Path, bundle: str, seed: tuple[str, ...], source: Path) -> None:
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)  # what a crash left; nobody else is here, the lock is ours
    (beside / "seed").mkdir(parents=True)
    prefix = f"state/{folder.name}/"
    for name in seed:
        short = name.removeprefix(prefix)
        (beside / "seed" / short).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, beside / "seed" / short)
    (beside / "log").touch()
    sums = {path.relative_to(beside / "seed").as_posix(): _sha256(path) for path in _files(beside / "seed")}
    _write_manifest(beside, StateManifest(format=FORMAT, bundle=bundle, seed=sums))
    flush_tree(beside)
    beside.rename(folder)
    flush(folder.parent)


def _checked(folder: Path, bundle: str) -> StateManifest:
    path = folder / "manifest.json"
    try:
        found = msgspec.json.decode(path.read_bytes())
        if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise _damaged(
                path, f"it has format {found['format']}, this version reads {FORMAT}", "install a newer smeaton"
            )
        manifest = msgspec.convert(found, StateManifest)
    except (FileNotFoundError, msgspec.MsgspecError) as error:
        raise _damaged(path, f"its manifest cannot be read: {error}") from error
    if manifest.bundle != bundle:
        raise _damaged(
            path, f"it belongs to the bundle {manifest.bundle[:12]}, not to {bundle[:12]}", "name another --state"
        )
    sums = {path.relative_to(folder / "seed").as_posix(): _sha256(path) for path in _files(folder / "seed")}
    if sums != manifest.seed:
        raise _damaged(folder / "seed", "its seed files were changed")
    return manifest


def _opened(path: Path, at_least: int) -> tuple[FileIO, int, bytes]:
    revision, chain, end = 0, b"", 0
    with path.open("rb") as file:
        for _, chain_now, end_now in _frames(file, path):
            revision, chain, end = revision + 1, chain_now, end_now
    if revision < at_least:
        raise _damaged(path, f"it holds {revision} writes, and {at_least} had been committed")
    log = path.open("r+b", buffering=0)  # unbuffered: what a failed write left must not be written later
    log.truncate(end)
    log.seek(end)
    os.fsync(log.fileno())
    return log, revision, chain


def _frames(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, bytes, int]]:
    """Payload, chained checksum and end of each whole frame. Stops before a torn last frame."""
    chain, end = b"", 0
    while True:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            return
        magic, length, check = _HEADER.unpack(head)
        if magic != _MAGIC or check != zlib.crc32(head[:-4]):
            if _only_zeros(head, file):  # some file systems grow the file before the bytes arrive
                return
            raise _damaged(path, f"the header at byte {end} is damaged")
        body = file.read(length + _SUM)
        if len(body) < length + _SUM:
            return
        payload, found = body[:length], body[length:]
        chain = _chained(chain, payload)
        if found != chain:
            raise _damaged(path, f"the write at byte {end} does not match its checksum")
        end += _HEADER.size + length + _SUM
        yield payload, chain, end


def _only_zeros(head: bytes, file: BinaryIO) -> bool:
    block = head
    while block:
        if block.strip(b"\0"):
            return False
        block = file.read(1 << 20)
    return True


def _header(length: int) -> bytes:
    head = _HEADER.pack(_MAGIC, length, 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head))


def _chained(before: bytes, payload: bytes) -> bytes:
    return hashlib.blake2b(before + payload, digest_size=_SUM).digest()


def _write_manifest(folder: Path, manifest: StateManifest) -> None:
    form = msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=2)
    durable_write(folder / "manifest.json", form + b"\n")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(
    path: Path, why: str, fix: str = "bring back a copy of the state folder, or name another --state"
) -> DataError:
    return DataError(f"this state cannot be opened: {why}", fix=fix, where=str(path))

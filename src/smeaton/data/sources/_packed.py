"""Helpers of the sources: the bytes of a file, unpacked from gzip, Zstandard, bzip2, xz and zip, within limits.

The packing is known by its first bytes (RFC 1952, RFC 8878, the bzip2 and xz formats), whatever the file's name; where
the name promises a packing that is not there, the data is broken.
"""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, cast

from smeaton.data.sources._address import address, is_archive
from smeaton.errors import DataError
from smeaton.extras import needs

#: Ending, what people call it, and its first bytes.
PACKINGS = {
    ".gz": ("gzip", b"\x1f\x8b"),
    ".zst": ("Zstandard", b"\x28\xb5\x2f\xfd"),
    ".bz2": ("bzip2", b"BZh"),
    ".xz": ("xz", b"\xfd7zXZ\x00"),
}
#: More than this many times its packed size is refused once `_FREE` bytes came out: a bomb, not a table.
_MOST_TIMES = 500
_FREE = 2**28
#: Packings inside packings (a `.csv.gz` in a `.zip`) are opened to this depth.
_DEEPEST = 3
_BLOCK = 2**16
#: One block of Zstandard may hold 32,768 times its bytes: what is fed at once bounds what comes out at once.
_FED = 2**12


def packed(*endings: str) -> tuple[str, ...]:
    """Endings with those of their packed forms: `.csv` and `.csv.gz`, `.csv.zst`, `.csv.bz2`, `.csv.xz`."""
    return tuple(ending + packing for ending in endings for packing in ("", *PACKINGS))


def bare(name: str) -> str:
    """A name without the endings of its packings."""
    while any(name.lower().endswith(packing) for packing in PACKINGS):
        name = name[: name.rindex(".")]
    return name


def open_bytes(path: Path) -> io.BufferedReader:
    """The content of a file or of a member of a zip archive, unpacked. Reading raises DataError where it is damaged.

    Raises:
        DataError: no such member, or a packing inside a packing inside a packing.
        OSError: as `open` does.
    """
    name = address(path).name
    raw, size = _stored(path)
    try:
        for _ in range(_DEEPEST + 1):
            kind = _packing(raw, name)
            if kind is None:
                return raw
            raw = io.BufferedReader(_Unpacked(_opened(kind, raw), raw, kind, path, size), _BLOCK)
            name = name[: name.rindex(".")] if name.endswith(kind) else name
        raise DataError("it is packed again and again", where=str(path), fix="unpack it and give the file inside")
    except BaseException:
        raw.close()
        raise


def members(path: Path) -> list[str]:
    """Names of the files in a zip archive, in its order, without folders and what systems hide in archives.

    Raises:
        DataError: it is no archive, or a damaged one.
    """
    with _zip(path) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    return [name for name in names if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))]


def _stored(path: Path) -> tuple[io.BufferedReader, int]:
    """The bytes as they are stored, and how many they are; of a member of an archive: unpacked from it."""
    found = address(path)
    if not is_archive(found.file):
        _ordinary(found.file)
        return found.file.open("rb"), found.file.stat().st_size
    with _zip(found.file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if found.part not in entries:
            shown = ", ".join(list(entries)[:10])
            raise DataError(
                f"the archive holds no {found.part!r}" if found.part else "an archive is no table",
                where=str(path),
                fix=f"name a file in it, for example {found.file.name}#{next(iter(entries), 'table.csv')}"
                + (f"; it holds: {shown}" if shown else ""),
            )
        entry = entries[found.part]
        try:
            inner = archive.open(entry)
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile, OSError) as error:
            raise _damaged(".zip", path, error) from error
    size = max(entry.compress_size, 1)
    return io.BufferedReader(_Unpacked(cast(BinaryIO, inner), None, ".zip", path, size), _BLOCK), size


def _ordinary(file: Path) -> None:
    """A pipe would be read twice, and a device never ends."""
    if file.exists() and not file.is_file() and not file.is_dir():
        raise DataError("this is no ordinary file", where=str(file), fix="write the rows into a file first")


def _zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(".zip", path, error) from error


def _packing(raw: io.BufferedReader, name: str) -> str | None:
    start = raw.peek(8)[:8]
    for ending, (_, magic) in PACKINGS.items():
        if start.startswith(magic) and (ending != ".bz2" or start[3:4].isdigit()):
            return ending
    return next((ending for ending in PACKINGS if name.endswith(ending)), None)


def _opened(kind: str, raw: io.BufferedReader) -> BinaryIO:
    if kind == ".zst":
        return cast(BinaryIO, io.BufferedReader(_Zstandard(raw), _BLOCK))
    make: Any = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}[kind]
    return cast(BinaryIO, make(fileobj=raw) if kind == ".gz" else make(raw))


class _Unpacked(io.RawIOBase):
    """What comes out of an unpacker: counted against a bomb; the unpacker's complaints become a DataError."""

    def __init__(self, inner: BinaryIO, outer: BinaryIO | None, kind: str, path: Path, size: int) -> None:
        self.inner = inner
        self.outer = outer
        self.kind = kind
        self.path = path
        self.size = size
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.inner.read(len(buffer))
        except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError, ValueError, MemoryError) as error:
            raise _damaged(self.kind, self.path, error, self.count) from error
        self.count += len(data)
        if self.count > _FREE and self.count > _MOST_TIMES * self.size:
            raise DataError(
                f"it unpacks to more than {_MOST_TIMES} times its size",
                where=str(self.path),
                fix="if this is no attack, unpack it yourself and give the file",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self.inner.close()
            if self.outer is not None:
                self.outer.close()
        super().close()


class _Zstandard(io.RawIOBase):
    """Zstandard frames one after another. The package's own reader passes a cut-off frame for the end of the data."""

    def __init__(self, raw: io.BufferedReader) -> None:
        with needs("zstd"):
            import zstandard
        self.raw = raw
        self.unpacker = zstandard.ZstdDecompressor()
        self.error = zstandard.ZstdError
        self.frame: Any = None
        self.left = b""
        self.out = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.out:
            fed = self.left or self.raw.read(_FED)
            self.left = b""
            if not fed:
                if self.frame is not None:
                    raise EOFError("the last frame is cut off")
                return 0
            self.out = self._unpack(fed)
        count = min(len(buffer), len(self.out))
        buffer[:count] = self.out[:count]
        self.out = self.out[count:]
        return count

    def _unpack(self, fed: bytes) -> bytes:
        if self.frame is None:
            self.frame = self.unpacker.decompressobj()
        try:
            out: bytes = self.frame.decompress(fed)
        except self.error as error:
            raise EOFError(str(error)) from error
        if self.frame.eof:
            self.left = self.frame.unused_data
            self.frame = None
        return out


def _damaged(kind: str, path: Path, error: BaseException, count: int = 0) -> DataError:
    word = "zip" if kind == ".zip" else PACKINGS[kind][0]
    if isinstance(error, RuntimeError) and "password" in str(error):
        return DataError("the archive asks for a password", where=str(path), fix="unpack it and give the file inside")
    if isinstance(error, NotImplementedError):
        return DataError(
            f"this way of packing is not read: {error}", where=str(path), fix="unpack it and give the file inside"
        )
    after = f" after {count:,} bytes" if count else ""
    return DataError(
        f"the {word} data is broken or cut off{after}: {str(error) or type(error).__name__}",
        where=str(path),
        fix="fetch or compress the file again",
    )


def endings_of(names: Iterable[str]) -> list[str]:
    """The endings of names without packings, each once, in order."""
    return list(dict.fromkeys(Path(bare(name)).suffix.lower() or "no ending" for name in names))

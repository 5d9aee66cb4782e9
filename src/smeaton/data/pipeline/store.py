"""What was made before: Parquet files under the hash of what they were made from, each with a record of its content."""

import hashlib
import os
import secrets
import shutil
import time
from pathlib import Path

import msgspec

from smeaton.errors import DataError

#: Files that were not used for so many seconds are removed: going back and forth between two queries stays free.
_UNUSED = 7 * 86_400
_STALE = 86_400
_BLOCK = 2**20
#: What the folder of a run's own begins with.
SCRATCH = ".run-"


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kept step. `key` is the hash of query, inputs (name -> hash of content) and version, `sha256` of the file."""

    name: str
    key: str
    query: str
    inputs: dict[str, str]
    version: str
    sha256: str
    rows: int


class Store:
    """The folder of kept steps. Files appear whole or not at all; several builds may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def path(self, name: str, key: str) -> Path:
        """Where the rows of a step stand."""
        return self.folder / f"{name}-{key[:16]}.parquet"

    def partial(self, name: str, key: str) -> Path:
        """Where they are written first: a name that nobody else has."""
        return self.folder / f".{name}-{key[:16]}.{secrets.token_hex(4)}.parquet"

    def find(self, name: str, key: str) -> tuple[Record | None, bool]:
        """The record of rows that are kept whole; and whether there were some that are damaged."""
        path = self.path(name, key)
        record = _read(_record(path))
        if record is None or record.key != key or not path.is_file():
            return None, path.exists() and _record(path).exists()
        try:
            if file_hash(path) != record.sha256:
                return None, True
            for used in (path, _record(path)):
                os.utime(used)
        except OSError:
            return None, True
        return record, False

    def last(self, name: str) -> Record | None:
        """The record of the step of this name that was used last."""
        found = [path for path in self.folder.glob(f"{name}-*.json") if len(path.stem) == len(name) + 17]
        for path in sorted(found, key=_used, reverse=True):
            record = _read(path)
            if record is not None and record.name == name:
                return record
        return None

    def keep(self, partial: Path, record: Record) -> Record:
        """Make a file that was written whole the rows of a step; returns the record with its hash.

        Raises:
            DataError: the folder cannot be written.
        """
        path = self.path(record.name, record.key)
        text = partial.with_suffix(".json")
        try:
            record = msgspec.structs.replace(record, sha256=file_hash(partial))
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(path)
            text.write_bytes(msgspec.json.encode(record))
            text.replace(_record(path))
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        finally:
            for left in (partial, text):
                left.unlink(missing_ok=True)
        return record

    def tidy(self) -> None:
        """Remove what nobody used for a week, and what a killed process left."""
        now = time.time()
        for path in self.folder.iterdir():
            limit = _STALE if path.name.startswith(".") else _UNUSED
            if now - _used(path) <= limit:
                continue
            if path.is_file() and path.suffix in (".parquet", ".json"):
                path.unlink(missing_ok=True)
            elif path.name.startswith(SCRATCH):
                shutil.rmtree(path, ignore_errors=True)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _record(path: Path) -> Path:
    return path.with_suffix(".json")


def _read(path: Path) -> Record | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return None


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another build removed it
        return 0.0


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"the rows of steps cannot be kept: {error.strerror}",
        where=str(folder),
        fix="free the disk, or put the task into a folder you may write to",
    )

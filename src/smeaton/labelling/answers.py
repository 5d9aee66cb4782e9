"""The file of answers: one row appended and on the disk before the next is asked; the last ones can be taken back."""

import csv
import fcntl
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smeaton.errors import DataError, InputError

ENDINGS = (".csv", ".tsv", ".jsonl")


class AnswerFile:
    """A CSV, TSV or JSON-lines file of labelled rows.

    A row is written with one call and synced before `append` returns, so what was answered survives a killed process
    and a lost power line. A last line that was cut off is removed when the file is opened; `note` says so. Processes
    that write to one file take turns.

    Args:
        path: the file; it is made, with its header, by the first answer.
        columns: its columns, the target among them.
        mend: remove a cut-off last line; only for who writes, since others may look while a line is being written.

    Raises:
        InputError: an ending that is not written.
        DataError: a file with other columns stands there.
    """

    def __init__(self, path: Path, columns: Sequence[str], *, mend: bool = True) -> None:
        if path.suffix not in ENDINGS:
            raise InputError(f"answers are not written as {path.suffix!r}", fix=f"use one of: {', '.join(ENDINGS)}")
        self.path = path
        self.columns = list(columns)
        self.note = ""
        self._written: list[tuple[int, int]] = []
        if path.exists() and path.stat().st_size:
            if mend:
                self._mend()
            self._check()

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one row durably; null for columns it lacks.

        Raises:
            OSError: the disk is full or the file may not be written; nothing is half-written then.
        """
        self.extend([row])

    def extend(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write several rows at once: all or none.

        Raises:
            OSError: as `append`.
        """
        lines = "".join(self._line(row) for row in rows)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            start = os.fstat(descriptor).st_size
            new = start == 0
            head = (self._head() if new else "").encode("utf-8")
            _write(descriptor, head + lines.encode("utf-8"), start)
            end = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        if new:
            _sync_folder(self.path.parent)
        # The header stays when the answer is taken back: a file without one could not be read.
        self._written.append((start + len(head), end))

    def undo(self) -> bool:
        """Take back the last `append` of this object; False where there is none, or something came after it."""
        if not self._written:
            return False
        start, end = self._written[-1]
        if not self.path.exists():
            return False
        with self.path.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if os.fstat(stream.fileno()).st_size != end:
                return False
            stream.truncate(start)
            os.fsync(stream.fileno())
        self._written.pop()
        return True

    def _head(self) -> str:
        return "" if self.path.suffix == ".jsonl" else self._csv(self.columns)

    def _line(self, row: Mapping[str, Any]) -> str:
        values = [row.get(name) for name in self.columns]
        if self.path.suffix == ".jsonl":
            return json.dumps(dict(zip(self.columns, values, strict=True)), ensure_ascii=False, default=str) + "\n"
        return self._csv([_cell(value) for value in values])

    def _csv(self, values: Sequence[str]) -> str:
        stream = io.StringIO()
        csv.writer(stream, delimiter=self._delimiter, lineterminator="\n").writerow(values)
        return stream.getvalue()

    @property
    def _delimiter(self) -> str:
        return "\t" if self.path.suffix == ".tsv" else ","

    def _check(self) -> None:
        if self.path.suffix == ".jsonl":
            return
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            found = next(csv.reader(stream, delimiter=self._delimiter), [])
        if found != self.columns:
            raise DataError(
                f"its columns are {', '.join(found)}; the answers have {', '.join(self.columns)}",
                where=str(self.path),
                fix="move the file away, or name another with --to FILE",
            )

    def _mend(self) -> None:
        """End the last line: complete it if it holds a whole row, else remove what a crash left of it."""
        with self.path.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            content = stream.read()
            if content.endswith(b"\n"):
                return
            start = _last_start(content, self.path.suffix, self._delimiter)
            if self._is_whole(content[start:]):
                stream.seek(0, os.SEEK_END)
                stream.write(b"\n")
            else:
                stream.truncate(start)
                self.note = f"{self.path.name}: its last line was cut off and is removed"
            stream.flush()
            os.fsync(stream.fileno())

    def _is_whole(self, line: bytes) -> bool:
        try:
            text = line.decode("utf-8-sig")
            if self.path.suffix == ".jsonl":
                return isinstance(json.loads(text), dict)
            return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True))) == len(
                self.columns
            )
        except (UnicodeDecodeError, ValueError, csv.Error, StopIteration):
            return False


def _last_start(content: bytes, ending: str, delimiter: str) -> int:
    """Where the last row starts: in CSV, line ends inside of quotes are part of a value."""
    if ending == ".jsonl":
        return content.rfind(b"\n") + 1
    start, quoted = 0, False
    for place, mark in enumerate(content):
        if mark == 0x22:
            quoted = not quoted
        elif mark == 0x0A and not quoted:
            start = place + 1
    return start


def _write(descriptor: int, content: bytes, start: int) -> None:
    """All of it, synced; on a failure the file is as it was."""
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, start)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)

"""Small remarks about rows, kept beside the trials: how each was picked, and which were skipped.

They may be deleted: then no row counts as a random one any more, and skipped rows are asked again.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

Mark = Literal["random", "guided", "skipped", "asked"]


class Marks:
    """A file of one remark a line; a line that was cut off is passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._picked: dict[str, str] = {}
        self._skipped: set[str] = set()
        if path.exists():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                self._read(line)

    def _read(self, line: str) -> None:
        try:
            found = json.loads(line)
            self._take(str(found["row"]), str(found["mark"]))
        except (ValueError, KeyError, TypeError):
            return  # the end of a write that a crash cut off: the row is asked again, nothing is lost

    def add(self, rows: Iterable[str], mark: Mark) -> None:
        """Remark on rows. A row once picked at random stays a random one; `asked` takes `skipped` back."""
        new = [row for row in dict.fromkeys(rows) if self._changes(row, mark)]
        if not new:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps({"row": row, "mark": mark}) + "\n" for row in new)
        for row in new:
            self._take(row, mark)

    def picked(self, row: str) -> str | None:
        """`random` or `guided`; None for a row that was never asked."""
        return self._picked.get(row)

    def skipped(self, row: str) -> bool:
        """Whether the row was passed over."""
        return row in self._skipped

    def _changes(self, row: str, mark: Mark) -> bool:
        if mark in ("skipped", "asked"):
            return (row in self._skipped) != (mark == "skipped")
        return self._picked.get(row) not in (mark, "random")

    def _take(self, row: str, mark: str) -> None:
        if mark == "skipped":
            self._skipped.add(row)
        elif mark == "asked":
            self._skipped.discard(row)
        else:
            self._picked[row] = mark

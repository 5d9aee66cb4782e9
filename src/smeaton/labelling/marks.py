"""Small remarks about rows, kept beside the trials: which were drawn at random, and which were skipped.

They may be deleted: then no row counts as a random one any more, and skipped rows are asked again.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

Mark = Literal["random", "guided", "skipped"]


class Marks:
    """A file of one remark a line; a line that was cut off is passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._marks: dict[str, str] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                self._read(line)

    def _read(self, line: str) -> None:
        try:
            found = json.loads(line)
            self._marks[str(found["row"])] = str(found["mark"])
        except (ValueError, KeyError, TypeError):
            return  # the end of a write that a crash cut off: the row is asked again, nothing is lost

    def add(self, rows: Iterable[str], mark: Mark) -> None:
        """Remark on rows; the last remark on a row counts, but a random row stays one."""
        new = {row: mark for row in rows if self._marks.get(row) not in (mark, "random")}
        if not new:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps({"row": row, "mark": mark}) + "\n" for row in new)
        self._marks.update(new)

    def of(self, row: str) -> str | None:
        """The remark on a row."""
        return self._marks.get(row)

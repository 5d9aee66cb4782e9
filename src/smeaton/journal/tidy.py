"""`Tidy`: every minute, fold up what killed processes left, move what is damaged aside, remove what is too old."""

import logging
import time
from pathlib import Path

from smeaton.journal.retention import Retention, finish
from smeaton.journal.segments import SegmentFile, listed

ROUND = 60.0  # seconds

log = logging.getLogger("smeaton.journal")


class Tidy:
    """The folder as one worker keeps it. `bytes` are those of this worker's finished segments, `damaged` counts what it
    moved aside, `last_problem` says what and why, or what
    kept it from tidying."""

    def __init__(self, folder: Path, worker: str, retention: Retention) -> None:
        self._folder = folder
        self._worker = worker
        self._retention = retention
        self._due = 0.0
        self._left_over: list[SegmentFile] = []
        self.bytes = self.damaged = 0
        self.last_problem = ""

    def soon(self) -> None:
        """Let the next round begin at the next step: a segment was finished."""
        self._due = 0.0

    def step(self, own: Path | None) -> None:
        """Do one thing, if it is time; entries are committed between steps. `own` is the file being written."""
        try:
            self._step(own)
        except OSError as error:
            if str(error) != self.last_problem:
                log.warning("the folder of the journal cannot be tidied: %s", error)
            self.last_problem = str(error)

    def _step(self, own: Path | None) -> None:
        if self._left_over:
            segment = self._left_over.pop()
            why = finish(segment)
            if why:
                self.aside(segment, why)
            return
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + ROUND
        for segment in self._retention.removable(listed(self._folder), own):
            segment.remove()
        found = listed(self._folder)
        self.bytes = sum(segment.bytes() for segment in found if segment.worker == self._worker and segment.path != own)
        self._left_over = [s for s in found if s.path != own and s.left_over(s.worker == self._worker)]

    def aside(self, segment: SegmentFile, why: str) -> None:
        """Move a damaged segment aside, and say so."""
        path = segment.move_aside()
        self.damaged += 1
        self.last_problem = f"{path.name}: {why}"
        log.error("a segment of the journal was damaged (%s); it is now %s", why, path.name)
